package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
)

// FuzzParse checks that whatever parses is JSON for everybody, that it survives
// writing, and that writing and reading end in a fixed point.
func FuzzParse(f *testing.F) {
	for _, data := range family(f) {
		f.Add(data)
	}
	for _, s := range []string{
		``, `{}`, `{"x":{"AccessToken":[]},"AccessToken":{"k":{"secret":"s","environment":"h","a":1,"a":2}}}`,
		`{"Account":{"":{"home_account_id":1e5,"environment":"\ud800\u0041"}}}`, "\ufeff{\"RefreshToken\":null}",
		`{"AppMetadata":{"a":{"client_id":"c","environment":"h"},"a":null}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse(data)
		if err != nil {
			var format *FormatError
			if !errors.As(err, &format) || format.Offset < 0 || format.Offset > len(data) {
				t.Fatalf("error %#v", err)
			}
			return
		}
		once := d.Marshal()
		if !json.Valid(once) {
			t.Fatalf("Marshal wrote what is no JSON: %q", once)
		}
		again, err := Parse(once)
		if err != nil {
			t.Fatalf("what Marshal wrote does not parse: %v", err)
		}
		if twice := again.Marshal(); !bytes.Equal(once, twice) {
			t.Fatalf("no fixed point:\n%q\n%q", once, twice)
		}
		sameUnknownSections(t, data, once)
		rewriteAll(t, d)
	})
}

// sameUnknownSections compares with encoding/json, which also takes the last of
// members that occur twice.
func sameUnknownSections(t *testing.T, in, out []byte) {
	var a, b map[string]any
	if json.Unmarshal(bytes.TrimPrefix(in, []byte("\ufeff")), &a) != nil {
		return // a number out of range, or nothing at all
	}
	if err := json.Unmarshal(out, &b); err != nil {
		t.Fatal(err)
	}
	for name, section := range a {
		switch Section(name) {
		case SectionAccessToken, SectionAccount, SectionIDToken, SectionRefreshToken, SectionAppMetadata:
			if m, ok := section.(map[string]any); ok && len(m) == 0 || section == nil {
				continue
			}
		}
		if !reflect.DeepEqual(section, b[name]) {
			t.Fatalf("section %q: %v became %v", name, section, b[name])
		}
	}
}

// rewriteAll puts every entity again: nothing may be lost or be no JSON.
func rewriteAll(t *testing.T, d *Document) {
	for _, e := range d.AccessTokens {
		d.PutAccessToken(e)
	}
	for _, e := range d.RefreshTokens {
		d.PutRefreshToken(e)
	}
	for _, e := range d.IDTokens {
		d.PutIDToken(e)
	}
	for _, e := range d.Accounts {
		d.PutAccount(e)
	}
	for _, e := range d.AppMetadata {
		d.PutAppMetadata(e)
	}
	again, err := Parse(d.Marshal())
	if err != nil {
		t.Fatalf("rewritten: %v", err)
	}
	if len(again.AccessTokens) != len(d.AccessTokens) || len(again.RefreshTokens) != len(d.RefreshTokens) ||
		len(again.IDTokens) != len(d.IDTokens) || len(again.Accounts) != len(d.Accounts) || len(again.AppMetadata) != len(d.AppMetadata) {
		t.Fatal("rewritten entries are lost")
	}
	for i, e := range again.AccessTokens {
		if e.Secret != d.AccessTokens[i].Secret || !SameAccessToken(&e, &d.AccessTokens[i]) {
			t.Fatalf("rewritten: %+v became %+v", d.AccessTokens[i], e)
		}
	}
}
