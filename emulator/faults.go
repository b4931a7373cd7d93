package emulator

import (
	"net/http"
	"strconv"
	"time"

	"github.com/msal-go/msal/emulator/internal/endpoint"
	"github.com/msal-go/msal/emulator/internal/fault"
	"github.com/msal-go/msal/emulator/internal/mint"
)

// The names of the endpoints, for [Match.Endpoint] and [Emulator.Requests].
const (
	EndpointInstanceDiscovery = endpoint.InstanceDiscovery
	EndpointConfiguration     = endpoint.Configuration
	EndpointKeys              = endpoint.KeySet
	EndpointAuthorize         = endpoint.Authorize
	EndpointSignIn            = endpoint.SignIn
	EndpointSignUp            = endpoint.SignUp
	EndpointSecondFactor      = endpoint.SecondFactor
	EndpointConsent           = endpoint.Consent
	EndpointToken             = endpoint.Token
	EndpointDeviceCode        = endpoint.DeviceCode
	EndpointDevicePage        = endpoint.DevicePage
	EndpointUserRealm         = endpoint.UserRealm
	EndpointLogout            = endpoint.Logout
	EndpointUserInfo          = endpoint.UserInfo
	EndpointResource          = endpoint.Resource
	EndpointInstanceMetadata  = endpoint.InstanceMetadata
	EndpointCloudShell        = endpoint.CloudShell
	EndpointOther             = endpoint.Other

	// Those of federated identity providers.
	EndpointFederationMetadata = endpoint.FederationMetadata
	EndpointWSTrust            = endpoint.WSTrust
)

// Match selects requests. Empty fields match every request; letter case is
// ignored.
type Match struct {
	Method   string // such as POST
	Host     string // without port
	Endpoint string // one of the Endpoint constants
	Path     string // how the path ends
	Grant    string // grant_type of a token request
	ClientID string
	// User is the sign-in name that the request is about: the one in the form,
	// or the owner of the code, device code or refresh token in it.
	User string
}

// Fault is something that goes wrong on purpose. It acts on the requests that
// Match selects, in the order in which faults were injected, and is then used
// up.
//
// Delay comes first. After that, the first of Handler, Reset, Redirect, Body,
// AADSTS and Status that is set replaces the answer of the platform, and the
// request changes nothing there. If none is set, the platform answers, changed
// by Tamper. Truncate cuts whatever is answered.
type Fault struct {
	// Match says which requests; empty, all.
	Match Match
	// Skip is how many matching requests pass before the fault acts.
	Skip int
	// Times is how often it acts: 0 means once, a negative number always.
	Times int

	// Delay holds the request back. It ends early when the client gives up.
	Delay time.Duration
	// Handler writes the answer itself.
	Handler http.Handler
	// Reset breaks the connection without an answer.
	Reset bool
	// Redirect answers with a redirect to this address (Status, default 302).
	Redirect string
	// Body is answered as it is, with ContentType (default text/html) and
	// Status (default 200).
	Body        string
	ContentType string
	// AADSTS is the number of an error, such as 50076. Its status, error and
	// suberror come from package aadsts; Status and Suberror override.
	AADSTS   int
	Suberror string
	// Claims is a claims challenge in JSON that goes with the error.
	Claims string
	// Status alone answers with an error in JSON: 429 with AADSTS90055, 5xx
	// with AADSTS90033.
	Status int
	// RetryAfter is sent as a Retry-After header, in whole seconds rounded up.
	RetryAfter time.Duration
	// Header is added to the answer, whoever makes it.
	Header http.Header
	// Truncate announces the whole body, sends this many bytes of it and then
	// breaks the connection. Zero sends everything. The platform has acted on
	// the request by then.
	Truncate int
	// Tamper changes the tokens of a token answer.
	Tamper Tamper
}

