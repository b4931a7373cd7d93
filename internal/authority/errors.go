package authority

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/msal-go/msal/internal/httpx"
	"github.com/msal-go/msal/internal/oauth"
)

// Step is a request that is made to learn about an authority.
type Step string

// The steps, in order.
const (
	StepInstance      Step = "instance discovery"
	StepConfiguration Step = "OpenID configuration"
)

// MetadataError reports an authority whose endpoints could not be learned.
type MetadataError struct {
	Step      Step
	Authority string
	Host      string // who was asked
	Status    int    // HTTP status; 0 when there was no complete answer
	// RetryAfter is how long the service asked to be left alone; 0 if it did not.
	RetryAfter time.Duration
	Problem    string
	Hint       string
	// Err is the cause, if there is one: an *oauth.Error when the service answered
	// with an error of its own, or an error of package httpx.
	Err error
}

func (e *MetadataError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of authority %s", e.Step, quoted(e.Authority))
	if e.Status != 0 {
		fmt.Fprintf(&b, " (HTTP %d of %s)", e.Status, e.Host)
	}
	if e.Problem != "" {
		b.WriteString(": " + e.Problem)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// RetryDelay is RetryAfter, for code that knows errors only by this method.
func (e *MetadataError) RetryDelay() time.Duration { return e.RetryAfter }

// Unwrap returns the cause.
func (e *MetadataError) Unwrap() error { return e.Err }

// The AADSTS numbers that say that a tenant does not exist or cannot exist.
const (
	aadstsTenantNotFound   = 90002
	aadstsTenantIdentifier = 900023
)

// refused makes the error for an answer that is not what was asked for.
func refused(step Step, a Authority, host string, res *httpx.Response) *MetadataError {
	e := &MetadataError{Step: step, Authority: a.URL, Host: host, Status: res.Status, Hint: hintFor(a),
		RetryAfter: httpx.RetryAfter(res.Header, time.Now())}
	service := serviceError(host, res)
	switch {
	case service != nil:
		e.Err = service
		if slices.Contains(service.ErrorCodes, aadstsTenantNotFound) || slices.Contains(service.ErrorCodes, aadstsTenantIdentifier) {
			e.Hint = "check the tenant's id or domain name, and that the tenant is in the cloud of " + a.Host
		}
	case res.Status == http.StatusOK:
		e.Problem = "the answer is not the JSON object that was asked for"
	default:
		e.Problem = "the answer has an error status and no readable error"
	}
	if res.Status >= 500 || res.Status == http.StatusTooManyRequests {
		e.Hint = "try again later"
	}
	return e
}

// serviceError reads an error answer in the form of the token endpoint, which
// Entra uses for its documents too; nil if it is none.
func serviceError(host string, res *httpx.Response) *oauth.Error {
	var answer struct {
		Error         string `json:"error"`
		Description   string `json:"error_description"`
		Codes         []int  `json:"error_codes"`
		Timestamp     string `json:"timestamp"`
		TraceID       string `json:"trace_id"`
		CorrelationID string `json:"correlation_id"`
		ErrorURI      string `json:"error_uri"`
	}
	if json.Unmarshal(res.Body, &answer) != nil || answer.Error == "" {
		return nil
	}
	return &oauth.Error{
		Code:          answer.Error,
		Description:   answer.Description,
		ErrorCodes:    answer.Codes,
		CorrelationID: answer.CorrelationID,
		TraceID:       answer.TraceID,
		Timestamp:     answer.Timestamp,
		ErrorURI:      answer.ErrorURI,
		Status:        res.Status,
		RetryAfter:    httpx.RetryAfter(res.Header, time.Now()),
		Host:          host,
		Extra:         oauth.ExtraMembers(res.Body),
	}
}

// UnknownHostError reports a host that Microsoft's instance discovery does not
// know. Nothing was sent to the host itself.
type UnknownHostError struct {
	Authority string
	Host      string
}

func (e *UnknownHostError) Error() string {
	return "authority " + quoted(e.Authority) + ": the host " + quoted(e.Host) + " is not known to Microsoft Entra; " +
		"correct it, or, if you trust the host, switch instance discovery off for it (private clouds, custom domains, emulators) " +
		"or use it as an OIDC authority (other identity providers)"
}

// hintFor says what to look at when a document is missing or wrong.
func hintFor(a Authority) string {
	switch a.Kind {
	case ADFS:
		return "check the host of the authority: AD FS 2019 and later has its configuration at " + a.configurationURL()
	case B2C:
		return "check the host, the tenant and the policy: the authority is https://{name}.b2clogin.com/{tenant}/{policy}"
	case ExternalID:
		return "check the name before .ciamlogin.com, and the tenant"
	case OIDC:
		return "check that the OIDC authority is the issuer's own URL: its configuration is expected at " + a.configurationURL()
	}
	return "check the host and the tenant of the authority; for an identity provider other than Microsoft Entra use an OIDC authority"
}
