package keyring

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// The switch is a variable here, so that these tests leave the machine's alone.
func switchAt(allowed *atomic.Uint32) keychain {
	return keychain{
		getAllowed: func(state *uint8) int32 { *state = uint8(allowed.Load()); return 0 },
		setAllowed: func(state uint8) int32 { allowed.Store(uint32(state)); return 0 },
	}
}

func TestPromptsAreOffForAsLongAsAConversationLasts(t *testing.T) {
	var allowed atomic.Uint32
	allowed.Store(1)
	k := switchAt(&allowed)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				err := keychainPlace{}.converse(t.Context(), k, func(keychain) error {
					runtime.Gosched() // the others have a chance to interfere
					if allowed.Load() != 0 {
						return errors.New("prompts are on")
					}
					return nil
				})
				if err != nil {
					t.Error(err)
					return
				}
				if err := (keychainPlace{prompt: true}).converse(t.Context(), k, func(keychain) error {
					runtime.Gosched()
					if allowed.Load() == 0 {
						return errors.New("a prompt that is wanted is off")
					}
					return nil
				}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if allowed.Load() != 1 {
		t.Error("prompts stay off")
	}
}

func TestAConversationThatHangsIsLeftBehind(t *testing.T) {
	var allowed atomic.Uint32
	allowed.Store(1)
	k := switchAt(&allowed)
	hang := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	first := (keychainPlace{}).converse(ctx, k, func(keychain) error { cancel(); <-hang; return nil })
	second := (keychainPlace{}).converse(ctx, k, func(keychain) error { return nil })
	close(hang)
	third := (keychainPlace{}).converse(t.Context(), k, func(keychain) error { return nil })
	if !errors.Is(first, context.Canceled) || !errors.Is(second, context.Canceled) || third != nil {
		t.Errorf("%v, %v, %v; want the context's, the context's and none", first, second, third)
	}
}

func TestTheItemOfAnotherAccountIsNotTaken(t *testing.T) {
	for name, o := range map[string]ExtensionsOptions{
		"no service": {Path: "x", Flavor: Go, Account: "a"},
		"no account": {Path: "x", Flavor: DotNet, Service: "Microsoft.Developer.IdentityService"},
	} {
		if _, err := MSALExtensions(o); !errors.Is(err, errNoItem) {
			t.Errorf("%s: %v, want an error", name, err)
		}
	}
}
