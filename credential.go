package msal

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/msal-go/msal/internal/assertion"
	"github.com/msal-go/msal/internal/authority"
	"github.com/msal-go/msal/internal/oauth"
)

// A Credential proves that a confidential client is what it says it is. Give
// NewConfidentialClient one of:
//
//	Secret                         a client secret
//	Certificate                    a key and its certificate; CertificateFunc if they change
//	AssertionFile, AssertionFunc   a client assertion that somebody else signs; Assertion if it is at hand
//	TokenProvider                  none: tokens come from elsewhere
type Credential interface {
	// bind checks the credential and returns the value that signs requests,
	// and a digest that tells credentials apart; empty if that is impossible.
	bind(log *slog.Logger) (p prover, digest string, err error)
}

// prover adds a credential to token requests. It is safe for concurrent use.
type prover interface {
	prove(ctx context.Context, a audience) (proof, error)
}

// audience says for whom, and as whom, a client proves itself.
type audience struct {
	endpoint string // token endpoint; never the regional one
	clientID string
	tenantID string
	fmiPath  string // of the request; mostly empty
	grant    string // grant_type
	// single asks for a proof that was never used before. Entra takes an
	// assertion again and again, as all of the family send it; other
	// providers may refuse that.
	single bool
}

// callbackTimeout bounds the caller's functions in credentials. Nothing else
// does: a token request is detached from the call that began it, and callers
// that come later would wait for it forever.
const callbackTimeout = 30 * time.Second

func (c *core) audience(p *place, g grant) audience {
	return audience{
		endpoint: p.meta.TokenEndpoint, clientID: c.clientID, tenantID: p.meta.Realm, fmiPath: g.extra.fmiPath, grant: g.kind,
		single: p.meta.Kind == authority.OIDC,
	}
}

// proof is what a credential adds to one request, by where it goes in the form.
type proof struct {
	assertion string // client_assertion
	secret    string // client_secret
}

// clientAssertionType is RFC 7523 section 2.2.
const clientAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// apply adds the client's identification to a form, in the family's order.
func (p proof) apply(f *oauth.Form, clientID, grant string) {
	f.Add("client_id", clientID)
	f.Add("grant_type", grant)
	f.Add("client_assertion", p.assertion)
	f.Add("client_info", "1")
	f.Add("client_secret", p.secret)
	if p.assertion != "" {
		f.Add("client_assertion_type", clientAssertionType)
	}
}

// Secret is a client secret. It is sent in the body of token requests (RFC 6749
// section 2.3.1), never in a URL. Printing a Secret does not show it.
type Secret string

func (s Secret) bind(*slog.Logger) (prover, string, error) {
	if s == "" {
		return nil, "", configError("use the client secret", "is the variable that should hold it set?", errors.New("it is empty"))
	}
	sum := sha256.Sum256([]byte(s))
	return &boundSecret{string(s)}, "secret " + hex.EncodeToString(sum[:]), nil
}

// boundSecret is used by pointer: fmt prints what is in unexported fields, where
// it can call no method, but of a pointer only the address.
type boundSecret struct{ value string }

func (s *boundSecret) prove(context.Context, audience) (proof, error) {
	return proof{secret: s.value}, nil
}

// Format hides the secret, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

const redacted = "[redacted]"

// String hides the secret.
func (s Secret) String() string { return redacted }

// GoString hides the secret.
func (s Secret) GoString() string { return redacted }

// LogValue hides the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText hides the secret, in JSON too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// X5C says which certificates go into the x5c header of client assertions.
// Registrations by subject name and issuer need it.
type X5C int

const (
	// X5CNone sends the thumbprint alone.
	X5CNone X5C = iota
	// X5CLeaf sends the client's certificate.
	X5CLeaf
	// X5CChain sends the client's certificate and all others given with it.
	X5CChain
)

