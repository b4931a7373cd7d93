package mint

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/msal-go/msal/emulator/internal/directory"
)

func TestSignedTokensVerifyUntilTheyExpireOrAreForged(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	k := NewKeys(key, func() time.Time { return now })
	claims := jwt.MapClaims{"sub": "s", "exp": now.Add(time.Hour).Unix()}
	for name, c := range map[string]struct {
		tamper Tamper
		good   bool
	}{
		"right":         {Tamper{}, true},
		"none":          {Tamper{Algorithm: "none"}, false},
		"HS256":         {Tamper{Algorithm: "HS256"}, false},
		"bad signature": {Tamper{BadSignature: true}, false},
		"expired":       {Tamper{Claims: map[string]any{"exp": now.Add(-time.Second).Unix()}}, false},
		"no exp":        {Tamper{Claims: map[string]any{"exp": nil}}, false},
		"other key":     {Tamper{Header: map[string]any{"kid": "x"}}, false},
		"no key":        {Tamper{Header: map[string]any{"kid": nil}}, false},
	} {
		token, err := k.Sign(claims, c.tamper)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := k.Verify(token)
		if (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
		if c.good && got["sub"] != "s" {
			t.Errorf("%s: claims %v", name, got)
		}
	}
	if claims["sub"] != "s" || len(claims) != 2 {
		t.Error("tampering changed the caller's claims")
	}
	if _, err := k.Sign(claims, Tamper{Algorithm: "XX"}); err == nil {
		t.Error("signed with an unknown algorithm")
	}
}

func TestHandlesAndCodes(t *testing.T) {
	t.Parallel()
	s := NewSource(nil)
	if id := s.UUID(); !directory.IsID(id) || id[14] != '4' {
		t.Errorf("%s is no UUID of version 4", id)
	}
	if code := s.UserCode(); !regexp.MustCompile(`^[BCDFGHJKLMNPQRSTVWXZ2-9]{9}$`).MatchString(code) {
		t.Errorf("user code %q", code)
	}
	if a, b := s.Handle("1."), s.Handle("1."); a == b || !strings.HasPrefix(a, "1.") || len(a) != 66 {
		t.Errorf("handles of %d and %d characters", len(a), len(b))
	}
	defer func() {
		if recover() == nil {
			t.Error("a source that ends goes unnoticed")
		}
	}()
	NewSource(bytes.NewReader(nil)).UUID()
}
