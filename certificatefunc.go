package msal

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"time"
)

// CertificateFunc gets the certificate to use now, for certificates that are
// replaced while the program runs. It is called for each request that goes to
// the service, possibly from several goroutines at once; it caches what is
// worth it. Its context is that of an AssertionFunc. As long as it returns an equal certificate, assertions are reused;
// with another one, the next request is signed anew.
//
// When it fails, or what it returns cannot be used, the client goes on with the
// certificate before, if that has not expired, and logs a warning: a vault that
// is down for a while should not take the service down. To stop a client,
// remove its certificate at the identity service. Without an earlier
// certificate the error reaches the caller wrapped, for errors.Is and errors.As.
type CertificateFunc func(ctx context.Context) (Certificate, error)

func (f CertificateFunc) bind(log *slog.Logger) (prover, string, error) {
	if f == nil {
		return nil, "", configError("use the client certificate", "give a function", errors.New("the CertificateFunc is nil"))
	}
	return &rotation{get: f, log: log}, "", nil
}

// rotation signs with the newest certificate.
type rotation struct {
	get CertificateFunc
	log *slog.Logger

	mu      sync.Mutex
	current *signer // nil before the first
	made    fingerprint
}

func (r *rotation) prove(ctx context.Context, a audience) (proof, error) {
	s, err := r.newest(ctx)
	if err != nil {
		return proof{}, err
	}
	return s.prove(ctx, a)
}

// newest asks for the certificate, outside the lock: that may take a while.
func (r *rotation) newest(ctx context.Context) (*signer, error) {
	ctx, cancel := context.WithTimeout(ctx, callbackTimeout)
	defer cancel()
	cert, err := r.get(ctx)
	if err != nil {
		return r.fallBack(wrap("get the client certificate", err))
	}
	made, err := fingerprintOf(cert)
	if err == nil {
		if s := r.same(made); s != nil {
			return s, nil
		}
	}
	s, err := cert.signer(r.log)
	if err != nil {
		return r.fallBack(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.current, r.made = s, made
	return s, nil
}

func (r *rotation) same(made fingerprint) *signer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current != nil && r.made.equal(made) {
		return r.current
	}
	return nil
}

// fallBack returns the earlier certificate's signer, or err if there is none
// that could be good.
func (r *rotation) fallBack(err error) (*signer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil {
		return nil, err
	}
	until, expired := r.current.source.Expired(time.Now())
	if expired {
		return nil, err
	}
	r.log.Warn("no new client certificate; going on with the one before", "not_after", until, "error", err)
	return r.current, nil
}

// fingerprint is what assertions depend on.
type fingerprint struct {
	key    crypto.Signer
	chain  []*x509.Certificate
	x5c    X5C
	sha1   bool
	thumb  string
	claims []byte
}

// fingerprintOf fails for claims that cannot be written; Certificate.signer
// says so too, and better.
func fingerprintOf(c Certificate) (fingerprint, error) {
	claims, err := json.Marshal(c.Claims)
	if err != nil {
		return fingerprint{}, err
	}
	return fingerprint{c.Key, slices.Clone(c.Chain), c.SendX5C, c.SHA1, c.Thumbprint, claims}, nil
}

func (f fingerprint) equal(g fingerprint) bool {
	return f.x5c == g.x5c && f.sha1 == g.sha1 && f.thumb == g.thumb && bytes.Equal(f.claims, g.claims) &&
		slices.EqualFunc(f.chain, g.chain, (*x509.Certificate).Equal) && sameSigner(f.key, g.key)
}

// sameSigner compares keys in memory by value and others by identity: a key in
// a device may be behind a new session, while the old one is closed.
func sameSigner(a, b crypto.Signer) bool {
	if key, ok := a.(interface{ Equal(crypto.PrivateKey) bool }); ok {
		return b != nil && key.Equal(b)
	}
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	return x.IsValid() && y.IsValid() && x.Comparable() && y.Comparable() && a == b
}
