package idtoken

import (
	"errors"
	"strings"
	"testing"
	"time"
)

var now = time.Unix(1795227878, 0)

func valid() (Claims, Expect) {
	return Claims{Issuer: "https://id.example", Subject: "planted-subject", Audience: []string{"cid"}, Nonce: "planted-nonce", AuthTime: now.Add(-time.Minute), Expiry: now.Add(time.Hour)},
		Expect{Issuers: only("https://id.example"), Audience: "cid", Nonce: "planted-nonce", NonceRequired: true, Now: now}
}

func only(issuer string) func(iss, tid string) bool {
	return func(iss, _ string) bool { return iss == issuer }
}

func TestCheckAcceptsWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	c, e := valid()
	if err := c.Check(e); err != nil {
		t.Error(err)
	}
	if w := c.Warnings(e); len(w) != 0 {
		t.Errorf("warnings %v", w)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*Claims, *Expect)
		reason Reason // empty: accepted
		part   string
	}{
		{"another issuer", func(c *Claims, _ *Expect) { c.Issuer = "https://evil.example" }, ReasonIssuer, "iss"},
		{"issuer with a slash more", func(c *Claims, _ *Expect) { c.Issuer += "/" }, ReasonIssuer, "iss"},
		{"issuer in upper case", func(c *Claims, _ *Expect) { c.Issuer = "https://ID.example" }, ReasonIssuer, "iss"},
		{"no issuer", func(c *Claims, _ *Expect) { c.Issuer = "" }, ReasonIssuer, "iss"},
		{"no issuer expected", func(_ *Claims, e *Expect) { e.Issuers = nil }, ReasonIssuer, "iss"},
		{"no subject", func(c *Claims, _ *Expect) { c.Subject = "" }, ReasonMalformed, "sub"},
		{"judge says yes", func(c *Claims, e *Expect) {
			c.TenantID = "t"
			e.Issuers = func(iss, tid string) bool { return iss == "https://id.example" && tid == "t" }
		}, "", ""},
		{"judge says no", func(_ *Claims, e *Expect) { e.Issuers = func(string, string) bool { return false } }, ReasonIssuer, "iss"},
		{"judge is not asked about nothing", func(c *Claims, e *Expect) {
			c.Issuer = ""
			e.Issuers = func(string, string) bool { return true }
		}, ReasonIssuer, "iss"},

		{"another audience", func(c *Claims, _ *Expect) { c.Audience = []string{"evil"} }, ReasonAudience, "aud"},
		{"audience in upper case", func(c *Claims, _ *Expect) { c.Audience = []string{"CID"} }, ReasonAudience, "aud"},
		{"audience as part of another", func(c *Claims, _ *Expect) { c.Audience = []string{"cid evil"} }, ReasonAudience, "aud"},
		{"no audience", func(c *Claims, _ *Expect) { c.Audience = nil }, ReasonAudience, "aud"},
		{"no audience expected", func(c *Claims, e *Expect) { c.Audience, e.Audience = []string{""}, "" }, ReasonAudience, "aud"},

		{"several audiences, made for this one", func(c *Claims, _ *Expect) { c.Audience, c.AuthorizedParty = []string{"other", "cid"}, "cid" }, "", ""},
		{"several audiences, made for another", func(c *Claims, _ *Expect) { c.Audience, c.AuthorizedParty = []string{"cid", "other"}, "other" }, ReasonAudience, "azp"},
		{"several audiences, made for nobody", func(c *Claims, _ *Expect) { c.Audience = []string{"cid", "other"} }, ReasonAudience, "azp"},
		{"one audience twice", func(c *Claims, _ *Expect) { c.Audience = []string{"cid", "cid"} }, "", ""},
		{"one audience, asked for by another client", func(c *Claims, _ *Expect) { c.AuthorizedParty = "app" }, "", ""},

		{"another nonce", func(c *Claims, _ *Expect) { c.Nonce = "planted-other" }, ReasonNonce, "nonce"},
		{"nonce as a prefix", func(c *Claims, _ *Expect) { c.Nonce += "x" }, ReasonNonce, "nonce"},
		{"no nonce", func(c *Claims, _ *Expect) { c.Nonce = "" }, ReasonNonce, "nonce"},
		{"no nonce, not required but sent", func(c *Claims, e *Expect) { c.Nonce, e.NonceRequired = "", false }, ReasonNonce, "nonce"},
		{"nonce required, none sent", func(c *Claims, e *Expect) { c.Nonce, e.Nonce = "", "" }, ReasonNonce, "nonce"},
		{"nonce not sent", func(_ *Claims, e *Expect) { e.Nonce, e.NonceRequired = "", false }, "", ""},

		{"signed in recently", func(_ *Claims, e *Expect) { e.MaxAge = time.Minute }, "", ""},
		{"signed in within the skew", func(c *Claims, e *Expect) { e.MaxAge, c.AuthTime = time.Minute, now.Add(-time.Minute-Skew) }, "", ""},
		{"signed in too long ago", func(c *Claims, e *Expect) { e.MaxAge, c.AuthTime = time.Minute, now.Add(-time.Minute-Skew-time.Second) }, ReasonAuthTime, "auth_time"},
		{"max_age of 0, just now", func(_ *Claims, e *Expect) { e.MaxAge = -time.Hour }, "", ""},
		{"max_age of 0, before", func(c *Claims, e *Expect) { e.MaxAge, c.AuthTime = -1, now.Add(-Skew-time.Second) }, ReasonAuthTime, "auth_time"},
		{"no sign-in time", func(c *Claims, e *Expect) { e.MaxAge, c.AuthTime = time.Hour, time.Time{} }, ReasonAuthTime, "auth_time"},
		{"expired", func(c *Claims, _ *Expect) { c.Expiry = now.Add(-time.Hour) }, "", ""},
	} {
		claims, expect := valid()
		c.change(&claims, &expect)
		err := claims.Check(expect)
		if c.reason == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		wantReason(t, c.name, err, c.reason, c.part)
	}
}

