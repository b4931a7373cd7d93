package interop

import (
	"slices"
	"strings"
	"testing"
)

// The engine that compares has to see what is different, and nothing else.

func posted(form string, header ...pair) request {
	return request{method: "POST", host: "login.microsoftonline.com", path: "/t/oauth2/v2.0/token", header: header, form: pairs(form)}
}

func TestDifferencesAreSeen(t *testing.T) {
	keys := request{method: "GET", host: "login.microsoftonline.com", path: "/t/discovery/v2.0/keys"}
	jwt := func(payload string) string { return "client_assertion=eyJhbGciOiJQUzI1NiJ9." + payload + ".c2ln" }
	for _, tc := range []struct {
		name         string
		ours, theirs []request
		want         []difference
	}{
		{"nothing", []request{posted("a=1&b=2")}, []request{posted("a=1&b=2")}, nil},
		{"a value", []request{posted("a=1")}, []request{posted("a=2")}, []difference{{"token", "form a", "1", "2"}}},
		{"a field that we lack", []request{posted("a=1")}, []request{posted("a=1&b=2")}, []difference{{"token", "form b", "-", "2"}}},
		{"an empty field that they lack", []request{posted("a=1&b=")}, []request{posted("a=1")}, []difference{{"token", "form b", "", "-"}}},
		{"a field sent twice", []request{posted("a=1&a=1")}, []request{posted("a=1")}, []difference{{"token", "form a", "1 & 1", "1"}}},
		{"the order", []request{posted("a=1&b=2")}, []request{posted("b=2&a=1")}, []difference{{"token", "form order", "a b", "b a"}}},
		{"no order where fields are missing", []request{posted("a=1&x=3&b=2")}, []request{posted("a=1&b=2")}, []difference{{"token", "form x", "3", "-"}}},
		{"a header", []request{posted("", pair{"x-app-name", "one"})}, []request{posted("", pair{"x-app-name", "two"})}, []difference{{"token", "header x-app-name", "one", "two"}}},
		{"no header of the HTTP library", []request{posted("", pair{"user-agent", "one"})}, []request{posted("")}, nil},
		{"a request", []request{posted("a=1"), keys}, []request{posted("a=1")}, []difference{{"keys", "sent", "yes", "no"}}},
		{"the second of two requests", []request{posted("a=1"), posted("a=1")}, []request{posted("a=1"), posted("a=2")}, []difference{{"token", "form a", "1", "2"}}},
		{"one poll more", []request{posted("a=1")}, []request{posted("a=1"), posted("a=1")}, []difference{{"token", "sent", "no", "yes"}}},
		{"a secret", []request{posted("client_secret=one")}, []request{posted("client_secret={secret}")}, []difference{{"token", "form client_secret", "<unknown>", "{secret}"}}},
		{"a member of an assertion", []request{posted(jwt("eyJhdWQiOiJhIn0"))}, []request{posted(jwt("eyJhdWQiOiJiIn0"))},
			[]difference{{"token", "form client_assertion payload aud", "a", "b"}}},
		{"the life of an assertion", []request{posted(jwt("eyJuYmYiOjEsImV4cCI6NjAxfQ"))}, []request{posted(jwt("eyJuYmYiOjIsImV4cCI6MzAyfQ"))},
			[]difference{{"token", "form client_assertion payload lifetime", "600", "300"}}},
	} {
		known := cast{}.names()
		if got := differences(normalized(tc.ours, known), normalized(tc.theirs, known)); !slices.Equal(got, tc.want) {
			t.Errorf("%s: found %+v, want %+v", tc.name, got, tc.want)
		}
	}
}

func TestOnlyShapesAreNormalized(t *testing.T) {
	const id = "170562a8-7955-4894-ae85-0b8cc5f9bff9"
	for _, tc := range []struct{ name, value, want string }{
		{"client-request-id", id, "<guid>"},
		{"Client-Request-Id", "no guid", "no guid"},
		{"client_id", id, id},
		{"scope", id, id},
		{"x-client-VER", "7.2.1", "<version>"},
		{"x-client-ver", "seven", "seven"},
		{"x-client-last-telemetry", "4|1|730," + id + "|invalid_client|", "4|1|730,<guid>|invalid_client|"},
		{"state", id, "<guid>"},
		{"nonce", strings.Repeat("0f", 32), "<hex 64>"},
		{"code_challenge", strings.Repeat("aZ-", 14) + "_", "<base64url 43>"},
		{"code_verifier", strings.Repeat("~.a", 15), "<unreserved 45>"},
		{"code_verifier", "", ""},
		{"code", "0.AX", "<issued>"},
		{"refresh_token", "{refresh token}", "{refresh token}"},
		{"redirect_uri", "http://localhost:1234", "http://localhost:<port>"},
		{"redirect_uri", "http://localhost:1234/cb", "http://localhost:<port>/cb"},
		{"redirect_uri", "https://localhost:1234", "https://localhost:1234"},
		{"X-AnchorMailbox", "Oid:u1@contoso", "Oid:<id>@<id>"},
		{"X-AnchorMailbox", "upn:user", "upn:user"},
		{"password", "open sesame", "<unknown>"},
	} {
		if got := normal(tc.name, tc.value); got != tc.want {
			t.Errorf("%s %q becomes %q, want %q", tc.name, tc.value, got, tc.want)
		}
	}
}

func TestAllowedDifferencesAreThoseOfTheList(t *testing.T) {
	met := difference{"token", "form a", "1", "2"}
	list := &allowList{met: map[string]bool{}, entries: []allowed{
		{Client: "one", Flows: []string{"x", "y"}, difference: met},
		{Client: "one", Flows: []string{"x"}, difference: difference{"token", "form order", "*", "*"}},
	}}
	for _, tc := range []struct {
		client, flow string
		found        difference
		explained    bool
	}{
		{"one", "x", met, true},
		{"one", "z", met, false},
		{"two", "x", met, false},
		{"one", "x", difference{"token", "form a", "1", "3"}, false},
		{"one", "x", difference{"authorize", "form a", "1", "2"}, false},
		{"one", "x", difference{"token", "form order", "a b", "b a"}, true},
		{"one", "x", difference{"token", "form order", absent, "a"}, false},
	} {
		if got := len(list.unexplained(tc.client, tc.flow, []difference{tc.found})) == 0; got != tc.explained {
			t.Errorf("%s %s %+v: explained %t", tc.client, tc.flow, tc.found, got)
		}
	}
	if unused := list.unused("one"); len(unused) != 1 || unused[0].Flows[0] != "y" {
		t.Errorf("not needed: %v", unused)
	}
	if unused := list.unused("two"); unused != nil {
		t.Errorf("another client's: %v", unused)
	}
}
