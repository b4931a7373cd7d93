package journal

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestOnlyWhatIsKnownToBeHarmlessIsShown(t *testing.T) {
	t.Parallel()
	in := url.Values{}
	for _, name := range []string{"client_secret", "code", "code_verifier", "refresh_token", "password", "passwd", "device_code", "otc", "assertion", "client_assertion",
		"id_token_hint", "ctx", "access_token", "token", "a_new_secret", "x-ms-new_secret", "Client_Secret", "user_federated_identity_credential"} {
		in.Set(name, "planted")
	}
	in.Set("scope", "visible")
	in.Set("X-Client-SKU", "visible")
	in.Set("code_verifier_empty", "")
	out := Values(in)
	if strings.Contains(out.Encode(), "planted") {
		t.Errorf("shown: %v", out)
	}
	if out.Get("scope") != "visible" || out.Get("X-Client-SKU") != "visible" || len(out) != len(in) || out.Get("code_verifier_empty") != "" {
		t.Errorf("hidden: %v", out)
	}
	h := Header(http.Header{"Authorization": {"planted"}, "Cookie": {"planted"}, "X-New": {"planted"}, "X-Ms-Refreshtokencredential": {"planted"}, "User-Agent": {"visible"}, "X-Client-Sku": {"visible"}})
	if strings.Contains(fmt.Sprint(h), "planted") || strings.Count(fmt.Sprint(h), "visible") != 2 {
		t.Errorf("header: %v", h)
	}
	if in.Get("client_secret") != "planted" {
		t.Error("the original was changed")
	}
}

func TestDigestsCompareWithoutShowing(t *testing.T) {
	t.Parallel()
	j := New[int]()
	d := j.Digest(url.Values{"a": {"planted", "second"}})
	if !d.Has("a", "planted") || !d.Has("a", "second") || d.Has("a", "x") || d.Has("b", "planted") {
		t.Error("comparison is wrong")
	}
	if strings.Contains(fmt.Sprintf("%+v %#v", d, d), "planted") {
		t.Error("the value shows")
	}
	if other := New[int]().Digest(url.Values{"a": {"planted", "second"}}); fmt.Sprint(d) == fmt.Sprint(other) {
		t.Error("digests are not salted")
	}
}

func TestJournalIsBounded(t *testing.T) {
	t.Parallel()
	j := New[int]()
	for i := range Limit + 1 {
		j.Add(i)
	}
	all := j.All()
	if len(all) > Limit || all[len(all)-1] != Limit || all[0] == 0 {
		t.Errorf("%d entries from %d to %d", len(all), all[0], all[len(all)-1])
	}
	all[0] = -1
	if j.All()[0] == -1 {
		t.Error("the list is shared")
	}
	j.Reset()
	if len(j.All()) != 0 {
		t.Error("not forgotten")
	}
}
