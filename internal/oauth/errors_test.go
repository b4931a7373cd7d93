package oauth

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

const interactionRequired = `{"error":"interaction_required","error_description":"AADSTS50076: Due to a configuration change, you must use multi-factor authentication.\r\nTrace ID: t\r\nCorrelation ID: c",
 "error_codes":[50076,"53000"],"timestamp":"2026-01-01 00:00:00Z","trace_id":"t","correlation_id":"c","error_uri":"https://login.example.com/error?code=50076",
 "suberror":"basic_action","claims":"{\"access_token\":{\"capolids\":{\"essential\":true}}}","access_token":"S3CRET"}`

func TestErrorAnswerIsReadCompletelyWhateverTheStatus(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 400, 401, 403, 429, 500, 503} {
		a := answerOf(status, interactionRequired)
		a.Header.Set("Retry-After", "12")
		tok, err := a.token()
		if tok != nil {
			t.Fatalf("%d: an error answer gave a token", status)
		}
		var got *Error
		if !errors.As(err, &got) {
			t.Fatalf("%d: err = %T, want *Error", status, err)
		}
		want := &Error{
			Code:        "interaction_required",
			Description: "AADSTS50076: Due to a configuration change, you must use multi-factor authentication.\r\nTrace ID: t\r\nCorrelation ID: c",
			SubError:    "basic_action", ErrorCodes: []int{50076, 53000},
			Claims:        `{"access_token":{"capolids":{"essential":true}}}`,
			CorrelationID: "c", TraceID: "t", Timestamp: "2026-01-01 00:00:00Z",
			ErrorURI: "https://login.example.com/error?code=50076",
			Status:   status, RetryAfter: 12 * time.Second, Host: "login.example.com",
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%d: error = %+v", status, got)
		}
		const text = "login.example.com answered interaction_required (basic_action): AADSTS50076: Due to a configuration change, you must use multi-factor authentication. [correlation id c]"
		if got.Error() != text {
			t.Errorf("text = %q", got.Error())
		}
	}
}

func TestErrorAnswerWithOddMembers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		body  string
		codes []int
		check func(e *Error) bool
	}{
		{`{"error":"x"}`, nil, func(e *Error) bool {
			return e.Code == "x" && e.CorrelationID == "corr" && e.Error() == "login.example.com answered x [correlation id corr]"
		}},
		{`{"error":"x","error_description":"AADSTS700016: no such app"}`, []int{700016}, nil},
		{`{"error":"x","error_description":"AADSTS7000218"}`, []int{7000218}, nil},
		{`{"error":"x","error_description":"see AADSTS700016"}`, nil, nil},
		{`{"error":"x","error_description":"AADSTS: none"}`, nil, nil},
		{`{"error":"x","error_description":"AADSTS99999999999999999999: none"}`, nil, nil},
		{`{"error":"x","error_codes":[],"error_description":"AADSTS1: y"}`, []int{1}, nil},
		{`{"error":"x","error_codes":"50076"}`, nil, nil},
		{`{"error":"x","error_codes":[1.5,{},null,"7",8]}`, []int{7, 8}, nil},
		{`{"error":"x","error_codes":null,"suberror":null,"claims":null}`, nil, func(e *Error) bool { return e.SubError == "" && e.Claims == "" }},
		{`{"error":"x","error_description":{"a":1},"trace_id":7}`, nil, func(e *Error) bool { return e.Description == "" && e.TraceID == "7" }},
		{`{"error":"x","error_description":"\u001b[31mred\u0007 \u0085line"}`, nil, func(e *Error) bool { return !strings.ContainsAny(e.Error(), "\u001b\u0007\u0085") }},
		{`{"error":"x","error_description":"\n\n first\nsecond"}`, nil, func(e *Error) bool { return strings.Contains(e.Error(), ": first [") }},
		{`{"error":"x","error_description":"` + strings.Repeat("é", 5000) + `"}`, nil, func(e *Error) bool { return len(e.Error()) < 1200 && utf8.ValidString(e.Error()) }},
		{`{"error":"` + strings.Repeat("x", 5000) + `"}`, nil, func(e *Error) bool { return len(e.Error()) < 300 }},
		{`{"error":"x","error_codes":[` + strings.Repeat("1,", 5000) + `1]}`, nil, func(e *Error) bool { e.ErrorCodes = e.ErrorCodes[maxErrorCodes:]; return true }},
	} {
		_, err := answerOf(400, tc.body).token()
		var got *Error
		if !errors.As(err, &got) {
			t.Errorf("%.60s: err = %T", tc.body, err)
			continue
		}
		if tc.check != nil && !tc.check(got) {
			t.Errorf("%.60s: error = %+v", tc.body, got)
		}
		if len(got.ErrorCodes)+len(tc.codes) > 0 && !reflect.DeepEqual(got.ErrorCodes, tc.codes) {
			t.Errorf("%.60s: codes = %v, want %v", tc.body, got.ErrorCodes, tc.codes)
		}
	}
}

