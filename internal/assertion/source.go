// Package assertion makes client assertions (RFC 7523): short-lived JWTs by
// which a confidential client proves with a certificate's key who it is.
//
// Any crypto.Signer will do. Entra ID documents RSA keys: PS256 with the
// certificate's SHA-256 thumbprint, or RS256 with the SHA-1 thumbprint for
// AD FS. ES256 is for other providers; whether Entra ID takes it is unverified.
package assertion

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// lifetime of an assertion, as in all MSAL libraries.
	lifetime = 600 * time.Second
	// margin before its end from which an assertion is not reused.
	margin = 60 * time.Second
	// maxMemo bounds the assertions that are kept: one per token endpoint and
	// client id, so a service of very many tenants signs more often instead.
	maxMemo = 1024
)

// X5C says which certificates go into the x5c header.
type X5C int

// The settings of x5c. Entra registrations by subject name and issuer need
// the certificates; others need the thumbprint only, which is always sent.
const (
	None X5C = iota
	Leaf
	Chain
)

// Key describes the key, its certificates and the shape of assertions.
type Key struct {
	// Signer is the private key, anywhere. Only Public and Sign are called,
	// Sign possibly from several goroutines at once.
	Signer crypto.Signer
	// Certificates holds the certificate of Signer first, then its issuers.
	Certificates []*x509.Certificate
	// X5C says which of them to send.
	X5C X5C
	// Legacy asks for RS256 and the SHA-1 thumbprint (x5t), for AD FS.
	Legacy bool
	// Thumbprint names a certificate that is not at hand: its SHA-1 (which asks
	// for Legacy) or SHA-256 digest. With Certificates it must be the first's.
	Thumbprint []byte
	// Claims are added to the assertion and override its own.
	Claims map[string]any
}

// Source makes assertions and remembers them. It is safe for concurrent use.
type Source struct {
	signer *keySigner
	jose   jose.Signer
	leaf   *x509.Certificate // nil if only its thumbprint is known
	extra  map[string]json.RawMessage

	mu   sync.Mutex
	memo map[identity]*entry
	// spare holds what was begun for Single and left by its caller. It grows
	// with the callers who leave at the same time, not with all who ever did.
	spare map[identity][]*entry
}

// identity is what an assertion depends on besides the key.
type identity struct{ audience, clientID string }

// entry is an assertion, or the making of it.
type entry struct {
	done  chan struct{} // closed when the rest is set
	jwt   string
	err   error
	until time.Time // not handed out from here on
}

// New checks k and prepares a source of assertions. Nothing is signed yet.
//
// Errors: ErrNoKey, ErrNoCertificate, ErrX5C, *KeyTypeError, *KeyMismatchError,
// *ThumbprintError, *ClaimsError.
func New(k Key) (*Source, error) {
	legacy, err := k.legacy()
	if err != nil {
		return nil, err
	}
	signer, err := newKeySigner(k.Signer, legacy)
	if err != nil {
		return nil, err
	}
	var leaf *x509.Certificate
	if len(k.Certificates) > 0 || len(k.Thumbprint) == 0 {
		if err := matchLeaf(signer.public, k.Certificates); err != nil {
			return nil, err
		}
		leaf = k.Certificates[0]
	}
	thumbprint, err := k.thumbprint(leaf, legacy)
	if err != nil {
		return nil, err
	}
	extra, err := encodeClaims(k.Claims)
	if err != nil {
		return nil, err
	}
	options, err := header(k, thumbprint, legacy)
	if err != nil {
		return nil, err
	}
	js, err := jose.NewSigner(jose.SigningKey{Algorithm: signer.algorithm, Key: signer}, options)
	if err != nil {
		return nil, &SignError{Err: err} // the algorithms were matched above
	}
	return &Source{
		signer: signer,
		jose:   js,
		leaf:   leaf,
		extra:  extra,
		memo:   map[identity]*entry{},
		spare:  map[identity][]*entry{},
	}, nil
}

// Assertion returns an assertion of clientID for audience, which is usually
// the URL of the token endpoint. The same one is returned until a minute before
// its ten minutes are over; callers who come while it is being signed share it.
//
// A caller whose context ends stops waiting; the signing goes on for the
// others. A failure is *SignError, and the next call tries again.
func (s *Source) Assertion(ctx context.Context, audience, clientID string) (string, error) {
	e := s.entry(identity{audience, clientID})
	select {
	case <-e.done:
		return e.jwt, e.err
	default:
	}
	select {
	case <-e.done:
		return e.jwt, e.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// Single returns an assertion that was never handed out before, for providers
// that refuse to see one twice (RFC 7523, section 3, item 7).
//
// A caller whose context ends stops waiting; what the key signs for it then goes
// to the next caller, so that a key that hangs is not asked ever more often. A
// failure is *SignError.
func (s *Source) Single(ctx context.Context, audience, clientID string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	id := identity{audience, clientID}
	e := s.spareOrNew(id)
	select {
	case <-e.done:
		return e.jwt, e.err
	case <-ctx.Done():
		s.mu.Lock()
		s.spare[id] = append(s.spare[id], e)
		s.mu.Unlock()
		return "", ctx.Err()
	}
}

// spareOrNew finds a signing for id that its caller has left, or begins one.
// What has failed meanwhile, or is about to expire, is no good.
func (s *Source) spareOrNew(id identity) *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	for list := s.spare[id]; len(list) > 0; list = s.spare[id] {
		e := list[len(list)-1]
		if s.spare[id] = list[:len(list)-1]; len(list) == 1 {
			delete(s.spare, id)
		}
		if e.until.IsZero() || e.err == nil && time.Now().Before(e.until) {
			return e
		}
	}
	e := &entry{done: make(chan struct{})}
	go s.fill(id, e)
	return e
}

// entry finds the assertion for id, or starts to make one. The key may sit in
// an HSM that answers slowly and knows no contexts, hence the goroutine.
func (s *Source) entry(id identity) *entry {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.memo[id]; ok && (e.until.IsZero() || now.Before(e.until)) {
		return e
	}
	s.makeRoom(now)
	e := &entry{done: make(chan struct{})}
	s.memo[id] = e
	go s.fill(id, e)
	return e
}

// fill makes the assertion of e. until stays zero while it is being made.
func (s *Source) fill(id identity, e *entry) {
	now := time.Now()
	jwt, err := s.sign(id, now)
	s.mu.Lock()
	e.jwt, e.err, e.until = jwt, err, now.Add(lifetime-margin)
	if err != nil && s.memo[id] == e {
		delete(s.memo, id)
	}
	s.mu.Unlock()
	close(e.done)
}

// makeRoom drops what has expired and, if that is not enough, what expires
// first. Assertions that are being made stay.
func (s *Source) makeRoom(now time.Time) {
	if len(s.memo) < maxMemo {
		return
	}
	var first identity
	var until time.Time
	for id, e := range s.memo {
		switch {
		case e.until.IsZero():
		case !now.Before(e.until):
			delete(s.memo, id)
		case until.IsZero() || e.until.Before(until):
			first, until = id, e.until
		}
	}
	if len(s.memo) >= maxMemo && !until.IsZero() {
		delete(s.memo, first)
	}
}

// Expired returns when the certificate ends and whether that is before now. It
// is no error to use it: the service decides. Of a certificate that is not at
// hand nobody knows.
func (s *Source) Expired(now time.Time) (time.Time, bool) {
	if s.leaf == nil {
		return time.Time{}, false
	}
	return s.leaf.NotAfter, now.After(s.leaf.NotAfter)
}
