// Package mint makes what the emulated platform issues: signing keys, JSON Web
// Tokens, and opaque codes and handles. It signs with a JOSE library that no
// client of this project uses, so that the two sides do not share bugs.
package mint

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

var b64 = base64.RawURLEncoding

// Key is one signing key.
type Key struct {
	ID      string // of the JWKS: the certificate's SHA-1 thumbprint
	private *rsa.PrivateKey
	cert    []byte
}

// Keys holds the signing keys, newest last. The first is made when it is first
// needed, because that takes time. It is safe for concurrent use.
type Keys struct {
	now func() time.Time

	mu    sync.Mutex
	first *rsa.PrivateKey
	all   []*Key
}

// NewKeys returns a key ring. The first key is given or, when nil, made later.
func NewKeys(first *rsa.PrivateKey, now func() time.Time) *Keys {
	return &Keys{first: first, now: now}
}

// Published returns the keys of the JWKS, newest first.
func (k *Keys) Published() ([]*Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.ensure(); err != nil {
		return nil, err
	}
	out := make([]*Key, 0, len(k.all))
	for i := len(k.all) - 1; i >= 0; i-- {
		out = append(out, k.all[i])
	}
	return out, nil
}

// Rotate makes a new signing key. The last two old keys stay published unless
// drop is true, which is what happens after a key was compromised.
func (k *Keys) Rotate(drop bool) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.ensure(); err != nil {
		return err
	}
	next, err := newKey(nil, k.now())
	if err != nil {
		return err
	}
	if drop {
		k.all = nil
	}
	k.all = append(k.all, next)
	if len(k.all) > 3 {
		k.all = k.all[len(k.all)-3:]
	}
	return nil
}

func (k *Keys) current() (*Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.ensure(); err != nil {
		return nil, err
	}
	return k.all[len(k.all)-1], nil
}

func (k *Keys) ensure() error {
	if len(k.all) > 0 {
		return nil
	}
	key, err := newKey(k.first, k.now())
	if err != nil {
		return err
	}
	k.all = append(k.all, key)
	return nil
}

func newKey(private *rsa.PrivateKey, now time.Time) (*Key, error) {
	if private == nil {
		made, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, fmt.Errorf("mint: making a signing key: %w", err)
		}
		private = made
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "msal emulator token signing - do not trust"},
		NotBefore:    now.Add(-24 * time.Hour),
		NotAfter:     now.Add(5 * 365 * 24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return nil, fmt.Errorf("mint: certifying a signing key: %w", err)
	}
	sum := sha1.Sum(der)
	return &Key{ID: b64.EncodeToString(sum[:]), private: private, cert: der}, nil
}

// Public returns the public key.
func (k *Key) Public() *rsa.PublicKey { return &k.private.PublicKey }

// JWK is a public key as the JWKS shows it (RFC 7517).
type JWK struct {
	Type       string   `json:"kty"`
	Use        string   `json:"use"`
	ID         string   `json:"kid"`
	Thumbprint string   `json:"x5t"`
	N          string   `json:"n"`
	E          string   `json:"e"`
	Chain      []string `json:"x5c"`
	Cloud      string   `json:"cloud_instance_name"`
	Issuer     string   `json:"issuer"`
}

// JWK describes the key for tokens of an issuer.
func (k *Key) JWK(cloud, issuer string) JWK {
	return JWK{
		Type: "RSA", Use: "sig", ID: k.ID, Thumbprint: k.ID, Cloud: cloud, Issuer: issuer,
		N:     b64.EncodeToString(k.private.N.Bytes()),
		E:     b64.EncodeToString(big.NewInt(int64(k.private.E)).Bytes()),
		Chain: []string{base64.StdEncoding.EncodeToString(k.cert)},
	}
}

// Verify checks a token that this platform issued: signature, expiry and
// algorithm. The caller checks issuer and audience.
func (k *Keys) Verify(token string) (jwt.MapClaims, error) {
	keys, err := k.Published()
	if err != nil {
		return nil, err
	}
	claims := jwt.MapClaims{}
	_, err = jwt.ParseWithClaims(token, claims, func(t *jwt.Token) (any, error) {
		for _, key := range keys {
			if key.ID == t.Header["kid"] {
				return key.private.Public(), nil
			}
		}
		return nil, jwt.ErrTokenUnverifiable
	}, jwt.WithValidMethods([]string{"RS256"}), jwt.WithTimeFunc(k.now), jwt.WithExpirationRequired())
	if err != nil {
		return nil, err
	}
	return claims, nil
}
