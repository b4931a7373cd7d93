package msal

import (
	"errors"
	"testing"
)

func TestMergeClaims(t *testing.T) {
	const nbf = `{"access_token":{"nbf":{"essential":true,"value":"1563308371"}}}`
	for _, tt := range []struct {
		name         string
		capabilities []string
		challenge    string
		want         string
	}{
		{"nothing asked, nothing sent", nil, "", ""},
		{"a challenge alone goes out as it came", nil, ` {"a" : 1}`, ` {"a" : 1}`},
		{"capabilities alone", []string{"CP1"}, "", `{"access_token":{"xms_cc":{"values":["CP1"]}}}`},
		{"both: siblings survive", []string{"foo", "bar"}, nbf,
			`{"access_token":{"nbf":{"essential":true,"value":"1563308371"},"xms_cc":{"values":["foo","bar"]}}}`},
		{"the client's capabilities win", []string{"CP1"}, `{"access_token":{"xms_cc":{"values":["x"]}},"id_token":{}}`,
			`{"access_token":{"xms_cc":{"values":["CP1"]}},"id_token":{}}`},
		{"a null access_token is as good as none", []string{"CP1"}, `{"access_token":null}`, `{"access_token":{"xms_cc":{"values":["CP1"]}}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := mergeClaims(tt.capabilities, tt.challenge)
			if err != nil || got != tt.want {
				t.Errorf("got %s, %v; want %s", got, err, tt.want)
			}
		})
	}
}

func TestMergeClaimsRefusesWhatIsNoObject(t *testing.T) {
	for _, challenge := range []string{"x", "null", "[]", `"s"`, `{"a":1} {"b":2}`, `{"access_token":"s"}`, `{`} {
		for _, capabilities := range [][]string{nil, {"CP1"}} {
			_, err := mergeClaims(capabilities, challenge)
			if challenge == `{"access_token":"s"}` && capabilities == nil {
				if err != nil { // not ours to judge: it goes out as it came
					t.Errorf("%s: got %v", challenge, err)
				}
				continue
			}
			if !errors.Is(err, ErrConfiguration) {
				t.Errorf("%s with %v: got %v, want ErrConfiguration", challenge, capabilities, err)
			}
		}
	}
}
