package msal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/msal-go/msal/internal/oauth"
	"github.com/msal-go/msal/internal/tokencache"
)

// extra is what one request sends beside what its flow sends: the caller's own
// parameters, checked. The zero extra is none of it.
//
// Requests name their parameters where they ask for the token, so that a flow
// which begins in one process and ends in another holds none of them.
type extra struct {
	form      oauth.Form // by name
	key       string     // ext_cache_key; empty if nothing sets the token apart
	digest    string     // tells apart what has the same key
	flight    string     // all of it, as part of a flight key
	fmiPath   string
	keyID     string // of the key that the token is to be bound to
	tokenType string // empty: not said, which means Bearer
}

const (
	maxExtraParameters = 64
	maxExtraName       = 100
	maxExtraValue      = 64 << 10
)

var (
	errManyParameters = errors.New("there are more than 64 extra parameters")
	errOwnParameter   = errors.New("the library sets it itself")
	errParameterName  = errors.New("it is no name of a parameter")
	errParameterText  = errors.New("its value is not printable text of at most 64 KiB")
	errNoKeyID        = errors.New("a token that is bound to a key needs the parameter key_id")
	errNoReqCnf       = errors.New("a token that is bound to a key needs the parameter req_cnf")
	errKeyForBearer   = errors.New("key_id and req_cnf come without a token_type that is bound to a key")
	errProviderAsks   = errors.New("a TokenProvider is not told of extra parameters and of FMIPath")
)

const opParameters = "read the extra parameters"

// newExtra checks what the caller gave. Empty values count as absent, as
// everywhere in the family (RFC 6749 section 3.2 has it so too).
func newExtra(params map[string]string, fmiPath string) (extra, error) {
	if len(params) == 0 && fmiPath == "" {
		return extra{}, nil
	}
	if len(params) > maxExtraParameters {
		return extra{}, configError(opParameters, "leave out what the service does not need", errManyParameters)
	}
	all := make(map[string]string, len(params)+1)
	for name, value := range params {
		if err := checkParameter(name, value); err != nil {
			return extra{}, err
		}
		if value != "" {
			all[name] = value
		}
	}
	if fmiPath != "" {
		if !printable(fmiPath) {
			return extra{}, configError("read FMIPath", "give the path as text, such as SomePath/SomeCredential", errParameterText)
		}
		all["fmi_path"] = fmiPath
	}
	x := extra{key: tokencache.ExtendedKey(all), digest: tokencache.ExtendedDigest(all), fmiPath: fmiPath, keyID: all["key_id"], tokenType: all["token_type"]}
	if err := x.checkBinding(all["req_cnf"]); err != nil {
		return extra{}, err
	}
	parts := make([]string, 0, 2*len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		x.form.Add(name, all[name])
		parts = append(parts, name, all[name])
	}
	x.flight = fetchKey(parts...)
	return x, nil
}

// checkBinding makes sure that a token which is bound to a key can be told from
// tokens of other keys. MSAL Python asks this of ssh-cert only.
func (x extra) checkBinding(reqCnf string) error {
	const hint = "key_id is your name for the key, such as its thumbprint; req_cnf is the key as the service wants it for this token_type"
	bound := x.bound()
	switch {
	case bound && x.keyID == "":
		return configError(opParameters, hint, errNoKeyID)
	case bound && reqCnf == "" && !strings.EqualFold(x.tokenType, "mtls_pop"): // whose key is the TLS certificate's
		return configError(opParameters, hint, errNoReqCnf)
	case !bound && x.keyID+reqCnf != "":
		return configError(opParameters, "give a token_type such as pop or ssh-cert, or leave them out", errKeyForBearer)
	}
	return nil
}

// bound reports whether a token is asked for that is more than a bearer token.
func (x extra) bound() bool { return x.tokenType != "" && !strings.EqualFold(x.tokenType, "Bearer") }

func checkParameter(name, value string) error {
	switch {
	case !isParameterName(name):
		return configError(opParameters, "use letters, digits, '-', '.' and '_'", fmt.Errorf("%q: %w", oauth.Shorten(name, maxExtraName), errParameterName))
	case isOwnParameter(name):
		return configError(opParameters, ownParameterHint(name), fmt.Errorf("%q: %w", name, errOwnParameter))
	case value != "" && !printable(value):
		return configError(opParameters, "", fmt.Errorf("%q: %w", name, errParameterText))
	}
	return nil
}

// isParameterName knows the names of RFC 6749 appendix A, section 8.2.
func isParameterName(name string) bool {
	return name != "" && len(name) <= maxExtraName && !strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_')
	})
}

// isOwnParameter names what a flow of this library sends: a second value would
// ask another question than the one that the answer is cached for. Services may
// read names in any letter case.
func isOwnParameter(name string) bool {
	switch strings.ToLower(name) {
	case "client_id", "client_secret", "client_assertion", "client_assertion_type", "client_info", "grant_type", "scope", "claims",
		"code", "code_verifier", "redirect_uri", "device_code", "refresh_token", "username", "password",
		"assertion", "requested_token_use", "user_federated_identity_credential", "user_id", "fmi_path",
		"resource": // which is the scope of former versions
		return true
	}
	return false
}

func ownParameterHint(name string) string {
	switch strings.ToLower(name) {
	case "fmi_path":
		return "use ForClientRequest.FMIPath"
	case "claims":
		return "use the Claims of the request"
	case "scope", "resource":
		return "use the Scopes of the request"
	}
	return "use the field of the request or of the client that stands for it"
}

func printable(value string) bool {
	return len(value) <= maxExtraValue && utf8.ValidString(value) && !strings.ContainsFunc(value, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t'
	})
}

// narrow makes q ask for the token of this request only.
func (x *extra) narrow(q *tokencache.Query) {
	q.ExtKey, q.ExtDigest = x.key, x.digest
	if x.bound() {
		q.KeyID, q.TokenType = x.keyID, x.tokenType
	}
}

// checkProvider refuses what would be kept as an answer to parameters that
// nobody was told of.
func (x *extra) checkProvider(p prover) error {
	if _, ok := p.(TokenProvider); ok && len(x.form) > 0 {
		return configError("request a token", "give NewConfidentialClient another credential", errProviderAsks)
	}
	return nil
}

// checkTokenType refuses a token that is not of the type that was asked for:
// whoever asked for one that is bound to a key would present a bearer token, and
// whoever did not has no key for it (RFC 6749 section 7.1).
func (c *core) checkTokenType(ctx context.Context, g grant, resp *oauth.TokenResponse) error {
	asked := g.extra.tokenType
	switch {
	case g.extra.bound() && strings.EqualFold(resp.TokenType, asked):
		return nil
	case !g.extra.bound() && !tokencache.Bound(resp.TokenType):
		return nil
	}
	err := &OpError{Op: "request a token", Kind: ErrProtocol, Hint: "does the service know the token_type?",
		Err: fmt.Errorf("the answer has the token_type %q, asked for was %q", oauth.Shorten(resp.TokenType, 40), firstOf(asked, "Bearer"))}
	c.log.WarnContext(ctx, "a token of the wrong type was refused", "grant_type", g.kind, "correlation_id", g.correlationID)
	return err
}
