package mint

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/msal-go/msal/emulator/internal/directory"
)

// Tamper changes a token on purpose, so that a client's checks can be tested.
// The zero value changes nothing.
type Tamper struct {
	Claims       map[string]any // overrides; a nil value removes the claim
	Header       map[string]any // overrides; a nil value removes the member
	Algorithm    string         // "none" or "HS256" (keyed with the public key) instead of RS256
	BadSignature bool
}

// Token describes an access or ID token.
type Token struct {
	Now      time.Time
	Lifetime time.Duration
	TenantID string
	IssuerV1 string
	IssuerV2 string

	Client     *directory.App
	ClientAuth string          // "0" none, "1" secret, "2" certificate
	User       *directory.User // nil: the application itself
	AuthTime   time.Time       // zero: not interactive
	MFA        bool            // with a second factor

	// Access tokens.
	Resource     *directory.App
	Audience     string // for tokens of version 1
	Scopes       string
	Roles        []string
	Capabilities []string
	Contexts     []string // authentication contexts
	ID           string   // uti
	Subject      string   // replaces sub; empty: whoever it is
	KeyID        string   // of the client's key that the token is bound to; may be empty

	// ID tokens.
	Nonce      string
	IDContexts []string
}

// AccessClaims are the claims of an access token in the version that the
// resource wants.
func (t Token) AccessClaims() jwt.MapClaims {
	c := t.common(t.Resource)
	c["aio"] = opaqueFor("aio", t.ID)
	c["rh"] = "1." + opaqueFor("rh", t.TenantID, t.Client.ClientID) + "."
	c["uti"] = t.ID
	if t.Resource.TokenVersion == 1 {
		t.version1(c)
	} else {
		t.version2(c)
	}
	if t.User != nil {
		c["scp"] = t.Scopes
		t.signIn(c, t.Contexts)
	} else {
		if len(t.Roles) > 0 {
			c["roles"] = t.Roles
		}
	}
	if t.Subject != "" {
		c["sub"] = t.Subject
	}
	if t.KeyID != "" {
		c["cnf"] = map[string]string{"kid": t.KeyID} // RFC 7800 section 3.4
	}
	if len(t.Capabilities) > 0 {
		c["xms_cc"] = t.Capabilities
	}
	return c
}

func (t Token) version1(c jwt.MapClaims) {
	c["aud"], c["iss"], c["ver"] = t.Audience, t.IssuerV1, "1.0"
	c["appid"], c["appidacr"] = t.Client.ClientID, t.ClientAuth
	c["app_displayname"] = t.Client.Name
	if t.User == nil {
		c["idtyp"] = "app"
		c["idp"] = t.IssuerV1
		return
	}
	c["idtyp"], c["acr"] = "user", "1"
	c["upn"], c["unique_name"], c["name"] = t.User.UPN, t.User.UPN, t.User.Name
}

func (t Token) version2(c jwt.MapClaims) {
	c["aud"], c["iss"], c["ver"] = t.Resource.ClientID, t.IssuerV2, "2.0"
	c["azp"], c["azpacr"] = t.Client.ClientID, t.ClientAuth
	if t.User != nil {
		c["preferred_username"], c["name"] = t.User.UPN, t.User.Name
	}
}

func (t Token) common(audience *directory.App) jwt.MapClaims {
	c := jwt.MapClaims{
		"iat": t.Now.Unix(), "nbf": t.Now.Unix(), "exp": t.Now.Add(t.Lifetime).Unix(), "tid": t.TenantID,
	}
	if t.User == nil {
		c["oid"], c["sub"] = t.Client.ObjectID, t.Client.ObjectID
		return c
	}
	c["oid"], c["sub"] = t.User.ObjectID, opaqueFor("sub", t.User.ObjectID, audience.ClientID)
	return c
}

// IDClaims are the claims of an ID token of version 2.
func (t Token) IDClaims() jwt.MapClaims {
	c := t.common(t.Client)
	c["aud"], c["iss"], c["ver"] = t.Client.ClientID, t.IssuerV2, "2.0"
	c["preferred_username"], c["name"] = t.User.UPN, t.User.Name
	c["rh"], c["uti"] = "1."+opaqueFor("rh", t.TenantID, t.Client.ClientID)+".", t.ID
	if t.Nonce != "" {
		c["nonce"] = t.Nonce
	}
	t.signIn(c, t.IDContexts)
	return c
}

// signIn says how the person signed in. Version 2 tokens of the real service say
// so only where an application asks for optional claims.
func (t Token) signIn(c jwt.MapClaims, contexts []string) {
	c["amr"] = []string{"pwd"}
	if t.MFA {
		c["amr"] = []string{"pwd", "mfa"}
	}
	if !t.AuthTime.IsZero() {
		c["auth_time"] = t.AuthTime.Unix()
	}
	if len(contexts) > 0 {
		c["acrs"] = contexts
	}
}

// Sign makes a JWT with the current key, changed as asked.
func (k *Keys) Sign(claims jwt.MapClaims, tamper Tamper) (string, error) {
	key, err := k.current()
	if err != nil {
		return "", err
	}
	claims = maps.Clone(claims)
	override(claims, tamper.Claims)
	var method jwt.SigningMethod = jwt.SigningMethodRS256
	var secret any = key.private
	switch tamper.Algorithm {
	case "", "RS256":
	case "none":
		method, secret = jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType
	case "HS256":
		der, err := x509.MarshalPKIXPublicKey(key.private.Public())
		if err != nil {
			return "", fmt.Errorf("mint: encoding the public key: %w", err)
		}
		method, secret = jwt.SigningMethodHS256, der
	default:
		return "", fmt.Errorf("mint: cannot sign with %q; use RS256, HS256 or none", tamper.Algorithm)
	}
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = key.ID
	override(token.Header, tamper.Header)
	signed, err := token.SignedString(secret)
	if err != nil {
		return "", fmt.Errorf("mint: signing: %w", err)
	}
	if tamper.BadSignature {
		signed = spoil(signed)
	}
	return signed, nil
}

func override(m, with map[string]any) {
	for name, value := range with {
		if value == nil {
			delete(m, name)
		} else {
			m[name] = value
		}
	}
}

// spoil changes the first bits of the signature.
func spoil(token string) string {
	i := strings.LastIndexByte(token, '.') + 1
	sig, err := b64.DecodeString(token[i:])
	if err != nil || len(sig) == 0 {
		return token + "AAAA"
	}
	sig[0] ^= 0xff
	return token[:i] + b64.EncodeToString(sig)
}

// ClientInfo is the client_info member: who signed in and where they live.
func ClientInfo(u *directory.User) string {
	text, _ := json.Marshal(struct { // strings always marshal
		UID  string `json:"uid"`
		UTID string `json:"utid"`
	}{u.ObjectID, u.TenantID})
	return base64.RawURLEncoding.EncodeToString(text)
}

// opaqueFor derives a stable opaque value, such as a pairwise subject.
func opaqueFor(names ...string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.Join(names, "\x00"))))
	return b64.EncodeToString(sum[:])
}
