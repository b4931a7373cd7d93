package idtoken

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/msal-go/msal/internal/authority/flight"
	"github.com/msal-go/msal/internal/httpx"
)

const (
	// keepFor is how long keys are used before they are fetched again.
	keepFor = 24 * time.Hour
	// keepInOutage is how old keys may get while new ones cannot be had.
	keepInOutage = 7 * 24 * time.Hour
	// refetchEvery is the shortest time between two fetches that tokens can
	// provoke with key ids of their own invention.
	refetchEvery = time.Minute
	// retryAfter is the pause before the second try of a fetch that must not
	// fail lightly.
	retryAfter = time.Second
)

// KeySet verifies signatures with the keys that an issuer serves. It fetches
// them when it first needs them, once for any number of callers, and again after
// a day or when a token names a key it does not know. It is safe for concurrent
// use.
type KeySet struct {
	http    *httpx.Client
	uri     string
	flights flight.Group[struct{}, *keyring]

	mu    sync.Mutex
	ring  *keyring  // nil until the first success
	tried time.Time // when a fetch last began
}

// keyring is the key set as it was at one time. It is never changed: a new one
// replaces it, so that keys that the issuer withdraws are gone.
type keyring struct {
	keys    []key
	fetched time.Time
}

// NewKeySet returns the keys at jwksURI, the jwks_uri of the issuer's metadata.
// Nothing is fetched yet.
func NewKeySet(h *httpx.Client, jwksURI string) *KeySet {
	return &KeySet{http: h, uri: jwksURI}
}

// Ready fetches the keys unless they are at hand. It is for before a code is
// redeemed: a code is good once, and an outage found afterwards costs a sign-in.
//
// Errors are of type *Error with ReasonKeys, or the cause of ctx.
func (k *KeySet) Ready(ctx context.Context) error {
	_, err := k.current(ctx)
	return err
}

// Verify reports whether the ID token raw was signed by the issuer whose keys
// these are. It does not look at the claims, except that a key which is bound to
// one issuer must have signed for that issuer.
//
// A key that is new since the last fetch is fetched now, when the code that the
// token was got with is already spent. So this fetch is tried a second time, a
// second later, if the first failure may go away by itself.
//
// Errors are of type *Error, with ReasonMalformed, ReasonAlgorithm, ReasonKeyID,
// ReasonSignature, ReasonIssuer or ReasonKeys, or the cause of ctx.
func (k *KeySet) Verify(ctx context.Context, raw string) error {
	s, err := readSignature(raw)
	if err != nil {
		return err
	}
	ring, err := k.current(ctx)
	if err != nil {
		return err
	}
	failure := ring.verify(s)
	if failure == nil {
		return nil
	}
	// A key that is not there may be new. Without a key id, any may be.
	if failure.Reason == ReasonKeyID || failure.Reason == ReasonSignature && s.keyID == "" {
		newer, err := k.newer(ctx, ring)
		if err != nil {
			return err
		}
		if newer != ring {
			failure = newer.verify(s)
		}
	}
	if failure != nil {
		return failure
	}
	return nil
}

// signature is a token with what its header says about the signature.
type signature struct {
	jws       *jose.JSONWebSignature
	algorithm jose.SignatureAlgorithm
	keyID     string // empty if the header has none
	issuer    string // the iss claim
}

func readSignature(raw string) (signature, error) {
	t, err := split(raw)
	if err != nil {
		return signature{}, err
	}
	for _, name := range [...]string{"crit", "b64"} {
		if _, ok := t.header[name]; ok {
			return signature{}, malformed("header", "demands an extension that is not supported")
		}
	}
	var s signature
	name, ok := t.header["alg"].(string)
	s.algorithm = jose.SignatureAlgorithm(name)
	if !ok || !slices.Contains(algorithms[:], s.algorithm) {
		return signature{}, &Error{Reason: ReasonAlgorithm, Part: "header", Problem: "names no algorithm that proves who signed"}
	}
	if s.keyID, ok = t.header["kid"].(string); !ok && t.header["kid"] != nil {
		return signature{}, malformed("header", "has a key id that is not a string")
	}
	s.issuer, _ = t.payload["iss"].(string)
	// Keys and addresses of keys in the header are not looked at: the token must
	// not bring the key that it is verified with.
	if s.jws, err = jose.ParseSignedCompact(raw, algorithms[:]); err != nil {
		return signature{}, malformed("", "is not a signed JWT")
	}
	return s, nil
}

