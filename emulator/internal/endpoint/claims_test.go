package endpoint

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestClaimsAreUnderstood(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]claimsRequest{
		"":   {},
		"{}": {},
		`{"access_token":null,"id_token":{"auth_time":{"essential":true},"email":null},"odd":7}`: {},
		`{"access_token":{"xms_cc":{"values":["CP1","other"]}}}`:                                 {capabilities: []string{"cp1"}},
		`{"access_token":{"xms_cc":{"values":["cp2"]}}}`:                                         {},
		`{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`:                              {contexts: []string{"c1"}},
		`{"access_token":{"acrs":{"values":["c1","c99"]}},"id_token":{"acrs":{"value":"c2"}}}`:   {contexts: []string{"c1", "c99"}, idContexts: []string{"c2"}},
		`{"access_token":{"capolids":{"essential":true,"values":["cccccccc-0000-4000-8000-000000000001"]}}}`: {
			policies: []string{"cccccccc-0000-4000-8000-000000000001"}},
		` {"access_token" : {"nbf":{"essential":true, "value":"1700000000"}}} `: {notBefore: 1700000000},
		`{"access_token":{"nbf":{"value":1700000001}}}`:                         {notBefore: 1700000001},
	} {
		got, err := parseClaims(raw)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v; want %+v", raw, got, err, want)
		}
	}
}

var badClaims = []string{
	" ", "null", "[]", "7", `"x"`, "{", `{"access_token":{}} x`, `{"access_token":{}}{}`, `{"access_token":[]}`, `{"access_token":"x"}`, `{"userinfo":1}`, `{"id_token":7}`,
	`{"access_token":{},"access_token":{}}`, `{"access_token":{"acrs":{},"acrs":{}}}`, `{"access_token":{"acrs":{"value":"c1","value":"c2"}}}`,
	`{"access_token":{"acrs":"c1"}}`, `{"access_token":{"acrs":{"essential":"true","value":"c1"}}}`, `{"access_token":{"acrs":{"values":"c1"}}}`,
	`{"access_token":{"acrs":{"value":"c0"}}}`, `{"access_token":{"acrs":{"value":"c100"}}}`, `{"access_token":{"acrs":{"value":"C1"}}}`, `{"access_token":{"acrs":{"value":"c+1"}}}`,
	`{"access_token":{"acrs":{"value":["c1"]}}}`, `{"access_token":{"acrs":{"value":null}}}`, `{"id_token":{"acrs":{"value":1}}}`,
	`{"access_token":{"capolids":{"values":["not a guid"]}}}`, `{"access_token":{"nbf":{"value":"soon"}}}`, `{"access_token":{"nbf":{"value":-1}}}`, `{"access_token":{"nbf":{"value":1.5}}}`,
	"eyJhY2Nlc3NfdG9rZW4iOnt9fQ==", "{\"access_token\":{\"\xff\":", strings.Repeat(" ", maxClaims) + "{}",
}

func TestMalformedClaimsAreRefused(t *testing.T) {
	t.Parallel()
	for _, raw := range badClaims {
		if got, err := parseClaims(raw); err == nil {
			t.Errorf("%.80q was taken for %+v", raw, got)
		}
	}
}

// What is accepted is one JSON object, and reading it again gives the same.
func FuzzParseClaims(f *testing.F) {
	f.Add(`{"access_token":{"xms_cc":{"values":["CP1"]},"nbf":{"essential":true,"value":"1"}},"id_token":{"acrs":{"value":"c7"}}}`)
	f.Add(challenge("capolids", essentialOf("cccccccc-0000-4000-8000-000000000001")))
	f.Add(challenge("acrs", essential("c1")))
	for _, raw := range badClaims {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		asked, err := parseClaims(raw)
		if err != nil {
			return
		}
		var object map[string]any
		if raw != "" && json.Unmarshal([]byte(raw), &object) != nil {
			t.Fatalf("%q is no object", raw)
		}
		if again, err := parseClaims(raw); err != nil || !reflect.DeepEqual(again, asked) {
			t.Errorf("%q: first %+v, then %+v, %v", raw, asked, again, err)
		}
	})
}
