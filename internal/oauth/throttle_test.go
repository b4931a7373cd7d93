package oauth

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal/internal/httpcache"
)

const tokenURL = "https://login.example.com/t/oauth2/v2.0/token"

func refreshForm(token string) Form {
	return Form{{"client_id", "cid"}, {"grant_type", "refresh_token"}, {"refresh_token", token}, {"scope", "s"}}
}

// refused is the error of an answer, as Token returns it.
func refused(t *testing.T, status int, body, retryAfter string) error {
	t.Helper()
	a := answerOf(status, body)
	if retryAfter != "" {
		a.Header.Set("Retry-After", retryAfter)
	}
	_, err := a.token()
	if err == nil {
		t.Fatal("no error")
	}
	return err
}

const invalidGrant = `{"error":"invalid_grant","error_description":"AADSTS70008: expired","suberror":"bad_token","claims":"{}"}`

func TestRefusalIsRememberedForItsTime(t *testing.T) {
	for _, tc := range []struct {
		status     int
		body       string
		retryAfter string
		want       time.Duration
	}{
		{429, invalidGrant, "17", 17 * time.Second},
		{429, invalidGrant, "7200", time.Hour},
		{429, invalidGrant, "Sat, 01 Jan 2000 00:00:42 GMT", 42 * time.Second}, // a bubble's clock starts in 2000
		{429, invalidGrant, "", 5 * time.Second},
		{429, invalidGrant, "soon", 5 * time.Second},
		{429, invalidGrant, "0", 0},
		{429, invalidGrant, "Fri, 31 Dec 1999 00:00:00 GMT", 0},
		{429, "slow down", "9", 9 * time.Second},
		{500, "", "", 5 * time.Second},
		{503, invalidGrant, "30", 30 * time.Second},
		{503, "<html>", "", 5 * time.Second},
		{401, invalidGrant, "8", 8 * time.Second},
		{401, invalidGrant, "", 0},
		{200, invalidGrant, "", 0},
		{404, "<html>", "", 0},
		{400, invalidGrant, "", time.Minute},
		{400, "<html>", "", time.Minute},
		{400, invalidGrant, "7", 7 * time.Second},
		{400, invalidGrant, "0", 0},
	} {
		t.Run(fmt.Sprintf("%d %.1s %s", tc.status, tc.body, tc.retryAfter), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var memory httpcache.Section
				th := Throttle{Memory: &memory, Pause: 5 * time.Second}
				first := refused(t, tc.status, tc.body, tc.retryAfter)
				th.Note(tokenURL, "alice", refreshForm("rt"), first)
				if tc.want == 0 {
					if err := th.Refused(tokenURL, "alice", refreshForm("rt")); err != nil {
						t.Errorf("got %v, want nothing to be remembered", err)
					}
					return
				}
				time.Sleep(tc.want - time.Second)
				wantSame(t, th.Refused(tokenURL, "alice", refreshForm("rt")), first)
				time.Sleep(time.Second)
				if err := th.Refused(tokenURL, "alice", refreshForm("rt")); err != nil {
					t.Errorf("got %v after its time", err)
				}
			})
		})
	}
}

// wantSame fails unless got is first, marked, a second before its end.
func wantSame(t *testing.T, got, first error) {
	t.Helper()
	var a, b *Error
	var c, d *ResponseError
	switch {
	case errors.As(first, &a) && errors.As(got, &b):
		left := time.Second
		if a.Status == 400 && a.RetryAfter == 0 {
			left = 0
		}
		if b.Code != a.Code || b.Description != a.Description || b.SubError != a.SubError || b.Status != a.Status || b.Claims != a.Claims ||
			b.CorrelationID != a.CorrelationID || b.ErrorCodes[0] != 70008 || !b.Remembered || b.RetryAfter != left {
			t.Errorf("got %+v, want %+v", b, a)
		}
	case errors.As(first, &c) && errors.As(got, &d):
		if d.Reason != c.Reason || d.Status != c.Status || d.Host != c.Host || !d.Remembered || !strings.Contains(d.Hint(), "not asked again") {
			t.Errorf("got %+v (%s), want %+v", d, d.Hint(), c)
		}
		if d.Status != 400 && d.RetryDelay() != time.Second {
			t.Errorf("%v are left, want 1s", d.RetryDelay())
		}
	default:
		t.Errorf("got %v, want %v", got, first)
	}
}

