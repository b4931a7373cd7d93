package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
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

// rewriteAll puts every entity again: nothing may be lost or be no JSON. Of
// several with one identity the last remains.
func rewriteAll(t *testing.T, d *Document) {
	putAgain(t, &d.AccessTokens, d.PutAccessToken, SameAccessToken)
	putAgain(t, &d.RefreshTokens, d.PutRefreshToken, sameRefreshToken)
	putAgain(t, &d.IDTokens, d.PutIDToken, sameIDToken)
	putAgain(t, &d.Accounts, d.PutAccount, sameAccount)
	putAgain(t, &d.AppMetadata, d.PutAppMetadata, sameAppMetadata)
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

// putAgain puts every entry of list, which put edits: hence the copy. What
// remains must be the last of each identity, and nothing else.
func putAgain[T any, P entry[T]](t *testing.T, list *[]T, put func(T), same func(a, b *T) bool) {
	before := slices.Clone(*list)
	for _, e := range before {
		put(e)
	}
	identities := 0
	for i := range before {
		isLast := !slices.ContainsFunc(before[i+1:], func(later T) bool { return same(&before[i], &later) })
		if !isLast {
			continue
		}
		identities++
		at := slices.IndexFunc(*list, func(e T) bool { return same(&before[i], &e) })
		if at < 0 {
			t.Fatalf("%+v is lost", before[i])
		}
		want, got := before[i], (*list)[at]
		*P(&want).origin(), *P(&got).origin() = Origin{}, Origin{}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v became %+v", want, got)
		}
	}
	if len(*list) != identities {
		t.Fatalf("%d entries of %d identities", len(*list), identities)
	}
}
