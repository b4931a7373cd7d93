package endpoint

import (
	"errors"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/msal-go/msal/emulator/internal/directory"
)

// isWorkload reports whether a client assertion is a token of an issuer, and not
// one that the application signed itself.
func isWorkload(app *directory.App, assertion string) bool {
	if len(app.Federated) == 0 {
		return false
	}
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(assertion, claims); err != nil {
		return len(app.Certificates)+len(app.TrustedIssuers) == 0
	}
	iss, _ := claims.GetIssuer()
	return !strings.EqualFold(iss, app.ClientID)
}

// checkWorkload verifies a token that stands for an application by one of its
// federated identity credentials
// (learn.microsoft.com/entra/workload-id/workload-identity-federation). Issuer,
// subject and audience are compared to the letter.
func (p *Platform) checkWorkload(c *Call, app *directory.App, assertion string) *Error {
	parser := jwt.NewParser(jwt.WithValidMethods(assertionAlgorithms[:]), jwt.WithTimeFunc(p.now), jwt.WithExpirationRequired())
	unverified := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(assertion, unverified); err != nil {
		return p.fail("AssertionMalformed", "why", "it is not three parts of base64url JSON")
	}
	issuer, _ := unverified.GetIssuer()
	var trusted []directory.FederatedCredential
	for _, f := range app.Federated {
		if f.Issuer == issuer || f.Issuer == "" && issuer == c.place.issuerV2(app.TenantID) {
			trusted = append(trusted, f)
		}
	}
	if len(trusted) == 0 {
		return p.fail("WorkloadIssuer", "issuer", issuer)
	}
	claims := jwt.MapClaims{}
	_, err := parser.ParseWithClaims(assertion, claims, func(t *jwt.Token) (any, error) { return p.issuerKey(trusted, t.Header["kid"]) })
	switch {
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return p.fail("AssertionMalformed", "why", "exp is missing")
	case errors.Is(err, jwt.ErrTokenExpired), errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return p.fail("AssertionTime")
	case err != nil:
		return p.fail("AssertionSignature", "why", "the signature, its algorithm or its kid is not one of the issuer's keys")
	}
	return p.matchWorkload(trusted, claims)
}

func (p *Platform) matchWorkload(trusted []directory.FederatedCredential, claims jwt.MapClaims) *Error {
	subject, _ := claims.GetSubject()
	audiences, _ := claims.GetAudience()
	audience := false
	for _, f := range trusted {
		named := slices.ContainsFunc(audiences, func(a string) bool {
			return a == f.Audience || a == directory.ExchangeID && f.Audience == directory.ExchangeURI // the same resource
		})
		if named && f.Subject == subject {
			return nil
		}
		audience = audience || named
	}
	if !audience {
		return p.fail("WorkloadAudience", "audience", strings.Join(audiences, " "))
	}
	return p.fail("WorkloadSubject", "subject", subject)
}

// issuerKey finds the key that a token names. Without a kid there must be one
// key only.
func (p *Platform) issuerKey(trusted []directory.FederatedCredential, kid any) (any, error) {
	var all []directory.PublicKey
	for _, f := range trusted {
		all = append(all, f.Keys...)
		if len(f.Keys) > 0 {
			continue
		}
		own, err := p.keys.Published()
		if err != nil {
			return nil, err
		}
		for _, key := range own {
			all = append(all, directory.PublicKey{ID: key.ID, Key: key.Public()})
		}
	}
	for _, key := range all {
		if kid == key.ID || kid == nil && len(all) == 1 {
			return key.Key, nil
		}
	}
	return nil, jwt.ErrTokenUnverifiable
}