func TestPauseHoldsUpOnlyWhoWasRefused(t *testing.T) {
	t.Parallel()
	var memory httpcache.Section
	th := Throttle{Memory: &memory, Pause: time.Minute}
	th.Note(tokenURL, "alice", refreshForm("rt"), refused(t, 429, invalidGrant, ""))
	other := func(name, value string) Form {
		f := refreshForm("rt")
		for i := range f {
			if f[i].Name == name {
				f[i].Value = value
			}
		}
		return f
	}
	for _, tc := range []struct {
		name, endpoint, subject string
		form                    Form
		held                    bool
	}{
		{"the same", tokenURL, "alice", refreshForm("rt"), true},
		{"another token of the user", tokenURL, "alice", refreshForm("rt2"), true},
		{"other claims", tokenURL, "alice", append(refreshForm("rt"), Param{"claims", "{}"}), true},
		{"another user", tokenURL, "bob", refreshForm("rt"), false},
		{"nobody", tokenURL, "", refreshForm("rt"), false},
		{"another tenant", "https://login.example.com/u/oauth2/v2.0/token", "alice", refreshForm("rt"), false},
		{"another client", tokenURL, "alice", other("client_id", "cid2"), false},
		{"another scope", tokenURL, "alice", other("scope", "s2"), false},
		{"an interactive grant", tokenURL, "alice", other("grant_type", "authorization_code"), false},
		{"a device", tokenURL, "alice", other("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), false},
	} {
		if err := th.Refused(tc.endpoint, tc.subject, tc.form); (err != nil) != tc.held {
			t.Errorf("%s: got %v, held up: want %v", tc.name, err, tc.held)
		}
	}
}

func TestBadRequestAnswersForTheSameFormAlone(t *testing.T) {
	t.Parallel()
	var memory httpcache.Section
	th := Throttle{Memory: &memory, Pause: time.Minute}
	th.Note(tokenURL, "alice", refreshForm("rt"), refused(t, 400, invalidGrant, ""))
	if th.Refused(tokenURL, "alice", refreshForm("rt")) == nil {
		t.Error("the same form is sent again")
	}
	for name, f := range map[string]Form{
		"another token": refreshForm("rt2"),
		"claims":        append(refreshForm("rt"), Param{"claims", "{}"}),
	} {
		if err := th.Refused(tokenURL, "alice", f); err != nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestRefusalsOfClientsWithAndWithoutAssertionsAreKeptApart(t *testing.T) {
	t.Parallel()
	public := refreshForm("rt")
	proved := append(refreshForm("rt"), Param{"client_assertion", "first"}, Param{"client_assertion_type", "jwt"})
	again := append(refreshForm("rt"), Param{"client_assertion", "second"}, Param{"client_assertion_type", "jwt"})
	for _, body := range []string{`{"error":"invalid_client"}`, invalidGrant} {
		var memory httpcache.Section
		th := Throttle{Memory: &memory}
		th.Note(tokenURL, "alice", public, refused(t, 400, body, ""))
		if th.Refused(tokenURL, "alice", public) == nil || th.Refused(tokenURL, "alice", proved) != nil {
			t.Errorf("%s: a client that proves itself is quoted the refusal of one that does not", body)
		}
	}
	var memory httpcache.Section
	th := Throttle{Memory: &memory}
	th.Note(tokenURL, "alice", proved, refused(t, 400, invalidGrant, ""))
	if th.Refused(tokenURL, "alice", again) == nil || th.Refused(tokenURL, "alice", public) != nil {
		t.Error("a refusal is for clients that prove themselves by any assertion")
	}
}

func TestGrantsOfPeoplePass(t *testing.T) {
	t.Parallel()
	for _, grant := range []string{"authorization_code", "urn:ietf:params:oauth:grant-type:device_code"} {
		for _, status := range []int{400, 429} {
			var memory httpcache.Section
			th := Throttle{Memory: &memory, Pause: time.Minute}
			f := Form{{"client_id", "cid"}, {"grant_type", grant}, {"code", "c"}}
			th.Note(tokenURL, "", f, refused(t, status, invalidGrant, ""))
			if err := th.Refused(tokenURL, "", f); err != nil {
				t.Errorf("%s after %d: got %v", grant, status, err)
			}
		}
	}
}

func TestRememberedRefusalSurvivesAFile(t *testing.T) {
	t.Parallel()
	const password = "hunter2-S3CRET"
	var a, b httpcache.Cache
	th := Throttle{Memory: &a.Refusals, Pause: time.Minute}
	th.Note(tokenURL, "", refreshForm("rt-S3CRET"), refused(t, 400, invalidGrant, ""))
	typed := Form{{"client_id", "cid"}, {"grant_type", "password"}, {"username", "u"}, {"password", password}}
	th.Note(tokenURL, "u", typed, refused(t, 400, invalidGrant, ""))
	if th.Refused(tokenURL, "u", typed) == nil {
		t.Error("a wrong password is sent again")
	}
	data, err := a.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "S3CRET") {
		t.Error("the file shows a secret")
	}
	if err := b.Unmarshal(data); err != nil {
		t.Fatal(err)
	}
	th.Memory = &b.Refusals
	var e *Error
	if err := th.Refused(tokenURL, "", refreshForm("rt-S3CRET")); !errors.As(err, &e) || e.Code != "invalid_grant" {
		t.Errorf("got %v", err)
	}
	if err := th.Refused(tokenURL, "u", typed); err != nil {
		t.Errorf("the digest of a password is in the file: %v", err)
	}
}

func TestForeignValuesAreNoRefusals(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"", "{", "null", "{}", `{"error":{}}`, `{"error":7}`, `{"response":{}}`, `{"error":null,"response":null}`} {
		if err := recall([]byte(value), time.Second); err != nil {
			t.Errorf("%q became %v", value, err)
		}
	}
}

func TestZeroThrottleRemembersNothing(t *testing.T) {
	t.Parallel()
	var th Throttle
	th.Note(tokenURL, "", refreshForm("rt"), refused(t, 429, invalidGrant, ""))
	if err := th.Refused(tokenURL, "", refreshForm("rt")); err != nil {
		t.Errorf("got %v", err)
	}
	th.Memory = new(httpcache.Section)
	th.Note(tokenURL, "", refreshForm("rt"), errors.New("no answer at all"))
	if err := th.Refused(tokenURL, "", refreshForm("rt")); err != nil {
		t.Errorf("got %v", err)
	}
}
