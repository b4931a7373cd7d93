package msal

import (
	"errors"
	"fmt"

	"github.com/msal-go/msal/internal/wstrust"
)

// FederationError is a refusal by the identity provider that a person's domain
// is federated with: a SOAP fault in answer to a user name and password. It
// answers to ErrInteractionRequired when the provider did not accept the
// credentials, and to ErrConfiguration when it did not accept the request.
type FederationError struct {
	Host       string // of the provider, with its port if it has one
	Code       string // of the fault, without prefix, such as "FailedAuthentication"; may be empty
	Reason     string // the provider's words, for developers; the password is blotted out; may be empty
	StatusCode int    // HTTP status; most providers answer faults with 500
}

func (e *FederationError) Error() string {
	s := "msal: the federated identity provider " + e.Host + " refused the sign-in"
	if e.Code != "" {
		s += fmt.Sprintf(" (%s)", e.Code)
	}
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	if oneOf(e.Code, "ExpiredData", "InvalidTimeRange", "MessageExpired") {
		s += " (is this machine's clock right?)"
	}
	return s
}

// Is reports whether e asks for the decision target. The codes are those of
// WS-Trust 1.3 section 11 and Web Services Security 1.1 section 12.
func (e *FederationError) Is(target error) bool {
	switch target {
	case ErrInteractionRequired:
		return oneOf(e.Code, "FailedAuthentication", "InvalidSecurityToken", "FailedCheck")
	case ErrConfiguration:
		return oneOf(e.Code, "InvalidRequest", "BadRequest", "InvalidScope", "AuthenticationBadElements",
			"ExpiredData", "InvalidTimeRange", "MessageExpired", "InvalidSecurity", "UnsupportedSecurityToken")
	}
	return false
}

// federationError gives an error of the mechanism its public form.
func federationError(err error) error {
	const op = "sign in at the federated identity provider"
	var (
		fault    *wstrust.Fault
		document *wstrust.DocumentError
		endpoint *wstrust.EndpointError
		text     *wstrust.TextError
	)
	switch {
	case errors.As(err, &fault):
		return &FederationError{Host: fault.Host, Code: fault.Code, Reason: fault.Reason, StatusCode: fault.Status}
	case errors.As(err, &document) && (document.Status >= 500 || document.Status == 429 || document.Status == 408):
		return &OpError{Op: op, Kind: ErrTransient, Hint: "try again later", Err: err}
	case errors.As(err, &document):
		return &OpError{Op: op, Kind: ErrProtocol, Err: err}
	case errors.As(err, &endpoint):
		return configError(op, "personal accounts and most domains need AcquireTokenInteractive", err)
	case errors.As(err, &text):
		return configError(op, "use another flow, or change the password", err)
	}
	return wrap(op, err)
}

// isFederated says whether a grant redeems an assertion of another provider.
// The family records no source for such accounts.
func isFederated(grant string) bool { return oneOf(grant, wstrust.GrantSAML11, wstrust.GrantSAML20) }
