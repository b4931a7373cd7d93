package interop

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/msal-go/msal/emulator"
)

// Requests of two clients are compared field by field. What differs between two
// runs of one client is replaced by its shape first: ids, times, random values,
// what the service issued, and versions. Nothing else is.

// compared are the headers that say something to the service. The others are
// the HTTP library's.
var compared = []string{"accept", "content-type", "client-request-id", "return-client-request-id", "x-anchormailbox", "x-ms-lib-capability", "soapaction"}

func isCompared(header string) bool {
	return slices.Contains(compared, header) || strings.HasPrefix(header, "x-client-") || strings.HasPrefix(header, "x-app-")
}

// message is a request as it is compared.
type message struct {
	kind   string
	fields []pair
}

func normalized(list []request, known *strings.Replacer) []message {
	var out []message
	for _, r := range list {
		out = append(out, message{r.kind(), r.fields(known)})
	}
	return out
}

func (r request) fields(known *strings.Replacer) []pair {
	out := []pair{{"method", r.method}, {"host", r.host}, {"path", known.Replace(r.path)}}
	for _, list := range []struct {
		place string
		pairs []pair
	}{{"query", r.query}, {"header", r.header}, {"form", r.form}} {
		for _, p := range list.pairs {
			if list.place == "header" && !isCompared(p.name) {
				continue
			}
			if p.name == "client_assertion" && strings.Count(p.value, ".") == 2 && known.Replace(p.value) == p.value {
				out = append(out, assertionFields(list.place+" "+p.name, p.value, known)...)
				continue
			}
			out = append(out, pair{list.place + " " + p.name, normal(p.name, known.Replace(p.value))})
		}
	}
	return out
}

// names are the cast of a flow, under which its values are compared.
func (c cast) names() *strings.Replacer {
	var list []string
	for _, p := range []pair{
		{"{tenant}", emulator.DefaultTenantID}, {"{user}", alice}, {"{password}", emulator.DefaultPassword}, {"{client}", c.clientID}, {"{secret}", c.secret},
		{"{assertion}", c.assertion}, {"{user assertion}", c.userAssertion}, {"{refresh token}", c.refreshToken},
	} {
		if p.value != "" { // the flow has one
			list = append(list, p.value, p.name)
		}
	}
	return strings.NewReplacer(list...)
}

var (
	guid     = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	version  = regexp.MustCompile(`^\d+\.\d+\.\d+$`)
	loopback = regexp.MustCompile(`^(http://localhost):\d+`)
	mailbox  = regexp.MustCompile(`^(?i:(oid:))[^@]+@[^@]+$`)
)

func normal(name, value string) string {
	switch name = strings.ToLower(name); name {
	case "client-request-id":
		return guid.ReplaceAllString(value, "<guid>")
	case "x-client-ver":
		return version.ReplaceAllString(value, "<version>")
	case "redirect_uri":
		return loopback.ReplaceAllString(value, "$1:<port>")
	case "x-anchormailbox":
		return mailbox.ReplaceAllString(value, "$1<id>@<id>")
	case "x-client-current-telemetry", "x-client-last-telemetry":
		return guid.ReplaceAllString(value, "<guid>")
	case "state", "nonce", "code_challenge", "code_verifier":
		return shape(value)
	case "code", "device_code", "refresh_token":
		if value != "" && value[0] != '{' {
			return "<issued>"
		}
	case "client_secret", "password", "assertion", "client_assertion":
		if strings.HasPrefix(value, "PHNhbWw6QXNzZXJ0aW9u") {
			return "<issued>" // base64url of <saml:Assertion
		}
		if !strings.HasPrefix(value, "{") {
			return "<unknown>" // never shown
		}
	}
	return value
}

var shapes = []struct {
	name    string
	pattern *regexp.Regexp
}{
	{"hex", regexp.MustCompile(`^[0-9a-f]+$`)},
	{"base64url", regexp.MustCompile(`^[A-Za-z0-9_-]+$`)},
	{"base64", regexp.MustCompile(`^[A-Za-z0-9+/]+={0,2}$`)},
	{"unreserved", regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)},
}

// shape says how a random value is written and how long it is.
func shape(value string) string {
	switch {
	case value == "" || value[0] == '<' || value[0] == '{':
		return value
	case guid.FindString(value) == value:
		return "<guid>"
	}
	for _, s := range shapes {
		if s.pattern.MatchString(value) {
			return fmt.Sprintf("<%s %d>", s.name, len(value))
		}
	}
	return fmt.Sprintf("<text %d>", len(value))
}

// assertionFields are the members of a client assertion's header and payload.
func assertionFields(name, jwt string, known *strings.Replacer) []pair {
	var out []pair
	parts := strings.Split(jwt, ".")
	var members map[string]any
	for i, part := range []string{"header", "payload"} {
		members = nil
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[i], "="))
		if err == nil {
			err = json.Unmarshal(raw, &members)
		}
		if err != nil {
			return []pair{{name, "<unreadable>"}}
		}
		out = append(out, memberFields(name+" "+part, members, known)...)
	}
	return out
}

// certificates is the shape of x5c: their content is other tests' business.
func certificates(list []any) string {
	for _, c := range list {
		text, _ := c.(string)
		if der, err := base64.StdEncoding.DecodeString(text); err != nil || base64.StdEncoding.EncodeToString(der) != text {
			return fmt.Sprintf("<%d, not in plain base64>", len(list))
		}
	}
	return fmt.Sprintf("<%d in base64>", len(list))
}

// memberFields are in alphabetical order, as those of a JSON object have none.
func memberFields(name string, members map[string]any, known *strings.Replacer) []pair {
	var out []pair
	for member, value := range members {
		text, _ := value.(string)
		switch v := value.(type) {
		case float64:
			text = "<integer>"
			if v != math.Trunc(v) {
				text = "<fraction>"
			}
		case []any:
			text = certificates(v)
		case string:
			text = known.Replace(v)
			if member == "jti" || strings.HasPrefix(member, "x5t") {
				text = shape(v)
			}
		}
		out = append(out, pair{name + " " + member, text})
	}
	if exp, ok := members["exp"].(float64); ok {
		from, ok := members["nbf"].(float64)
		if !ok {
			from, _ = members["iat"].(float64)
		}
		out = append(out, pair{name + " lifetime", strconv.FormatFloat(math.Round(exp-from), 'f', 0, 64)})
	}
	slices.SortFunc(out, func(a, b pair) int { return strings.Compare(a.name, b.name) })
	return out
}
