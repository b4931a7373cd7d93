package oauth

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal/internal/httpx"
)

func answerOf(status int, body string) *answer {
	return &answer{
		Response:    &httpx.Response{Status: status, Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}, Body: []byte(body)},
		host:        "login.example.com",
		correlation: "corr",
		secrets:     secretsOf(Form{{"client_id", "cid"}, {"client_secret", planted}, {"password", "p w"}}),
	}
}

// planted is a credential of the request; no error may show it.
const planted = "pl4nted+s3cret/="

func TestTokenAnswerIsReadCompletely(t *testing.T) {
	t.Parallel()
	got, err := answerOf(200, `{"token_type":"pop","scope":"User.Read openid","expires_in":3599,"ext_expires_in":7199,"refresh_in":1800,
		"access_token":"AT","refresh_token":"RT","id_token":"IT","client_info":"CI","foci":"1","spa_code":"SC","unknown":{"a":[1]}}`).token()
	if err != nil {
		t.Fatal(err)
	}
	want := TokenResponse{
		AccessToken: "AT", TokenType: "pop", RefreshToken: "RT", IDToken: "IT", Scope: "User.Read openid", HasScope: true,
		ClientInfo: "CI", FamilyID: "1", SPACode: "SC",
		ExpiresIn: 3599 * time.Second, ExtExpiresIn: 7199 * time.Second, RefreshIn: 1800 * time.Second,
	}
	if *got != want {
		t.Errorf("token = %+v", *got)
	}
}

func TestTokenAnswerDefaults(t *testing.T) {
	t.Parallel()
	got, err := answerOf(200, `{"access_token":"AT","scope":null,"refresh_token":null}`).token()
	if err != nil {
		t.Fatal(err)
	}
	want := TokenResponse{AccessToken: "AT", TokenType: "Bearer", ExpiresIn: 600 * time.Second, ExtExpiresIn: 600 * time.Second}
	if *got != want {
		t.Errorf("token = %+v", *got)
	}
	got, err = answerOf(200, `{"access_token":"AT","scope":""}`).token()
	if err != nil || !got.HasScope || got.Scope != "" {
		t.Errorf("an empty scope is still a statement of the service: %+v, %v", got, err)
	}
}

func TestTokenLifetimes(t *testing.T) {
	const never = -1 << 62
	for _, tc := range []struct {
		members string
		want    time.Duration // never: refused
	}{
		{`"expires_in":3600`, 3600 * time.Second},
		{`"expires_in":"3600"`, 3600 * time.Second},
		{`"expires_in":" 3600 "`, 3600 * time.Second},
		{`"expires_in":3599.9`, 3599 * time.Second},
		{`"expires_in":"3599.9"`, 3599 * time.Second},
		{`"expires_in":3.6e3`, 3600 * time.Second},
		{`"expires_in":0`, 0},
		{`"expires_in":-100`, -100 * time.Second},
		{`"expires_in":1e300`, longest},
		{`"expires_in":-1e300`, -longest},
		{`"expires_in":1e999`, longest},
		{`"expires_in":null`, 600 * time.Second},
		{`"expires_in":""`, 600 * time.Second},
		{`"x":1`, 600 * time.Second},
		{`"expires_on":946688400`, 3600 * time.Second}, // the bubble's clock starts at 946684800
		{`"expires_on":"946688400"`, 3600 * time.Second},
		{`"expires_on":946684000`, -800 * time.Second},
		{`"expires_in":60,"expires_on":"nonsense"`, 60 * time.Second},
		{`"expires_in":"","expires_on":946688400`, 3600 * time.Second},
		{`"expires_in":"soon"`, never},
		{`"expires_in":"0x10"`, never},
		{`"expires_in":"Inf"`, never},
		{`"expires_in":"NaN"`, never},
		{`"expires_in":"1 2"`, never},
		{`"expires_in":true`, never},
		{`"expires_in":[1]`, never},
		{`"expires_in":{}`, never},
		{`"expires_on":"1/2/2030 12:00:00 AM"`, never},
	} {
		synctest.Test(t, func(t *testing.T) {
			got, err := answerOf(200, `{"access_token":"AT",`+tc.members+`}`).token()
			if tc.want == never {
				wantRefusal(t, err, ReasonMember)
				return
			}
			if err != nil || got.ExpiresIn != tc.want || got.ExtExpiresIn != tc.want {
				t.Errorf("%s: %v, %v, want %v", tc.members, got, err, tc.want)
			}
		})
	}
}