// Every credential of a request is echoed by the server in every text member
// of an error; none may come out.
func TestEchoedSecretsAreBlottedOut(t *testing.T) {
	t.Parallel()
	const secret = `p&w "0rd"/+é<1>=`
	encodings := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret)}
	for _, field := range secretFields {
		c, base := serve(t, func(w http.ResponseWriter, r *http.Request) {
			r.ParseForm()
			echo := "wrong " + field + ":"
			for _, e := range encodings {
				echo += " '" + e + "' x" + e + "y"
			}
			body := map[string]string{"error": "bad " + r.PostForm.Get(field) + " code"}
			for _, m := range []string{"error_description", "suberror", "claims", "correlation_id", "trace_id", "timestamp", "error_uri"} {
				body[m] = echo
			}
			w.WriteHeader(400)
			json.NewEncoder(w).Encode(body)
		})
		_, err := c.Token(t.Context(), base, Form{{"client_id", "cid"}, {field, secret}}, Headers{})
		var oe *Error
		if !errors.As(err, &oe) {
			t.Fatalf("%s: err = %T", field, err)
		}
		for _, text := range []string{err.Error(), fmt.Sprintf("%+v", *oe), fmt.Sprintf("%#v", *oe)} {
			for _, e := range encodings {
				if strings.Contains(text, e) {
					t.Errorf("%s: the error shows the secret", field)
				}
			}
		}
		if oe.Code != "bad [redacted] code" {
			t.Errorf("%s: code = %q", field, oe.Code)
		}
	}
}

func TestShortSecretsAreBlottedOnlyWhereTheyStandAlone(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ secret, text, want string }{
		{"grant", "invalid_grant", "invalid_grant"},
		{"grant", "the grant is bad", "the [redacted] is bad"},
		{"grant", "grant", "[redacted]"},
		{"grant", "grantgrant grant,grant", "grantgrant [redacted],[redacted]"},
		{"50076", "AADSTS50076: x", "AADSTS50076: x"},
		{"1", "1 11 1", "[redacted] 11 [redacted]"},
		{"-", "a-b --", "a[redacted]b [redacted][redacted]"},
		{"p w", "wrong p w!", "wrong [redacted]!"},
		{"é", "é café", "[redacted] café"},
		{"longenough", "xlongenoughy", "x[redacted]y"},
		{"", "text", "text"},
	} {
		s := secretsOf(Form{{"password", tc.secret}, {"username", "text"}})
		if got := s.blot(tc.text, prose); got != tc.want {
			t.Errorf("secret %q in %q: %q, want %q", tc.secret, tc.text, got, tc.want)
		}
	}
	s := secretsOf(Form{{"password", "abcdefgh"}, {"code", "abcdefgh-and-more"}})
	if got := s.blot("abcdefgh-and-more abcdefgh", prose); got != "[redacted] [redacted]" {
		t.Errorf("the longer secret must go first: %q", got)
	}
}

