package oauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

func TestUnknownMembersOfAnErrorAreKept(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body string
		want       map[string]string
	}{
		{"none", `{"error":"x","error_description":"y","suberror":"z","claims":"{}"}`, nil},
		{"a text", `{"error":"x","resolution":"call us"}`, map[string]string{"resolution": `"call us"`}},
		{"any type", `{"error":"x","a":null,"b":12345678901234567890,"c":[1, {"d" : true}]}`,
			map[string]string{"a": "null", "b": "12345678901234567890", "c": `[1,{"d":true}]`}},
		{"no tokens", `{"error":"x","access_token":"t","Refresh_Token":"t","x_token":"t","client_secret":"t","password":"t","code":"t","a":{"id_token":"t","b":1}}`,
			map[string]string{"a": `{"b":1}`}},
		{"markup as it is", `{"error":"x","page":"<a href=\"b\">"}`, map[string]string{"page": `"<a href=\"b\">"`}},
	} {
		_, err := answerOf(400, tt.body).token()
		var got *Error
		if !errors.As(err, &got) {
			t.Errorf("%s: err = %T", tt.name, err)
			continue
		}
		texts := map[string]string{}
		for name, value := range got.Extra {
			texts[name] = string(value)
		}
		if len(texts)+len(tt.want) > 0 && !reflect.DeepEqual(texts, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, texts, tt.want)
		}
	}
}

func TestUnknownMembersRepeatNoSecret(t *testing.T) {
	t.Parallel()
	const secret = `p&w "0rd"/<é>\1`
	inside, err := json.Marshal(map[string]any{"error": "x", "a": "bad " + secret, "b": []any{secret, map[string]any{"c": secret, secret: 1}}, secret: "d"})
	if err != nil {
		t.Fatal(err)
	}
	a := answerOf(400, string(inside))
	a.secrets = secretsOf(Form{{"password", secret}, {"code", "123456789012"}})
	_, err = a.token()
	var got *Error
	if !errors.As(err, &got) || len(got.Extra) != 2 {
		t.Fatalf("got %v", err)
	}
	if a, b := string(got.Extra["a"]), string(got.Extra["b"]); a != `"bad [redacted]"` || b != `["[redacted]",{"[redacted]":1,"c":"[redacted]"}]` {
		t.Errorf("a = %s, b = %s", a, b)
	}
	a = answerOf(400, `{"error":"x","n":123456789012}`)
	a.secrets = secretsOf(Form{{"code", "123456789012"}})
	if _, err = a.token(); !errors.As(err, &got) || string(got.Extra["n"]) != `"[redacted]"` {
		t.Errorf("a number: %s", got.Extra["n"])
	}
}

func TestUnknownMembersAreBounded(t *testing.T) {
	t.Parallel()
	var body strings.Builder
	body.WriteString(`{"error":"x"`)
	for i := range 1000 {
		fmt.Fprintf(&body, `,"m%03d":%d`, i, i)
	}
	if got := ExtraMembers([]byte(body.String() + "}")); len(got) != maxExtra || string(got["m000"]) != "0" {
		t.Errorf("%d members", len(got))
	}
	if got := ExtraMembers([]byte(`{"big":"` + strings.Repeat("x", maxExtraBytes) + `","small":1}`)); len(got) != 1 || string(got["small"]) != "1" {
		t.Errorf("%d members", len(got))
	}
	for _, odd := range []string{"", "[]", "x", `{"a":1,"a":2}`} {
		if got := ExtraMembers([]byte(odd)); got != nil {
			t.Errorf("%q: %v", odd, got)
		}
	}
}

func TestUnknownParametersOfAnAnswerThroughTheBrowser(t *testing.T) {
	t.Parallel()
	got := ExtraParams(url.Values{"error": {"x"}, "state": {"s"}, "code": {"c"}, "error_subcode": {"cancel"}, "iss": {"i"}, "session_state": {"s"}, "hint": {`say "no"`, "more"}})
	if len(got) != 1 || string(got["hint"]) != `"say \"no\""` {
		t.Errorf("got %s", got)
	}
}

func TestUnknownMembersSurviveTheMemory(t *testing.T) {
	t.Parallel()
	value, ok := refusalOf(&Error{Code: "x", Extra: map[string]json.RawMessage{"a": json.RawMessage(`[1]`)}}).encode()
	if !ok {
		t.Fatal("not encoded")
	}
	var got *Error
	if err := recall(value, 0); !errors.As(err, &got) || string(got.Extra["a"]) != "[1]" {
		t.Errorf("got %v", err)
	}
}