func wantRefusal(t *testing.T, err error, reason Reason) *ResponseError {
	t.Helper()
	var re *ResponseError
	if !errors.As(err, &re) {
		t.Fatalf("err = %T %v, want *ResponseError", err, err)
	}
	if re.Reason != reason {
		t.Errorf("reason = %q, want %q", re.Reason, reason)
	}
	if shows(err, "S3CRET") {
		t.Error("the error quotes the body")
	}
	return re
}

func TestUnusableTokenAnswersAreRefused(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		status int
		body   string
		reason Reason
	}{
		{"empty", 200, "", ReasonEmpty},
		{"blank", 200, " \n", ReasonEmpty},
		{"html", 200, "<html>S3CRET</html>", ReasonNotJSON},
		{"truncated", 200, `{"access_token":"S3CRET`, ReasonNotJSON},
		{"truncated later", 200, `{"access_token":"S3CRET","x":`, ReasonNotJSON},
		{"unclosed", 200, `{"access_token":"S3CRET"`, ReasonNotJSON},
		{"trailing object", 200, `{"access_token":"S3CRET"}{}`, ReasonNotJSON},
		{"trailing text", 200, `{"access_token":"S3CRET"} S3CRET`, ReasonNotJSON},
		{"trailing comma", 200, `{"access_token":"S3CRET",}`, ReasonNotJSON},
		{"no colon", 200, `{"access_token" "S3CRET"}`, ReasonNotJSON},
		{"number as name", 200, `{1:"S3CRET"}`, ReasonNotJSON},
		{"byte order mark", 200, "\ufeff{\"access_token\":\"S3CRET\"}", ReasonNotJSON},
		{"array", 200, `["S3CRET"]`, ReasonNotObject},
		{"string", 200, `"S3CRET"`, ReasonNotObject},
		{"number", 200, `42`, ReasonNotObject},
		{"null", 200, `null`, ReasonNotObject},
		{"broken array", 200, `["S3CRET"`, ReasonNotJSON},
		{"duplicate", 200, `{"access_token":"S3CRET","access_token":"AT"}`, ReasonDuplicate},
		{"duplicate escaped", 200, `{"access_token":"S3CRET","access\u005ftoken":"AT"}`, ReasonDuplicate},
		{"no token", 200, `{"token_type":"Bearer","refresh_token":"S3CRET"}`, ReasonNoToken},
		{"empty token", 200, `{"access_token":""}`, ReasonNoToken},
		{"null token", 200, `{"access_token":null}`, ReasonNoToken},
		{"other capitals", 200, `{"Access_Token":"S3CRET"}`, ReasonNoToken},
		{"token number", 200, `{"access_token":1}`, ReasonMember},
		{"token object", 200, `{"access_token":{"value":"S3CRET"}}`, ReasonMember},
		{"refresh token list", 200, `{"access_token":"AT","refresh_token":["S3CRET"]}`, ReasonMember},
		{"scope list", 200, `{"access_token":"AT","scope":["a"]}`, ReasonMember},
		{"error object", 200, `{"access_token":"AT","error":{"code":"S3CRET"}}`, ReasonMember},
		{"404 html", 404, "<html>", ReasonNotJSON},
		{"503 html", 503, "<html>", ReasonNotJSON},
		{"500 empty", 500, "", ReasonEmpty},
		{"500 other json", 500, `{"message":"S3CRET"}`, ReasonStatus},
		{"400 error object", 400, `{"error":{"code":"x"}}`, ReasonStatus},
		{"400 with a token", 400, `{"access_token":"S3CRET"}`, ReasonStatus},
		{"302 without target", 302, `{"access_token":"S3CRET"}`, ReasonStatus},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := answerOf(tc.status, tc.body).token()
			re := wantRefusal(t, err, tc.reason)
			if re.Status != tc.status || re.Host != "login.example.com" || re.ContentType != "application/json" || re.CorrelationID != "corr" {
				t.Errorf("error = %+v", re)
			}
			_, err = answerOf(tc.status, tc.body).deviceAuthorization()
			if !errors.As(err, &re) {
				t.Errorf("as a device answer: err = %v", err)
			}
		})
	}
}

func TestRefusalHints(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		status int
		media  string
		want   string
	}{
		{503, "text/html", "again later"}, {429, "", "again later"}, {408, "", "again later"}, {407, "text/html", "proxy"},
		{404, "text/html", "authority"}, {405, "", "authority"}, {200, "text/html; charset=utf-8", "captive portal"}, {200, "application/json", ""},
	} {
		a := answerOf(tc.status, "x")
		a.Header = http.Header{"Content-Type": {tc.media}, "Retry-After": {"7"}}
		_, err := a.token()
		re := wantRefusal(t, err, ReasonNotJSON)
		if hint := re.Hint(); tc.want == "" && hint != "" || !strings.Contains(hint, tc.want) || !shows(re, hint) {
			t.Errorf("%d %s: hint = %q, want %q", tc.status, tc.media, hint, tc.want)
		}
		if re.RetryAfter != 7*time.Second {
			t.Errorf("RetryAfter = %v", re.RetryAfter)
		}
	}
}