// Tamper makes wrong token answers, to test a client's checks. The claims and
// the signature are those of the ID token. The zero value changes nothing.
type Tamper struct {
	Issuer    string // iss
	Audience  string // aud
	Subject   string // sub
	TenantID  string // tid
	Nonce     string // nonce
	KeyID     string // kid in the header
	Algorithm string // "none", or "HS256" keyed with the public key
	// BadSignature flips bits of the signature.
	BadSignature bool
	// Claims override or add claims; a nil value removes one.
	Claims map[string]any
	// Set overrides or adds members of the token answer.
	Set map[string]any
	// Drop removes members of the token answer, such as "id_token".
	Drop []string
}

// Inject arms faults. They act in order, each as often as it says.
func (e *Emulator) Inject(faults ...Fault) {
	for _, f := range faults {
		e.faults.Add(fault.Match(f.Match), f.Skip, f.Times, f)
	}
}

// PendingFaults counts the injected faults that are not used up yet. Faults
// that act always do not count.
func (e *Emulator) PendingFaults() int { return e.faults.Pending() }

// ClearFaults disarms all faults.
func (e *Emulator) ClearFaults() { e.faults.Clear() }

// sabotage answers a request that met a fault.
func (e *Emulator) sabotage(w http.ResponseWriter, r *http.Request, c *endpoint.Call, f Fault) {
	if err := fault.Wait(r.Context(), f.Delay); err != nil {
		panic(http.ErrAbortHandler) // the client is gone
	}
	for name, values := range f.Header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(int64((f.RetryAfter+time.Second-1)/time.Second), 10))
	}
	if f.Truncate <= 0 {
		e.answer(w, r, c, f)
		return
	}
	kept := fault.NewRecorder()
	for name, values := range w.Header() {
		kept.Header()[name] = values
	}
	e.answer(kept, r, c, f)
	kept.SendTruncated(w, f.Truncate)
}

func (e *Emulator) answer(w http.ResponseWriter, r *http.Request, c *endpoint.Call, f Fault) {
	switch {
	case f.Handler != nil:
		f.Handler.ServeHTTP(w, r)
	case f.Reset:
		fault.Reset(w)
	case f.Redirect != "":
		w.Header().Set("Location", f.Redirect)
		w.WriteHeader(either(f.Status, http.StatusFound))
	case f.Body != "":
		w.Header().Set("Content-Type", either(f.ContentType, "text/html; charset=utf-8"))
		w.WriteHeader(either(f.Status, http.StatusOK))
		_, _ = w.Write([]byte(f.Body))
	default:
		if f.AADSTS != 0 || f.Status != 0 {
			c.Force = e.forced(f)
		}
		c.Tamper, c.Replace, c.Drop = f.Tamper.token(), f.Tamper.Set, f.Tamper.Drop
		e.platform.Serve(w, r, c)
	}
}

func (e *Emulator) forced(f Fault) *endpoint.Error {
	number := f.AADSTS
	switch {
	case number != 0:
	case f.Status == http.StatusTooManyRequests:
		number = 90055
	default:
		number = 90033
	}
	known, ok := e.platform.Table().ByCode(number)
	if !ok {
		known = endpoint.Error{Name: "Injected", Code: number, Status: http.StatusBadRequest, Kind: "invalid_grant"}
	}
	known.Text = "This error was injected." // the table's text may have blanks to fill in
	known.Status = either(f.Status, known.Status)
	known.Suberror = either(f.Suberror, known.Suberror)
	known.Claims = f.Claims
	return &known
}

func (t Tamper) token() mint.Tamper {
	out := mint.Tamper{Algorithm: t.Algorithm, BadSignature: t.BadSignature, Claims: map[string]any{}, Header: map[string]any{}}
	for name, value := range map[string]string{"iss": t.Issuer, "aud": t.Audience, "sub": t.Subject, "tid": t.TenantID, "nonce": t.Nonce} {
		if value != "" {
			out.Claims[name] = value
		}
	}
	for name, value := range t.Claims {
		out.Claims[name] = value
	}
	if t.KeyID != "" {
		out.Header["kid"] = t.KeyID
	}
	return out
}

func either[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}
