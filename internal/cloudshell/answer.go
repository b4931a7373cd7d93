package cloudshell

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Token is a token of the person in front of the shell.
type Token struct {
	AccessToken string
	TokenType   string        // as the endpoint spells it; "Bearer" when it does not say
	ExpiresIn   time.Duration // 600 s when the endpoint does not say
	Person      Person
}

// String describes the token without showing it.
func (t Token) String() string { return fmt.Sprintf("token from Cloud Shell for %v", t.ExpiresIn) }

// GoString is String.
func (t Token) GoString() string { return t.String() }

// LogValue is String.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// Person is whose token it is, as far as the token tells. The answer says
// nothing of it, and clients cannot rely on what is in an access token: this
// names an account in a cache and decides nothing.
type Person struct {
	ObjectID string
	TenantID string
	Username string
}

// Named reports whether the token told who the person is.
func (p Person) Named() bool { return p.ObjectID != nobody.ObjectID || p.TenantID != nobody.TenantID }

// nobody stands for a person whom the token does not name.
var nobody = Person{ObjectID: "user", TenantID: "cloudshell", Username: "currentuser@cloudshell"}

// defaultLifetime is assumed of a token whose lifetime is not told.
const defaultLifetime = 600 * time.Second

// read decodes an answer.
func read(status int, body []byte, now time.Time) (*Token, error) {
	if status >= http.StatusMultipleChoices || status < http.StatusOK {
		return nil, refusal(status, body)
	}
	var answer struct {
		AccessToken string          `json:"access_token"`
		TokenType   string          `json:"token_type"`
		ExpiresIn   json.RawMessage `json:"expires_in"`
		ExpiresOn   json.RawMessage `json:"expires_on"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return nil, &AnswerError{Status: status, Problem: "is not the JSON object of a token"}
	}
	switch {
	case answer.AccessToken == "":
		return nil, &AnswerError{Status: status, Problem: "has no access_token"}
	case answer.TokenType == "":
		answer.TokenType = "Bearer"
	}
	t := &Token{AccessToken: answer.AccessToken, TokenType: answer.TokenType, ExpiresIn: defaultLifetime, Person: person(answer.AccessToken)}
	in, hasIn, ok := seconds(answer.ExpiresIn)
	on, hasOn, ok2 := seconds(answer.ExpiresOn)
	switch {
	case !ok || !ok2:
		return nil, &AnswerError{Status: status, Problem: "has a lifetime that is not a number"}
	case hasIn:
		t.ExpiresIn = in
	case hasOn:
		t.ExpiresIn = max(0, on-time.Duration(now.Unix())*time.Second)
	}
	return t, nil
}

func refusal(status int, body []byte) error {
	var answer struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Error.Code == "" {
		return &AnswerError{Status: status, Problem: "is not the JSON object of an error"}
	}
	return &Refusal{Status: status, Code: answer.Error.Code, Message: answer.Error.Message}
}

// maxSeconds keeps durations and times far from overflowing.
const maxSeconds = 1 << 33

// seconds reads a number, which the endpoint writes as a string.
func seconds(raw json.RawMessage) (d time.Duration, present, ok bool) {
	text := strings.Trim(string(raw), `"`)
	if text == "" || text == "null" {
		return 0, false, true
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > maxSeconds {
		return 0, false, false
	}
	return time.Duration(n) * time.Second, true, true
}

// person reads whom a token names, if it is a JWT that names anybody.
func person(token string) Person {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nobody
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	var claims struct {
		ObjectID   string `json:"oid"`
		TenantID   string `json:"tid"`
		Preferred  string `json:"preferred_username"`
		UniqueName string `json:"unique_name"`
	}
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.ObjectID == "" || claims.TenantID == "" {
		return nobody
	}
	found := Person{ObjectID: claims.ObjectID, TenantID: claims.TenantID, Username: nobody.Username}
	for _, name := range []string{claims.UniqueName, claims.Preferred} {
		if name != "" {
			found.Username = name
		}
	}
	return found
}
