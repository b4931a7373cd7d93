package oauth

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
)

func TestFormKeepsOrderAndDropsEmptyValues(t *testing.T) {
	t.Parallel()
	var f Form
	f.Add("client_id", "cid")
	f.Add("grant_type", "client_credentials")
	f.Add("client_assertion", "")
	f.Add("client_info", "1")
	f.Add("client_secret", "s+/ ~")
	f.Add("scope", "https://graph.microsoft.com/.default")
	want := "client_id=cid&grant_type=client_credentials&client_info=1&client_secret=s%2B%2F+~&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
	if got := f.Encode(); got != want {
		t.Errorf("Encode = %s\nwant %s", got, want)
	}
}

func TestFormLaterValueOverridesInPlace(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		form Form
		want string
	}{
		{nil, ""},
		{Form{{"a", ""}}, ""},
		{Form{{"a", "1"}, {"b", "2"}, {"a", "3"}}, "a=3&b=2"},
		{Form{{"a", "1"}, {"a", "2"}, {"a", "3"}}, "a=3"},
		{Form{{"a", ""}, {"b", "2"}, {"a", "3"}}, "b=2&a=3"},
		{Form{{"a", "1"}, {"b", "2"}, {"a", ""}}, "a=1&b=2"},
		{Form{{"a b", "c&d=e"}, {"ü", "日"}}, "a+b=c%26d%3De&%C3%BC=%E6%97%A5"},
	} {
		if got := tc.form.Encode(); got != tc.want {
			t.Errorf("%d fields: Encode = %q, want %q", len(tc.form), got, tc.want)
		}
	}
	if got := (Form{{"a", "1"}, {"a", "2"}}).Get("a"); got != "2" {
		t.Errorf("Get = %q, want the value that is sent", got)
	}
}

func TestPrintingShowsNoSecret(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t-never-shown"
	for _, v := range []any{
		Form{{"client_secret", secret}},
		Param{"client_secret", secret},
		TokenResponse{AccessToken: secret, RefreshToken: secret, IDToken: secret, ClientInfo: secret, SPACode: secret},
		&TokenResponse{AccessToken: secret},
		DeviceAuthorization{DeviceCode: secret, UserCode: secret},
		&DeviceAuthorization{DeviceCode: secret},
	} {
		var log strings.Builder
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		for _, text := range []string{fmt.Sprint(v), fmt.Sprintf("%+v", v), fmt.Sprintf("%#v", v)} {
			if strings.Contains(text, secret) {
				t.Errorf("%T prints its secret", v)
			}
		}
		if _, isForm := v.(Form); !isForm && strings.Contains(log.String(), secret) {
			t.Errorf("%T logs its secret", v)
		}
	}
}

func FuzzFormEncode(f *testing.F) {
	f.Add("a", "b", "a", "c")
	f.Add("", "b", "&", "=")
	f.Fuzz(func(t *testing.T, n1, v1, n2, v2 string) {
		form := Form{{n1, v1}, {n2, v2}}
		got, err := url.ParseQuery(form.Encode())
		if err != nil {
			t.Fatalf("not a form: %v", err)
		}
		for _, p := range form {
			if want := form.Get(p.Name); want != "" && (len(got[p.Name]) != 1 || got.Get(p.Name) != want) {
				t.Errorf("a field was lost or doubled")
			}
		}
	})
}
