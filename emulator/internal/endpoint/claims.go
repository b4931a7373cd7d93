package endpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/msal-go/msal/emulator/internal/directory"
)

// claimsRequest is an understood claims parameter (OpenID Connect Core section
// 5.5), as far as it means something here.
type claimsRequest struct {
	capabilities []string // access_token.xms_cc
	contexts     []string // access_token.acrs: authentication contexts for the access token
	idContexts   []string // id_token.acrs
	policies     []string // access_token.capolids: access policies that are to be met now
	notBefore    int64    // access_token.nbf: the token must not be older
}

// maxClaims is how long a claims parameter may be.
const maxClaims = 16 << 10

var errClaims = errors.New("not a claims request")

// claimsOf reads a claims parameter. That a malformed one is answered with
// AADSTS90013 is unverified.
func (p *Platform) claimsOf(raw string) (claimsRequest, *Error) {
	asked, err := parseClaims(raw)
	if err != nil {
		return claimsRequest{}, p.fail("ParameterBad", "name", "claims")
	}
	return asked, nil
}

// capabilities is the part of a claims parameter that says what the client can
// do. The whole parameter has to be well formed.
func (p *Platform) capabilities(claims string) ([]string, *Error) {
	asked, refused := p.claimsOf(claims)
	return asked.capabilities, refused
}

// wanted is what is asked of one claim.
type wanted struct {
	Essential *bool             `json:"essential"`
	Value     json.RawMessage   `json:"value"`
	Values    []json.RawMessage `json:"values"`
}

// parseClaims reads a claims parameter strictly: one object, no name twice, the
// members of each claim of the right type. Sections and claims that are not
// understood are ignored, as the specification asks.
func parseClaims(raw string) (claimsRequest, error) {
	var asked claimsRequest
	if raw == "" {
		return asked, nil
	}
	if len(raw) > maxClaims {
		return asked, errClaims
	}
	top, err := members([]byte(raw))
	if err != nil {
		return asked, err
	}
	access, err := section(top["access_token"])
	if err != nil {
		return asked, err
	}
	id, err := section(top["id_token"])
	if err != nil {
		return asked, err
	}
	if _, err := section(top["userinfo"]); err != nil {
		return asked, err
	}
	if capable(access["xms_cc"]) {
		asked.capabilities = []string{"cp1"}
	}
	if asked.contexts, err = contexts(access["acrs"]); err != nil {
		return asked, err
	}
	if asked.idContexts, err = contexts(id["acrs"]); err != nil {
		return asked, err
	}
	if asked.policies, err = texts(access["capolids"], directory.IsID); err != nil {
		return asked, err
	}
	moments, err := texts(access["nbf"], isMoment)
	for _, m := range moments {
		asked.notBefore, _ = strconv.ParseInt(m, 10, 64) // isMoment parsed it
	}
	return asked, err
}

// section reads one of the members of a claims request: claims by name.
func section(raw json.RawMessage) (map[string]wanted, error) {
	if raw == nil || string(raw) == "null" {
		return nil, nil
	}
	claims, err := members(raw)
	if err != nil {
		return nil, err
	}
	out := make(map[string]wanted, len(claims))
	for name, detail := range claims {
		var w wanted
		if string(detail) != "null" {
			if _, err := members(detail); err != nil {
				return nil, err
			}
			if err := json.Unmarshal(detail, &w); err != nil {
				return nil, errClaims
			}
		}
		out[name] = w
	}
	return out, nil
}

// members takes one JSON object apart and refuses names that come twice, of
// which parsers see either.
func members(raw []byte) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	open, err := d.Token()
	if err != nil || open != json.Delim('{') {
		return nil, errClaims
	}
	out := map[string]json.RawMessage{}
	for d.More() {
		key, err := d.Token()
		name, ok := key.(string)
		if err != nil || !ok {
			return nil, errClaims
		}
		var value json.RawMessage
		if _, twice := out[name]; twice || d.Decode(&value) != nil {
			return nil, errClaims
		}
		out[name] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, errClaims
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errClaims
	}
	return out, nil
}

// texts lists the values that a claim is to have. They may be numbers too.
func texts(w wanted, valid func(string) bool) ([]string, error) {
	list := w.Values
	if w.Value != nil {
		list = append(slices.Clone(list), w.Value)
	}
	var out []string
	for _, item := range list {
		text := string(item)
		if strings.HasPrefix(text, `"`) {
			if err := json.Unmarshal(item, &text); err != nil {
				return nil, errClaims
			}
		}
		if !valid(text) {
			return nil, errClaims
		}
		out = append(out, text)
	}
	return out, nil
}

// capable reports whether the client says that it handles claims challenges.
// Other capabilities are not looked at.
func capable(w wanted) bool {
	list, _ := texts(w, func(string) bool { return true })
	return slices.ContainsFunc(list, func(name string) bool { return strings.EqualFold(name, "cp1") })
}

func contexts(w wanted) ([]string, error) { return texts(w, directory.IsContext) }

func isMoment(s string) bool {
	n, err := strconv.ParseInt(s, 10, 64)
	return err == nil && n >= 0
}

// challenge writes the claims parameter that a client is to send back.
func challenge(claim string, value any) string {
	text, _ := json.Marshal(map[string]any{"access_token": map[string]any{claim: value}}) // strings always marshal
	return string(text)
}

// essential asks for a claim with one value, or with one of several.
func essential(value string) any { return map[string]any{"essential": true, "value": value} }

func essentialOf(values ...string) any { return map[string]any{"essential": true, "values": values} }
