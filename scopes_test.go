package msal

import (
	"errors"
	"slices"
	"testing"
)

func TestDecorateAddsReservedScopesAndSorts(t *testing.T) {
	c := core{reserved: reservedScopes[:]}
	got, err := c.decorate([]string{"User.Read", "Mail.Read", "User.Read"})
	if want := []string{"Mail.Read", "User.Read", "offline_access", "openid", "profile"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

func TestBadScopesAreRefused(t *testing.T) {
	c := core{reserved: reservedScopes[:]}
	for _, scopes := range [][]string{{""}, {"a b"}, {"a\n"}, {`"`}, {`\`}, {"a", "ä"}, {"openid"}, {"a", "profile"}, {"offline_access"}, {"\x7f"}} {
		if _, err := c.decorate(scopes); !errors.Is(err, ErrConfiguration) {
			t.Errorf("%q: got %v, want ErrConfiguration", scopes, err)
		}
	}
}

func TestFetchKeysOfDifferentRequestsDiffer(t *testing.T) {
	for _, pair := range [][2][]string{{{"a", "bc"}, {"ab", "c"}}, {{"a"}, {"a", ""}}, {{"1:a"}, {"a"}}} {
		if fetchKey(pair[0]...) == fetchKey(pair[1]...) {
			t.Errorf("%q and %q have one key", pair[0], pair[1])
		}
	}
	if sortedScopes([]string{"B", "a"}) != sortedScopes([]string{"a", "b"}) {
		t.Error("order and letter case of scopes make different keys")
	}
}
