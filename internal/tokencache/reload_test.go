package tokencache

import (
	"context"
	"testing"

	"github.com/msal-go/msal/cache"
)

// believing is a store that believes, for a while, that nothing has changed: it
// has missed what another machine announced.
type believing struct{ *cache.Memory }

func (s believing) Load(ctx context.Context, key string, have cache.Version) ([]byte, cache.Version, error) {
	if value, now, err := s.Memory.Load(ctx, key, ""); err != nil || now == "" || have == "" || have == noVersion {
		return value, now, err
	}
	return nil, have, nil
}

func TestReloadAsksAStoreThatBelievesNothingHasChanged(t *testing.T) {
	t.Parallel()
	shared := new(cache.Memory)
	here, there := New(Options{Store: believing{shared}}), New(Options{Store: shared})
	record(t, here, Family, signIn("1", "a"))
	record(t, there, Family, signIn("2", "a"))
	sync1(t, here, Family)
	wantToken(t, here, query("a"), "1")
	if err := here.Reload(t.Context(), Family); err != nil {
		t.Fatal(err)
	}
	wantToken(t, here, query("a"), "2")

	if err := shared.Delete(t.Context(), Family); err != nil {
		t.Fatal(err)
	}
	if err := here.Reload(t.Context(), Family); err != nil {
		t.Fatal(err)
	}
	wantMiss(t, here, query("a"))
	if err := New(Options{}).Reload(t.Context(), Family); err != nil {
		t.Errorf("without a store: %v", err)
	}
}
