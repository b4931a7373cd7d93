package jwtview_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal/cmd/msal/internal/jwtview"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func jwt(header, claims string) string {
	return b64(header) + "." + b64(claims) + "." + b64("signature")
}

func now() time.Time { return time.Unix(1700000000, 0).UTC() }

func TestWhatIsNoReadableTokenIsSaidToBeNone(t *testing.T) {
	t.Parallel()
	const planted = "planted-secret"
	good := jwt(`{"alg":"RS256"}`, `{"a":1}`)
	for _, c := range []struct {
		name, in string
		reason   jwtview.Reason
		part     string
	}{
		{"nothing", "", jwtview.Empty, ""},
		{"blanks", " \n\t", jwtview.Empty, ""},
		{"only Bearer", "Bearer ", jwtview.Opaque, ""},
		{"opaque", "EwB" + planted, jwtview.Opaque, ""},
		{"refresh token", "0.A" + planted, jwtview.Parts, ""},
		{"two parts", "a." + planted, jwtview.Parts, ""},
		{"two tokens", good + " " + good, jwtview.Opaque, ""},
		{"four parts", good + ".x", jwtview.Opaque, ""},
		{"header not base64url", "@@." + b64("{}") + ".", jwtview.Encoding, "header"},
		{"claims cut off", b64(`{"alg":"x"}`) + "." + b64(`{"a":1}`)[:5] + ".", jwtview.Encoding, "claims"},
		{"signature not base64url", good[:len(good)-3] + "@@@", jwtview.Encoding, "signature"},
		{"header is a list", jwt(`[1]`, `{}`), jwtview.NotObject, "header"},
		{"header is null", jwt(`null`, `{}`), jwtview.NotObject, "header"},
		{"claims are text", jwt(`{}`, planted), jwtview.NotObject, "claims"},
		{"something after the claims", jwt(`{}`, `{}{}`), jwtview.NotObject, "claims"},
		{"claims not UTF-8", jwt(`{}`, "{\"a\":\"\xff\"}"), jwtview.NotObject, "claims"},
		{"encrypted", b64(`{"alg":"RSA-OAEP","enc":"A256GCM"}`) + ".a.b.c.d", jwtview.Encrypted, ""},
		{"too large", strings.Repeat("a", jwtview.MaxSize+1), jwtview.TooLarge, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := jwtview.Parse(c.in)
			var bad *jwtview.MalformedError
			if !errors.As(err, &bad) || bad.Reason != c.reason || bad.Part != c.part {
				t.Fatalf("got %v, want %q of %q", err, c.reason, c.part)
			}
			if bad.Hint == "" {
				t.Error("there is no hint")
			}
			if strings.Contains(err.Error()+bad.Hint, planted) {
				t.Errorf("the error repeats the token: %v", err)
			}
		})
	}
}

func TestPasteIsForgiven(t *testing.T) {
	t.Parallel()
	token := jwt(`{"alg":"RS256"}`, `{"aud":"x"}`)
	for _, in := range []string{token, " " + token + "\n", "Bearer " + token, "Authorization: Bearer " + token, `"` + token + `"`, "authorization: bearer " + token} {
		got, err := jwtview.Parse(in)
		if err != nil || got.Claims["aud"] != "x" {
			t.Errorf("%.30q...: %v, %v", in, got.Claims, err)
		}
	}
}

func render(t *testing.T, token string, width int) string {
	t.Helper()
	parsed, err := jwtview.Parse(token)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := (jwtview.View{Style: terminal.Style{}, Width: width, Now: now()}).Write(&b, parsed); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestATokenIsShownInColumns(t *testing.T) {
	t.Parallel()
	got := render(t, jwt(`{"alg":"RS256","x":true}`, `{"exp":1700003480,"iss":"me","roles":["a","b"],"zzz":{"k":[1]},"iat":1699999880.5,"big":12345678901234567890}`), 0)
	want := `! signature not checked: anybody can write a token that looks like this

Header
  alg  RS256  signature algorithm
  x    true

Claims
  iss    me                                who issued it
  roles  a, b                              roles of the user or application
  iat    2023-11-14 22:11:20 UTC (2m ago)  issued
  exp    2023-11-14 23:11:20 UTC (in 58m)  expires
  big    12345678901234567890
  zzz    {"k":[1]}
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestMeaningsGiveWayOnANarrowTerminalAndValuesStayWhole(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 300)
	got := render(t, jwt(`{"alg":"RS256"}`, `{"aud":"`+long+`","preferred_username":"alice","`+long+`":"v"}`), 60)
	if strings.Count(got, long) != 2 {
		t.Errorf("a value or a name is cut:\n%s", got)
	}
	if !strings.Contains(got, "preferred_username    alice  sign-in name; may change") || !strings.Contains(got, "…") {
		t.Errorf("no meaning is cut to fit:\n%s", got)
	}
	_, claims, _ := strings.Cut(got, "Header")
	for line := range strings.Lines(claims) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 60 && !strings.Contains(line, long) {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestNotesSayWhatIsUnusual(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, header, claims, want string }{
		{"always", `{"alg":"RS256"}`, `{"exp":1700003600}`, "signature not checked"},
		{"unsigned", `{"alg":"none"}`, `{"exp":1700003600}`, "not signed at all"},
		{"expired", `{"alg":"RS256"}`, `{"exp":1699990000}`, "expired 2h 46m ago"},
		{"no expiry", `{"alg":"RS256"}`, `{}`, "no readable expiry"},
		{"absurd expiry", `{"alg":"RS256"}`, `{"exp":1e300}`, "no readable expiry"},
		{"text as expiry", `{"alg":"RS256"}`, `{"exp":"tomorrow"}`, "no readable expiry"},
		{"future", `{"alg":"RS256"}`, `{"exp":1700013600,"nbf":1700010000}`, "not valid before"},
		{"Graph", `{"alg":"RS256"}`, `{"aud":"https://graph.microsoft.com"}`, "only Graph"},
		{"Graph by id", `{"alg":"RS256"}`, `{"aud":"00000003-0000-0000-c000-000000000000"}`, "only Graph"},
		{"version 1", `{"alg":"RS256"}`, `{"iss":"https://sts.windows.net/t/"}`, "version 1.0"},
	} {
		token, err := jwtview.Parse(jwt(c.header, c.claims))
		if err != nil {
			t.Fatal(err)
		}
		notes := token.Notes(now())
		if !strings.HasPrefix(notes[0], "signature not checked") {
			t.Errorf("%s: the first note is %q", c.name, notes[0])
		}
		if !strings.Contains(strings.Join(notes, "\n"), c.want) {
			t.Errorf("%s: no %q in %q", c.name, c.want, notes)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(jwt(`{"alg":"RS256"}`, `{"exp":1700003480,"groups":["a"],"x":{"y":null}}`))
	f.Add(b64(`{"enc":"x"}`) + ".a.b.c.d")
	f.Add("Authorization: Bearer x.y.z")
	f.Fuzz(func(t *testing.T, in string) {
		token, err := jwtview.Parse(in)
		if err != nil && token.Header == nil {
			return
		}
		var b strings.Builder
		if err := (jwtview.View{Width: 80, Now: now()}).Write(&b, token); err != nil {
			t.Fatal(err)
		}
		for _, r := range b.String() {
			if r < ' ' && r != '\n' || r == 0x7f || r == 0x9b {
				t.Fatalf("the control character %q got through", r)
			}
		}
		token.Times(now())
	})
}
