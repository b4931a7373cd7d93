package msal_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/aadsts"
	"github.com/msal-go/msal/emulator"
)

// Every number of the catalog, sent by a service, reaches the program with the
// decisions that docs/errors.md promises for its OAuth error.
func TestEveryKnownErrorNumberArrives(t *testing.T) {
	catalog, err := aadsts.Load()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	decisions := []error{
		msal.ErrInteractionRequired, msal.ErrNoToken, msal.ErrThrottled, msal.ErrTransient, msal.ErrDeclined, msal.ErrTimeout,
		msal.ErrNoBrowser, msal.ErrConfiguration, msal.ErrProtocol, msal.ErrCache,
	}
	for e := range catalog.All() {
		w.Emulator().ClearFaults()
		w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Times: -1, AADSTS: e.Code})
		_, err := w.daemon(t).AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
		var got *msal.Error
		if !errors.As(err, &got) {
			t.Errorf("%d: got %v", e.Code, err)
			continue
		}
		answer := aadsts.Answer{Error: got.Code, SubError: got.SubError, Status: got.StatusCode}
		if !slices.ContainsFunc(e.Answers, func(a aadsts.Answer) bool {
			return a.Error == answer.Error && a.SubError == answer.SubError && a.Status == answer.Status
		}) {
			t.Errorf("%d came as %+v, which is not in the catalog", e.Code, answer)
		}
		promised := &msal.Error{Code: answer.Error, SubError: answer.SubError, StatusCode: answer.Status, AADSTS: []int{e.Code}}
		for _, d := range decisions {
			if errors.Is(err, d) != errors.Is(promised, d) {
				t.Errorf("%d: errors.Is(%v) is %v", e.Code, d, errors.Is(err, d))
			}
		}
		if !slices.Equal(got.AADSTS, []int{e.Code}) || !slices.Contains(aadsts.Numbers(err.Error()), e.Code) {
			t.Errorf("%d is lost: %v in %q", e.Code, got.AADSTS, err)
		}
	}
}