// Certificate is a client certificate with its private key. Assertions (RFC
// 7523) are signed with it, and reused until shortly before they expire.
type Certificate struct {
	// Key signs. It may be a key in memory, a TPM, an HSM or a cloud KMS: only
	// Public and Sign are called, and Sign possibly from several goroutines. A
	// signature that Public does not confirm is an error, and goes nowhere.
	Key crypto.Signer
	// Chain holds the client's certificate first, then its issuers if any. An
	// expired certificate is a warning in the log, not an error: what counts
	// is the service's judgement.
	Chain []*x509.Certificate
	// SendX5C puts certificates into the assertion's header.
	SendX5C X5C
	// Thumbprint names the certificate when it is not at hand, only its key: in
	// hexadecimal digits of either case, with or without colons. 40 digits are
	// the SHA-1 thumbprint and mean SHA1, 64 the SHA-256 thumbprint. Beside a
	// Chain it must be that of its first certificate, and chooses between the
	// two. Empty takes it from the Chain.
	Thumbprint string
	// SHA1 identifies the certificate by its SHA-1 thumbprint (x5t, signed
	// with RS256), as AD FS needs it, instead of x5t#S256 and PS256.
	SHA1 bool
	// Claims are signed into every assertion, such as "client_ip". They are
	// added to those of RFC 7523 section 3 and override them: aud, iss, sub,
	// jti, iat, nbf and exp. Values are written as encoding/json writes them,
	// when the client is made; later changes have no effect.
	Claims map[string]any
}

// String describes the certificate without its key.
func (c Certificate) String() string {
	if len(c.Chain) == 0 || c.Chain[0] == nil {
		return "certificate credential"
	}
	return "certificate credential " + c.Chain[0].Subject.String()
}

// GoString is String.
func (c Certificate) GoString() string { return c.String() }

// LogValue is String.
func (c Certificate) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText is String, so that JSON shows no key either.
func (c Certificate) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

func (c Certificate) bind(log *slog.Logger) (prover, string, error) {
	s, err := c.signer(log)
	if err != nil {
		return nil, "", err
	}
	if len(c.Chain) == 0 { // different keys may go by one thumbprint
		return s, "", nil
	}
	sum := sha256.Sum256(c.Chain[0].Raw)
	return s, fmt.Sprintf("certificate %x %d %v %d %v", sum, c.SendX5C, c.SHA1, len(c.Thumbprint), c.Claims), nil
}

func (c Certificate) signer(log *slog.Logger) (*signer, error) {
	mode := map[X5C]assertion.X5C{X5CNone: assertion.None, X5CLeaf: assertion.Leaf, X5CChain: assertion.Chain}
	x5c, ok := mode[c.SendX5C]
	if !ok {
		return nil, configError("use the client certificate", "use one of the X5C constants", errors.New("unknown SendX5C"))
	}
	key := assertion.Key{Signer: c.Key, Certificates: c.Chain, X5C: x5c, Legacy: c.SHA1, Claims: c.Claims}
	if c.Thumbprint != "" {
		var err error
		if key.Thumbprint, err = assertion.ParseThumbprint(c.Thumbprint); err != nil {
			return nil, credentialError("use the client certificate", err)
		}
	}
	source, err := assertion.New(key)
	if err != nil {
		return nil, credentialError("use the client certificate", err)
	}
	if until, expired := source.Expired(time.Now()); expired {
		log.Warn("the client certificate has expired; the service will probably refuse it",
			"subject", c.Chain[0].Subject.String(), "not_after", until)
	}
	return &signer{source}, nil
}

// signer proves by client assertions.
type signer struct{ source *assertion.Source }

func (s *signer) prove(ctx context.Context, a audience) (proof, error) {
	var jwt string
	var err error
	if a.single {
		jwt, err = s.source.Single(ctx, a.endpoint, a.clientID)
	} else {
		jwt, err = s.source.Assertion(ctx, a.endpoint, a.clientID)
	}
	switch {
	case err == nil:
	case ctx.Err() != nil: // it is the caller who had enough, or the key is slow
		return proof{}, &OpError{Op: "sign the client assertion", Err: err}
	case errors.Is(err, assertion.ErrWrongSignature):
		return proof{}, &OpError{Op: "sign the client assertion", Kind: ErrConfiguration, Hint: wrongSignatureHint, Err: err}
	default:
		return proof{}, &OpError{Op: "sign the client assertion", Kind: ErrConfiguration, Hint: "is the key still there and allowed to sign?", Err: err}
	}
	return proof{assertion: jwt}, nil
}

// wrongSignatureHint is for devices that do RSA-PSS their own way, such as TPMs
// of specification 1.38 (part 1, section B.7), whose salt is as long as fits.
const wrongSignatureHint = "can the device do RSA-PSS with SHA-256 and a salt of 32 bytes (PS256)? If not, Certificate.SHA1 asks for RS256"
