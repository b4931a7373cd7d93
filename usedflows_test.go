package msal

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestUsedFlowsAreForgottenOnceTheyHaveExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var used usedFlows
		for i := range 100 {
			if !used.claim(fmt.Sprint(i), time.Now().Add(flowLifetime)) {
				t.Fatal("a new flow counts as used")
			}
			if used.claim(fmt.Sprint(i), time.Now().Add(flowLifetime)) {
				t.Fatal("a used flow counts as new")
			}
			time.Sleep(10 * time.Minute)
		}
		if n := len(used.nonces); n > 10 {
			t.Errorf("%d flows are remembered, of which most have expired", n)
		}
		used.claim("x", time.Now().Add(flowLifetime))
		used.release("x")
		if !used.claim("x", time.Now().Add(flowLifetime)) {
			t.Error("a released flow counts as used")
		}
	})
}
