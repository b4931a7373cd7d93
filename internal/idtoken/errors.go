package idtoken

import (
	"strconv"
	"strings"
)

// Reason says which check an ID token failed.
type Reason string

// The reasons of an Error.
const (
	ReasonMalformed   Reason = "malformed"     // not a signed JWT with a JSON payload
	ReasonIssuer      Reason = "issuer"        // iss is not who was asked
	ReasonAudience    Reason = "audience"      // aud is another application
	ReasonNonce       Reason = "nonce"         // not the answer to this sign-in
	ReasonExpired     Reason = "expired"       // exp has passed
	ReasonNotYetValid Reason = "not yet valid" // nbf lies ahead
	ReasonAuthTime    Reason = "auth_time"     // absent, or the sign-in is too old
	ReasonSignature   Reason = "signature"     // does not verify
	ReasonKeyID       Reason = "key id"        // the issuer has no such key
	ReasonAlgorithm   Reason = "algorithm"     // unsigned, symmetric or unknown
	ReasonKeys        Reason = "keys"          // the issuer's keys cannot be had
)

// Error reports an ID token that must not be believed. Its text names the part
// that is wrong; content of the token appears only as Got, which holds an issuer
// or an audience.
type Error struct {
	Reason  Reason
	Part    string // of the token: "header", "payload", "aud", ...
	Problem string
	Got     string // for ReasonIssuer and ReasonAudience
	Want    string // for ReasonAudience, and ReasonIssuer of a key that is bound to one
	Status  int    // for ReasonKeys: the HTTP status of the keys' address; 0 if there was no answer, or none with keys
	Err     error  // the cause of ReasonKeys
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("ID token: ")
	if e.Part != "" {
		b.WriteString(e.Part + " ")
	}
	b.WriteString(e.Problem)
	if e.Got != "" {
		b.WriteString(": it is " + quoted(e.Got))
	}
	if e.Want != "" {
		b.WriteString(", expected " + quoted(e.Want))
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if hint := e.Hint(); hint != "" {
		b.WriteString("; " + hint)
	}
	return b.String()
}

// Hint says what to do about e.
func (e *Error) Hint() string {
	switch e.Reason {
	case ReasonIssuer:
		return "check the authority: the token is from another issuer, tenant or cloud"
	case ReasonAudience:
		return "check the client id: the token is for another application"
	case ReasonNonce:
		return "start the sign-in again: the token does not belong to this one"
	case ReasonExpired, ReasonNotYetValid:
		return "check this machine's clock"
	case ReasonAuthTime:
		return "sign the user in again"
	case ReasonMalformed, ReasonSignature, ReasonKeyID, ReasonAlgorithm:
		return "do not use the token"
	case ReasonKeys:
		return "check the network and the authority, then try again"
	}
	return ""
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// quoted makes text that others wrote safe to print, and short.
func quoted(s string) string {
	const most = 160
	if len(s) > most {
		return strconv.Quote(s[:most]) + "..."
	}
	return strconv.Quote(s)
}

func malformed(part, problem string) *Error {
	return &Error{Reason: ReasonMalformed, Part: part, Problem: problem}
}