func TestIssuerAndAudienceAreShown(t *testing.T) {
	t.Parallel()
	c, e := valid()
	c.Issuer = "https://evil.example\n" + strings.Repeat("x", 1000)
	err := c.Check(e)
	var ie *Error
	if !errors.As(err, &ie) || ie.Got != c.Issuer {
		t.Fatalf("got %#v", err)
	}
	if text := err.Error(); len(text) > 400 || !strings.Contains(text, `"https://evil.example\nxx`) {
		t.Errorf("text %q", text)
	}
	c, e = valid()
	c.Audience = []string{"other"}
	if text := c.Check(e).Error(); !strings.Contains(text, `"other"`) || !strings.Contains(text, `"cid"`) {
		t.Errorf("text %q", text)
	}
}

func TestTimesOnlyWarn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		claims Claims
		want   []Reason
	}{
		{"no times", Claims{}, nil},
		{"expired within the skew", Claims{Expiry: now.Add(-Skew)}, nil},
		{"expired", Claims{Expiry: now.Add(-Skew - time.Second)}, []Reason{ReasonExpired}},
		{"starts within the skew", Claims{NotBefore: now.Add(Skew)}, nil},
		{"starts later", Claims{NotBefore: now.Add(Skew + time.Second)}, []Reason{ReasonNotYetValid}},
		{"both", Claims{Expiry: now.Add(-time.Hour), NotBefore: now.Add(time.Hour)}, []Reason{ReasonExpired, ReasonNotYetValid}},
	} {
		got := c.claims.Warnings(Expect{Now: now})
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
			continue
		}
		for i, w := range got {
			if text := w.Error(); w.Reason != c.want[i] || !strings.Contains(text, "clock") {
				t.Errorf("%s: %v, want %v", c.name, w, c.want[i])
			}
		}
	}
}

func TestZeroNowIsThePresent(t *testing.T) {
	t.Parallel()
	if w := (Claims{Expiry: time.Now().Add(time.Minute)}).Warnings(Expect{}); len(w) != 0 {
		t.Errorf("warnings %v", w)
	}
	if w := (Claims{Expiry: time.Now().Add(-time.Hour)}).Warnings(Expect{}); len(w) != 1 {
		t.Errorf("warnings %v", w)
	}
}