// verify returns nil when one of r's keys made the signature.
func (r *keyring) verify(s signature) *Error {
	var candidates []key
	named := false
	for _, k := range r.keys {
		if s.keyID != "" && k.id != s.keyID {
			continue
		}
		named = true
		if k.fits(s.algorithm) {
			candidates = append(candidates, k)
		}
	}
	switch {
	case !named:
		return &Error{Reason: ReasonKeyID, Part: "header", Problem: "names a key that the issuer does not have"}
	case s.keyID == "" && len(candidates) != 1:
		// OpenID Connect Core 1.0, section 10.1: a key id is needed to choose.
		return &Error{Reason: ReasonKeyID, Part: "header", Problem: "names no key, and the issuer does not have exactly one that suits"}
	case len(candidates) == 0:
		return &Error{Reason: ReasonAlgorithm, Part: "header", Problem: "names an algorithm that its key is not for"}
	}
	for _, k := range candidates {
		if _, err := s.jws.Verify(k.public); err != nil {
			continue
		}
		if !k.signsFor(s.issuer) {
			return &Error{Reason: ReasonIssuer, Part: "iss", Problem: "is not the issuer that the signing key belongs to", Got: s.issuer, Want: k.issuer}
		}
		return nil
	}
	return &Error{Reason: ReasonSignature, Part: "signature", Problem: "was not made by the issuer's key"}
}

// current returns the keys to begin with.
func (k *KeySet) current(ctx context.Context) (*keyring, error) {
	ring, tried := k.look()
	if ring == nil {
		return k.fetchOnce(ctx, nil, 1)
	}
	age := time.Since(ring.fetched)
	if age < keepFor || age < keepInOutage && time.Since(tried) < refetchEvery {
		return ring, nil
	}
	fresh, err := k.fetchOnce(ctx, ring, 1)
	if err != nil && ctx.Err() == nil && age < keepInOutage {
		return ring, nil
	}
	return fresh, err
}

// newer returns the keys after another fetch, or ring itself when the last one
// is too recent.
func (k *KeySet) newer(ctx context.Context, ring *keyring) (*keyring, error) {
	latest, tried := k.look()
	if latest != ring || time.Since(tried) < refetchEvery {
		return latest, nil
	}
	return k.fetchOnce(ctx, ring, 2)
}

func (k *KeySet) look() (*keyring, time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ring, k.tried
}

// fetchOnce fetches the keys, once for all callers who have seen the same ring,
// in at most that many tries.
func (k *KeySet) fetchOnce(ctx context.Context, seen *keyring, tries int) (*keyring, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return k.flights.Do(ctx, struct{}{}, func(ctx context.Context) (*keyring, error) {
		if latest, _ := k.look(); latest != seen {
			return latest, nil
		}
		k.mu.Lock()
		k.tried = time.Now()
		k.mu.Unlock()
		keys, err := k.fetch(ctx)
		for ; tries > 1 && transient(err); tries-- {
			if err := pause(ctx, retryAfter); err != nil {
				return nil, err
			}
			keys, err = k.fetch(ctx)
		}
		if err != nil {
			return nil, err
		}
		ring := &keyring{keys: keys, fetched: time.Now()}
		k.mu.Lock()
		k.ring = ring
		k.mu.Unlock()
		return ring, nil
	})
}

func (k *KeySet) fetch(ctx context.Context) ([]key, error) {
	fail := &Error{Reason: ReasonKeys, Problem: "cannot be verified: the issuer's keys were not fetched"}
	if k.uri == "" {
		fail.Problem = "cannot be verified: the issuer's metadata names no keys"
		return nil, fail
	}
	res, err := k.http.Get(ctx, k.uri, http.Header{"Accept": {"application/json"}})
	if err != nil {
		fail.Err = err
		return nil, fail
	}
	if res.Status != http.StatusOK {
		fail.Status = res.Status
		fail.Problem += " (HTTP " + strconv.Itoa(res.Status) + ")"
		return nil, fail
	}
	keys, ok := parseKeys(res.Body)
	if !ok {
		fail.Problem = "cannot be verified: the issuer's answer has no keys that can be used"
		return nil, fail
	}
	return keys, nil
}

// transient reports whether err, of a fetch, may go away by itself.
func transient(err error) bool {
	var transport *httpx.TransportError
	var e *Error
	return errors.As(err, &transport) ||
		errors.As(err, &e) && (e.Status >= 500 || e.Status == http.StatusTooManyRequests || e.Status == http.StatusRequestTimeout)
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