func FuzzErrorResponse(f *testing.F) {
	for _, body := range []string{
		interactionRequired, `{"error":"x","error_codes":[1,"2",{}]}`, `{"error":1}`, `{"error":{}}`, `{"error":"` + "\u0000" + `"}`,
		`{"error":"bad ` + planted + `","error_description":"` + planted + `","claims":"p w"}`, `{"error":"x","error_description":"AADSTS1"}`,
	} {
		f.Add(400, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a := answerOf(status, string(body))
		_, err := a.deviceAuthorization()
		if err == nil {
			return
		}
		text := err.Error()
		if strings.Contains(text, planted) || !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\n\r\x1b") || len(text) > 2000 {
			t.Errorf("unfit error text: %q", text)
		}
		var oe *Error
		var re *ResponseError
		if errors.As(err, &oe) {
			if extra, err := json.Marshal(oe.Extra); err != nil || strings.Contains(string(extra), planted) || len(extra) > 2*maxExtraBytes {
				t.Errorf("unfit members: %s, %v", extra, err)
			}
		}
		if !errors.As(err, &oe) && !errors.As(err, &re) {
			t.Errorf("untyped error %T", err)
		}
	})
}

func TestParseClientInfo(t *testing.T) {
	t.Parallel()
	encode := base64.RawURLEncoding.EncodeToString
	padded := base64.URLEncoding.EncodeToString
	for _, tc := range []struct {
		raw  string
		want ClientInfo
		ok   bool
	}{
		{encode([]byte(`{"uid":"u","utid":"t"}`)), ClientInfo{"u", "t"}, true},
		{padded([]byte(`{"uid":"u1","utid":"t","x":1}`)), ClientInfo{"u1", "t"}, true},
		{padded([]byte(`{"uid":"u12","utid":"t"}`)), ClientInfo{"u12", "t"}, true},
		{encode([]byte(`{"uid":"ÿÿ?>","utid":"t"}`)), ClientInfo{"ÿÿ?>", "t"}, true},
		{encode([]byte(`{"uid":"u"}`)), ClientInfo{UID: "u"}, true},
		{encode([]byte(`{"uid":null}`)), ClientInfo{}, true},
		{encode([]byte(`{"UID":"u"}`)), ClientInfo{}, true},
		{"", ClientInfo{}, false},
		{"====", ClientInfo{}, false},
		{"not base64!", ClientInfo{}, false},
		{encode([]byte(`not json`)), ClientInfo{}, false},
		{encode([]byte(`["u"]`)), ClientInfo{}, false},
		{encode([]byte(`{"uid":1}`)), ClientInfo{}, false},
		{encode([]byte(`{"uid":"u","utid":{}}`)), ClientInfo{}, false},
		{encode([]byte(`{"uid":"u","uid":"v"}`)), ClientInfo{}, false},
		{strings.Repeat("A", maxClientInfo+1), ClientInfo{}, false},
	} {
		got, err := ParseClientInfo(tc.raw)
		if got != tc.want || tc.ok != (err == nil) || err != nil && !errors.Is(err, ErrClientInfo) {
			t.Errorf("%.40q: %+v, %v", tc.raw, got, err)
		}
	}
}

func FuzzParseClientInfo(f *testing.F) {
	f.Add("eyJ1aWQiOiJ1MSIsInV0aWQiOiJjb250b3NvIn0")
	f.Add("eyJ1aWQiOiJ1MSIsInV0aWQiOiJjb250b3NvIn0=")
	f.Add("====")
	f.Fuzz(func(t *testing.T, raw string) {
		if info, err := ParseClientInfo(raw); err != nil && info != (ClientInfo{}) {
			t.Error("a failed parse left something behind")
		}
	})
}
