package assertion

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// header is the JOSE header of every assertion of k. alg is added by the
// signer.
func header(k Key, thumbprint []byte, legacy bool) (*jose.SignerOptions, error) {
	options := (&jose.SignerOptions{}).WithType("JWT")
	nameCertificate(options, thumbprint, legacy)
	send := k.Certificates
	if k.X5C != None && len(send) == 0 {
		return nil, ErrNoCertificate
	}
	switch k.X5C {
	case None:
		return options, nil
	case Leaf:
		send = send[:1]
	case Chain:
	default:
		return nil, ErrX5C
	}
	var x5c []string
	for _, c := range send {
		x5c = append(x5c, encodeX5C(c))
	}
	return options.WithHeader("x5c", x5c), nil
}

// encodeClaims renders the caller's claims once, so that later changes of the
// map or of what it points to have no effect.
func encodeClaims(claims map[string]any) (map[string]json.RawMessage, error) {
	out := map[string]json.RawMessage{}
	for name, value := range claims {
		raw, err := json.Marshal(value)
		if err != nil {
			return nil, &ClaimsError{Claim: name, Err: err}
		}
		out[name] = raw
	}
	return out, nil
}

// sign makes one assertion (RFC 7523, section 3). Times are whole seconds.
func (s *Source) sign(id identity, now time.Time) (string, error) {
	claims := map[string]any{
		"aud": id.audience,
		"iss": id.clientID,
		"sub": id.clientID,
		"jti": newID(),
		"iat": now.Unix(),
		"nbf": now.Unix(),
		"exp": now.Add(lifetime).Unix(),
	}
	for name, raw := range s.extra {
		claims[name] = raw
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", &SignError{Err: err}
	}
	jws, err := s.jose.Sign(payload)
	if err != nil {
		return "", &SignError{Err: err}
	}
	jwt, err := jws.CompactSerialize()
	if err != nil {
		return "", &SignError{Err: err}
	}
	return jwt, nil
}

// newID returns a random UUID (version 4).
func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
