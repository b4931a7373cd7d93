package idtoken

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// unsigned makes a token of a header, a payload and no real signature.
func unsigned(header, payload string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln"
}

func wantReason(t *testing.T, name string, err error, reason Reason, part string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Reason != reason || e.Part != part {
		t.Errorf("%s: got %v (%#v), want reason %q for part %q", name, err, e, reason, part)
		return
	}
	if e.Hint() == "" {
		t.Errorf("%s: no hint", name)
	}
	if text := e.Error(); strings.Contains(text, "planted") || strings.ContainsAny(text, "\n\x00") || len(text) > 800 {
		t.Errorf("%s: error text is not fit to print: %q", name, text)
	}
}

func TestParseReadsTheClaims(t *testing.T) {
	t.Parallel()
	c, err := Parse(unsigned(`{"alg":"RS256","typ":"JWT","kid":"k"}`, `{
		"iss":"https://login.microsoftonline.com/t/v2.0","sub":"S","aud":"cid","exp":1795231478,"iat":1795227878,"nbf":1795227878,
		"auth_time":1795227000,"nonce":"N","oid":"O","tid":"T","preferred_username":"jane@contoso.com","upn":"jane@u","name":"Jane","email":"j@c",
		"azp":"A","groups":["g1"],"big":12345678901234567890}`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Issuer != "https://login.microsoftonline.com/t/v2.0" || c.Subject != "S" || !slices.Equal(c.Audience, []string{"cid"}) ||
		c.Nonce != "N" || c.AuthorizedParty != "A" || c.OID != "O" || c.TenantID != "T" || c.PreferredUsername != "jane@contoso.com" || c.UPN != "jane@u" || c.Name != "Jane" || c.Email != "j@c" {
		t.Errorf("got %+v", c)
	}
	if !c.Expiry.Equal(time.Unix(1795231478, 0)) || !c.IssuedAt.Equal(time.Unix(1795227878, 0)) || !c.NotBefore.Equal(time.Unix(1795227878, 0)) || !c.AuthTime.Equal(time.Unix(1795227000, 0)) {
		t.Errorf("times of %+v", c)
	}
	if c.Raw["big"] != json.Number("12345678901234567890") || len(c.Raw) != 17 {
		t.Errorf("raw claims %v", c.Raw)
	}
}

func TestParseToleratesWhatIssuersSend(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		payload string
		check   func(Claims) bool
	}{
		"audience list":            {`{"aud":["a","b"]}`, func(c Claims) bool { return slices.Equal(c.Audience, []string{"a", "b"}) }},
		"empty audience list":      {`{"aud":[]}`, func(c Claims) bool { return len(c.Audience) == 0 }},
		"no claims":                {`{}`, func(c Claims) bool { return c.Issuer == "" && c.Audience == nil && c.Expiry.IsZero() }},
		"nulls":                    {`{"iss":null,"aud":null,"exp":null}`, func(c Claims) bool { return c.Issuer == "" && c.Audience == nil && c.Expiry.IsZero() }},
		"float time":               {`{"exp":1795231478.5}`, func(c Claims) bool { return c.Expiry.Equal(time.Unix(1795231478, 5e8)) }},
		"exponent":                 {`{"exp":1.795231478e9}`, func(c Claims) bool { return c.Expiry.Equal(time.Unix(1795231478, 0)) }},
		"quoted time":              {`{"exp":"1795231478"}`, func(c Claims) bool { return c.Expiry.Equal(time.Unix(1795231478, 0)) }},
		"time zero":                {`{"exp":0}`, func(c Claims) bool { return c.Expiry.Equal(time.Unix(0, 0)) && !c.Expiry.IsZero() }},
		"odd display claims":       {`{"email":["a@b"],"name":7,"upn":{},"preferred_username":true}`, func(c Claims) bool { return c.Email == "" && c.Name == "" && c.UPN == "" && c.PreferredUsername == "" }},
		"names are case-sensitive": {`{"ISS":"x","Aud":"y","NONCE":"z"}`, func(c Claims) bool { return c.Issuer == "" && c.Audience == nil && c.Nonce == "" }},
	} {
		c1, err := Parse(unsigned(`{"alg":"RS256"}`, c.payload))
		if err != nil || !c.check(c1) {
			t.Errorf("%s: %+v, %v", name, c1, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	good := unsigned(`{"alg":"RS256"}`, `{"sub":"planted"}`)
	header, rest, _ := strings.Cut(good, ".")
	payload, _, _ := strings.Cut(rest, ".")
	for _, c := range []struct{ name, raw, part string }{
		{"empty", "", ""},
		{"one part", "planted", ""},
		{"two parts", header + "." + payload, ""},
		{"four parts", good + ".planted", ""},
		{"encrypted", good + ".planted.planted", ""},
		{"too long", header + "." + strings.Repeat("A", maxToken) + ".", ""},
		{"padded header", header + "=." + payload + ".", "header"},
		{"standard base64", header + ".+/+/.", "payload"},
		{"not base64", header + ".pl@nted!.", "payload"},
		{"line break", header + "." + payload[:4] + "\n" + payload[4:] + ".", "payload"},
		{"loose trailing bits", header + ".e31.", "payload"},
		{"empty header", "." + payload + ".", "header"},
		{"empty payload", header + "..", "payload"},
		{"header is no JSON", unsigned(`planted`, `{}`), "header"},
		{"header is a list", unsigned(`[]`, `{}`), "header"},
		{"payload is no JSON", unsigned(`{}`, `planted`), "payload"},
		{"payload is a list", unsigned(`{}`, `["planted"]`), "payload"},
		{"payload is a string", unsigned(`{}`, `"planted"`), "payload"},
		{"payload is null", unsigned(`{}`, `null`), "payload"},
		{"payload is cut off", unsigned(`{}`, `{"sub":"planted"`), "payload"},
		{"member is cut off", unsigned(`{}`, `{"sub":`), "payload"},
		{"name is cut off", unsigned(`{}`, `{"sub`), "payload"},
		{"payload is followed", unsigned(`{}`, `{}{"sub":"planted"}`), "payload"},
		{"payload is closed twice", unsigned(`{}`, `{}}`), "payload"},
		{"claim twice", unsigned(`{}`, `{"aud":"planted","aud":"cid"}`), "payload"},
		{"header twice", unsigned(`{"alg":"RS256","alg":"none"}`, `{}`), "header"},
		{"issuer is a list", unsigned(`{}`, `{"iss":["planted"]}`), "iss"},
		{"subject is a number", unsigned(`{}`, `{"sub":7}`), "sub"},
		{"authorized party is a list", unsigned(`{}`, `{"azp":["planted"]}`), "azp"},
		{"nonce is an object", unsigned(`{}`, `{"nonce":{"planted":1}}`), "nonce"},
		{"oid is a bool", unsigned(`{}`, `{"oid":true}`), "oid"},
		{"tid is a list", unsigned(`{}`, `{"tid":[]}`), "tid"},
		{"audience is a number", unsigned(`{}`, `{"aud":1}`), "aud"},
		{"audience list has a number", unsigned(`{}`, `{"aud":["planted",1]}`), "aud"},
		{"expiry is a word", unsigned(`{}`, `{"exp":"planted"}`), "exp"},
		{"expiry is empty", unsigned(`{}`, `{"exp":""}`), "exp"},
		{"expiry is infinite", unsigned(`{}`, `{"exp":"Inf"}`), "exp"},
		{"expiry is hexadecimal", unsigned(`{}`, `{"exp":"0x10"}`), "exp"},
		{"expiry is negative", unsigned(`{}`, `{"exp":-1}`), "exp"},
		{"expiry in milliseconds", unsigned(`{}`, `{"exp":1795231478000}`), "exp"},
		{"expiry beyond floats", unsigned(`{}`, `{"exp":1e999}`), "exp"},
		{"issue time is a list", unsigned(`{}`, `{"iat":[]}`), "iat"},
		{"start is an object", unsigned(`{}`, `{"nbf":{}}`), "nbf"},
		{"sign-in time is a bool", unsigned(`{}`, `{"auth_time":false}`), "auth_time"},
	} {
		_, err := Parse(c.raw)
		wantReason(t, c.name, err, ReasonMalformed, c.part)
	}
}

func TestDeepNestingIsHarmless(t *testing.T) {
	t.Parallel()
	_, err := Parse(unsigned(`{}`, `{"a":`+strings.Repeat("[", 40000)))
	wantReason(t, "deep", err, ReasonMalformed, "payload")
}

// Tokens come from strangers: reading one must end, and in nothing but a typed
// error or claims that Check can handle.
func FuzzParse(f *testing.F) {
	for _, payload := range []string{`{}`, `{"aud":["a"],"exp":1.5,"nonce":"n","iss":"https://i","tid":"t"}`, `{"exp":"1e3"}`, `{"a":1,"a":2}`, `null`} {
		f.Add(unsigned(`{"alg":"RS256","kid":"k"}`, payload))
	}
	f.Add(unsigned(`{"alg":"RS256"}`, `{"iss":"https://login.example","sub":"s","aud":["cid","x"],"azp":"cid","nonce":"n"}`))
	f.Add("..")
	f.Add("a.b.c.d.e")
	f.Fuzz(func(t *testing.T, raw string) {
		var e *Error
		c, err := Parse(raw)
		if err != nil {
			if !errors.As(err, &e) || e.Reason != ReasonMalformed {
				t.Fatalf("error %T: %v", err, err)
			}
			return
		}
		if !c.Expiry.IsZero() && (c.Expiry.Year() < 1970-1 || c.Expiry.Year() > 10000) {
			t.Fatalf("expiry %v", c.Expiry)
		}
		if err := c.Check(Expect{Issuers: only("https://login.example"), Audience: "cid", Nonce: "n"}); err == nil {
			if c.Issuer != "https://login.example" || c.Subject == "" || !slices.Contains(c.Audience, "cid") || c.Nonce != "n" {
				t.Fatalf("accepted %+v", c)
			}
		} else if !errors.As(err, &e) {
			t.Fatalf("error %T: %v", err, err)
		}
		c.Warnings(Expect{})
	})
}

// The payload of a token as JSON, so that the fuzzer gets past base64.
func FuzzParsePayload(f *testing.F) {
	f.Add(`{"aud":["a"],"exp":1.5,"nonce":"n","iss":"https://i","tid":"t"}`)
	f.Add(`{"exp":"1e3","iat":-0,"nbf":"-0"}`)
	f.Fuzz(func(t *testing.T, payload string) {
		c, err := Parse(unsigned(`{}`, payload))
		var e *Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("error %T: %v", err, err)
		}
		if err == nil && c.Raw == nil {
			t.Fatal("neither claims nor an error")
		}
	})
}
