package challenge

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

type params = map[string]string

func TestSyntax(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		values []string
		want   []Challenge
	}{
		{"no header", nil, nil},
		{"empty", []string{"", " ", ",", " , ,\t,"}, nil},
		{"a scheme alone", []string{"Negotiate"}, []Challenge{{Scheme: "Negotiate"}}},
		{"schemes alone", []string{"Negotiate, NTLM"}, []Challenge{{Scheme: "Negotiate"}, {Scheme: "NTLM"}}},
		{"token68", []string{"NTLM TlRMTVNTUAAC=="}, []Challenge{{Scheme: "NTLM", Token68: "TlRMTVNTUAAC=="}}},
		{"token68 of every character", []string{"X aZ09-._~+/=, Y"}, []Challenge{{Scheme: "X", Token68: "aZ09-._~+/="}, {Scheme: "Y"}}},
		{"one parameter", []string{`Basic realm="x"`}, []Challenge{{"Basic", "", params{"realm": "x"}}}},
		{"a token as the value", []string{`Basic realm=x`}, []Challenge{{"Basic", "", params{"realm": "x"}}}},
		{"an empty value", []string{`Bearer realm="", a=b`}, []Challenge{{"Bearer", "", params{"realm": "", "a": "b"}}}},
		{"blanks around the equals sign", []string{"Basic realm \t=  \"x\" , a = b"}, []Challenge{{"Basic", "", params{"realm": "x", "a": "b"}}}},
		{"escapes", []string{`Basic realm="a\"b\\c\d, e=f"`}, []Challenge{{"Basic", "", params{"realm": `a"b\cd, e=f`}}}},
		{"names in any case", []string{`bEARER ReAlM="x"`}, []Challenge{{"bEARER", "", params{"realm": "x"}}}},
		{"a name twice", []string{`Bearer a="1", A="2", a="3"`}, []Challenge{{"Bearer", "", params{"a": "1"}}}},
		{"empty list members", []string{`, Bearer a="1",, ,b="2",`}, []Challenge{{"Bearer", "", params{"a": "1", "b": "2"}}}},
		{"two in one header", []string{`Bearer a="1", b="2", Basic realm="x"`},
			[]Challenge{{"Bearer", "", params{"a": "1", "b": "2"}}, {"Basic", "", params{"realm": "x"}}}},
		{"two headers", []string{`Bearer a="1"`, `Basic realm="x"`}, []Challenge{{"Bearer", "", params{"a": "1"}}, {"Basic", "", params{"realm": "x"}}}},
		{"RFC 9110's own example", []string{`Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\""`},
			[]Challenge{{"Basic", "", params{"realm": "simple"}}, {"Newauth", "", params{"realm": "apps", "type": "1", "title": `Login to "apps"`}}}},
		{"padding in a value", []string{`Bearer claims=eyJhIjoxfQ==, b=c`}, []Challenge{{"Bearer", "", params{"claims": "eyJhIjoxfQ==", "b": "c"}}}},
		{"an address without quotes, a blank for a comma", []string{"Bearer a=https://h/t/o resource_id=https://s"},
			[]Challenge{{"Bearer", "", params{"a": "https://h/t/o", "resource_id": "https://s"}}}},
		{"no blank after a comma", []string{`Bearer error="x",Basic Realm="",Negotiate`},
			[]Challenge{{"Bearer", "", params{"error": "x"}}, {"Basic", "", params{"realm": ""}}, {Scheme: "Negotiate"}}},
		{"bare JSON", []string{`Bearer claims={"a":{"b":[1, 2]}}, e=f`}, []Challenge{{"Bearer", "", params{"claims": `{"a":{"b":[1, 2]}}`, "e": "f"}}}},
		{"JSON in quotes that are not escaped", []string{`Bearer claims="{"a":{"b":"c, d"}}", e="f"`},
			[]Challenge{{"Bearer", "", params{"claims": `{"a":{"b":"c, d"}}`, "e": "f"}}}},
		{"JSON in quotes that are", []string{`Bearer claims="{\"a\":1}"`}, []Challenge{{"Bearer", "", params{"claims": `{"a":1}`}}}},

		{"a parameter without a scheme", []string{`realm="x", Basic a=b`}, []Challenge{{"Basic", "", params{"a": "b"}}}},
		{"a parameter does not reach over headers", []string{`Bearer`, `a="1"`}, []Challenge{{Scheme: "Bearer"}}},
		{"a quote that is never closed", []string{`Bearer a="1", b="2, c="3`}, []Challenge{{"Bearer", "", params{"a": "1", "b": "2, c="}}, {Scheme: "3"}}},
		{"ends in a quote", []string{`Bearer a="`}, []Challenge{{Scheme: "Bearer"}}},
		{"ends in an escape", []string{`Bearer a="\`}, []Challenge{{Scheme: "Bearer"}}},
		{"rubbish between", []string{`Bearer a="1", (?"x, y"), b="2"`}, []Challenge{{"Bearer", "", params{"a": "1", "b": "2"}}}},
		{"only rubbish", []string{`"x", ;=, @`}, nil},
		{"JSON that breaks off", []string{`Bearer claims={"a":, b=c`}, []Challenge{{"Bearer", "", params{"claims": `{"a":`, "b": "c"}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Parse(tt.values); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%q:\ngot  %q\nwant %q", tt.values, got, tt.want)
			}
		})
	}
}

func TestReadingIsBounded(t *testing.T) {
	t.Parallel()
	if got := Parse([]string{strings.Repeat("X, ", 10_000)}); len(got) != maxChallenges {
		t.Errorf("%d challenges", len(got))
	}
	var many strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, "p%d=1, ", i)
	}
	if got := Parse([]string{"Bearer " + many.String()}); len(got) != 1 || len(got[0].Params) != maxParams {
		t.Errorf("%d parameters", len(got[0].Params))
	}
	if got := Parse([]string{"A", strings.Repeat("x", maxBytes), "B"}); len(got) != 1 {
		t.Errorf("%d challenges of too much text", len(got))
	}
}

// write is the header in the form that RFC 9110 recommends.
func write(list []Challenge) string {
	var parts []string
	for _, c := range list {
		text := c.Scheme
		if c.Token68 != "" {
			text += " " + c.Token68
		}
		for i, name := range slices.Sorted(maps.Keys(c.Params)) {
			if separator := " "; i > 0 || c.Token68 != "" {
				text += ", "
			} else {
				text += separator
			}
			text += name + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(c.Params[name]) + `"`
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// What was read, written properly, is read alike.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`Bearer realm="", authorization_uri="https://h/common/oauth2/authorize", error="insufficient_claims", claims="eyJhIjoxfQ=="`,
		`Bearer a=https://h/t resource_id=https://s`, `Negotiate, NTLM TlRM==, Basic realm="a\"b"`, `Bearer claims="{"a":1}", b=c`, `a="`, `Bearer a={`, "\x00=\"", `PoP nonce="x"`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		got := Parse([]string{value})
		if len(got) > maxChallenges {
			t.Fatalf("%d challenges", len(got))
		}
		for _, c := range got {
			if c.Scheme == "" || strings.Trim(c.Scheme, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
				t.Errorf("scheme %q", c.Scheme)
			}
			if len(c.Params) > maxParams {
				t.Errorf("%d parameters", len(c.Params))
			}
		}
		if text := write(got); len(text) <= maxBytes {
			if again := Parse([]string{text}); !reflect.DeepEqual(again, got) {
				t.Errorf("%q reads as %q, but written as %q it reads as %q", value, got, text, again)
			}
		}
	})
}
