package exit

import (
	"testing"

	"github.com/msal-go/msal/aadsts"
)

func TestHintsAreAboutKnownErrors(t *testing.T) {
	t.Parallel()
	catalog, err := aadsts.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range hints {
		if _, ok := catalog.Lookup(h.number); !ok {
			t.Errorf("AADSTS%d has a hint, but msal explain does not know it", h.number)
		}
		if Hint(h.number) != h.hint {
			t.Errorf("AADSTS%d has two hints", h.number)
		}
	}
	for _, n := range policyNumbers {
		if _, ok := catalog.Lookup(n); !ok {
			t.Errorf("AADSTS%d decides about the exit code, but msal explain does not know it", n)
		}
	}
	if Hint(1) != "" {
		t.Error("1 has a hint")
	}
}
