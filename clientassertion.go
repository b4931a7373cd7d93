package msal

import (
	"context"
	"errors"
	"log/slog"
	"strings"
)

// Assertion is a ready client assertion (RFC 7523): a JWT that somebody else
// signed. It serves until it expires, mostly after some minutes, so most
// programs want an AssertionFunc or an AssertionFile. Printing an Assertion does
// not show it.
type Assertion string

func (a Assertion) bind(*slog.Logger) (prover, string, error) {
	if err := checkAssertion(string(a)); err != nil {
		return nil, "", err
	}
	return &boundAssertion{string(a)}, "", nil
}

// boundAssertion is used by pointer, as boundSecret is.
type boundAssertion struct{ value string }

func (a *boundAssertion) prove(context.Context, audience) (proof, error) {
	return proof{assertion: a.value}, nil
}

// String hides the assertion.
func (a Assertion) String() string { return redacted }

// GoString hides the assertion.
func (a Assertion) GoString() string { return redacted }

// LogValue hides the assertion.
func (a Assertion) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText hides the assertion, in JSON too.
func (a Assertion) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// AssertionFile is the path of a file with a client assertion, which somebody
// keeps fresh: such as the projected service account token of a Kubernetes pod,
// whose path is in the environment variable AZURE_FEDERATED_TOKEN_FILE.
//
// The file is read for each request that goes to the service, so that a change
// counts at once. It may be a symbolic link, is at most 64 KiB long, and need
// not exist yet when the client is made. A request that finds no assertion in
// it fails with *CredentialError.
type AssertionFile string

func (f AssertionFile) bind(*slog.Logger) (prover, string, error) {
	if f == "" {
		return nil, "", configError("use the client assertion", "is the variable that should hold the path set?", errors.New("the path of its file is empty"))
	}
	return f, "", nil
}

func (f AssertionFile) prove(context.Context, audience) (proof, error) {
	data, err := readFile(string(f), maxAssertion)
	if err != nil {
		return proof{}, &CredentialError{Op: "read the client assertion", Reason: CredentialFile, Err: err}
	}
	jwt := strings.TrimSpace(string(data))
	if err := checkAssertion(jwt); err != nil {
		return proof{}, err
	}
	return proof{assertion: jwt}, nil
}

// AssertionRequest says what a client assertion is for.
type AssertionRequest struct {
	// ClientID is the client that identifies itself: iss and sub of an
	// assertion that is signed for this purpose.
	ClientID string
	// TokenEndpoint is the URL for the aud of such an assertion. For Entra it
	// is the global endpoint, also when a region is asked.
	TokenEndpoint string
	// TenantID is the tenant as the authority names it: an id, a domain, or
	// "organizations" and the like.
	TenantID string
	// FMIPath is the request's path of a federated managed identity. It is
	// empty in most requests.
	FMIPath string
}

// AssertionFunc gets a client assertion: from a key vault that signs, or a
// workload identity provider. It is called for each request that goes to the
// service, possibly from several goroutines at once; it caches what is worth
// it. Its context has the values of the caller's and ends after 30 s, not when
// the caller gives up: others may wait for the same token.
//
// Its errors reach the caller wrapped, for errors.Is and errors.As.
type AssertionFunc func(ctx context.Context, r AssertionRequest) (string, error)

func (f AssertionFunc) bind(*slog.Logger) (prover, string, error) {
	if f == nil {
		return nil, "", configError("use the client assertion", "give a function", errors.New("the AssertionFunc is nil"))
	}
	return f, "", nil
}

func (f AssertionFunc) prove(ctx context.Context, a audience) (proof, error) {
	ctx, cancel := context.WithTimeout(ctx, callbackTimeout)
	defer cancel()
	jwt, err := f(ctx, AssertionRequest{ClientID: a.clientID, TokenEndpoint: a.endpoint, TenantID: a.tenantID, FMIPath: a.fmiPath})
	if err != nil {
		return proof{}, wrap("get a client assertion", err)
	}
	if err := checkAssertion(jwt); err != nil {
		return proof{}, err
	}
	return proof{assertion: jwt}, nil
}

// maxAssertion bounds an assertion; with a chain of certificates one has about
// 10 KiB.
const maxAssertion = 64 << 10

// checkAssertion makes sure that what is sent looks like a JWT: three parts of
// base64url (RFC 7515), or five if it is encrypted (RFC 7516). Whether it is a
// good one, the service says.
func checkAssertion(jwt string) error {
	err := errNotJWT
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
	dots := strings.Count(jwt, ".")
	switch {
	case jwt == "":
		err = errEmptyAssertion
	case len(jwt) > maxAssertion:
		err = errLongAssertion
	case (dots == 2 || dots == 4) && jwt[0] != '.' && !strings.ContainsFunc(jwt, func(r rune) bool { return !strings.ContainsRune(alphabet, r) }):
		return nil
	}
	return &CredentialError{Op: "use the client assertion", Reason: CredentialMalformed, Err: err}
}

var (
	errEmptyAssertion = errors.New("it is empty: has whoever writes it done so?")
	errLongAssertion  = errors.New("it is longer than 64 KiB, which no service takes")
	errNotJWT         = errors.New("it is not a JWT (three parts of base64url with dots between, and nothing around them): give the assertion alone, without a prefix or quotes")
)