func TestOddContentTypesAreNotRepeated(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"text/" + strings.Repeat("x", 100), "a b c", "text/html\x00", ";", "x-" + planted + "/y", "application/" + "pl4nted"} {
		a := answerOf(200, "x")
		a.secrets = secretsOf(Form{{"client_secret", "pl4nted"}})
		a.Header = http.Header{"Content-Type": {value}}
		_, err := a.token()
		if re := wantRefusal(t, err, ReasonNotJSON); shows(re, "pl4nted") || len(re.ContentType) > 64 {
			t.Errorf("content type = %q", re.ContentType)
		}
	}
}

func TestDeviceAuthorizationAnswer(t *testing.T) {
	t.Parallel()
	got, err := answerOf(200, `{"device_code":"DC","user_code":"UC","verification_uri":"https://x/d","verification_uri_complete":"https://x/d?c=UC",
		"expires_in":"900","interval":1,"message":"go there"}`).deviceAuthorization()
	want := DeviceAuthorization{"DC", "UC", "https://x/d", "https://x/d?c=UC", 900 * time.Second, time.Second, "go there"}
	if err != nil || *got != want {
		t.Errorf("device = %+v, %v", got, err)
	}
	for _, interval := range []string{`"x":0`, `"interval":0`, `"interval":-3`, `"interval":null`} {
		got, err = answerOf(200, `{"device_code":"DC","user_code":"UC","verification_uri":"https://x/d",`+interval+`}`).deviceAuthorization()
		if err != nil || got.ExpiresIn != 1800*time.Second || got.Interval != 5*time.Second {
			t.Errorf("%s: device = %+v, %v", interval, got, err)
		}
	}
}

func TestUnusableDeviceAnswersAreRefused(t *testing.T) {
	t.Parallel()
	for body, member := range map[string]string{
		`{}`: "device_code",
		`{"device_code":1,"user_code":"UC","verification_uri":"u"}`:                        "device_code",
		`{"device_code":"S3CRET","verification_uri":"u"}`:                                  "user_code",
		`{"device_code":"S3CRET","user_code":"UC"}`:                                        "verification_uri",
		`{"device_code":"S3CRET","user_code":"UC","verification_uri":"u","interval":"x"}`:  "interval",
		`{"device_code":"S3CRET","user_code":"UC","verification_uri":"u","expires_in":[]}`: "expires_in",
		`{"device_code":"S3CRET","user_code":"UC","verification_uri":"u","message":{}}`:    "message",
	} {
		_, err := answerOf(200, body).deviceAuthorization()
		if re := wantRefusal(t, err, ReasonMember); re.Member != member {
			t.Errorf("member = %q, want %q", re.Member, member)
		}
	}
	_, err := answerOf(400, `{"error":"invalid_client"}`).deviceAuthorization()
	var oe *Error
	if !errors.As(err, &oe) || oe.Code != "invalid_client" {
		t.Errorf("err = %v, want the service's", err)
	}
}

func FuzzTokenResponse(f *testing.F) {
	for _, body := range []string{
		`{"access_token":"AT","expires_in":3599,"scope":"a b","refresh_token":"RT"}`, `{"access_token":"AT","expires_in":"1e400"}`,
		`{"access_token":"AT","expires_on":1e18}`, `{"error":"invalid_grant"}`, `[]`, `{"a":1,"a":2}`, `{"access_token":"\ud800"}`, ``,
	} {
		f.Add(200, []byte(body))
		f.Add(503, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		tok, err := answerOf(status, string(body)).token()
		var oe *Error
		var re *ResponseError
		switch {
		case err == nil:
			if status < 200 || status > 299 || tok.AccessToken == "" || tok.TokenType == "" {
				t.Errorf("accepted: status %d, %+v", status, tok)
			}
			for _, span := range []time.Duration{tok.ExtExpiresIn, tok.RefreshIn} {
				if span > 2*longest || span < -2*longest {
					t.Errorf("span out of bounds: %v", span)
				}
			}
		case errors.As(err, &oe):
			if oe.Code == "" {
				t.Error("an error without code")
			}
		case !errors.As(err, &re):
			t.Errorf("untyped error %T", err)
		}
	})
}
