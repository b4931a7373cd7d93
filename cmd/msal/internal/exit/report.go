package exit

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/cmd/msal/internal/loginstate"
	"github.com/msal-go/msal/cmd/msal/internal/output"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

// Report is an error for programs: what -o json writes on standard error.
type Report struct {
	Error         string `json:"error"`
	SubError      string `json:"suberror,omitempty"`
	AADSTS        []int  `json:"aadsts,omitempty"`
	Message       string `json:"message"`
	Hint          string `json:"hint,omitempty"`
	Claims        string `json:"claims,omitempty"`
	CorrelationID string `json:"correlationId,omitempty"`
	TraceID       string `json:"traceId,omitempty"`
	Timestamp     string `json:"timestamp,omitempty"`
	RetryAfter    int64  `json:"retryAfter,omitempty"` // seconds, rounded up
}

// NewReport describes an error.
func NewReport(err error) Report {
	r := Report{Error: name(err), Message: err.Error()}
	var op *msal.OpError
	if errors.As(err, &op) {
		r.Message, r.Hint = opMessage(op), op.Hint
	}
	var hinted *HintedError
	if errors.As(err, &hinted) {
		r.Hint = hinted.Hint
	}
	var file *loginstate.FileError
	if errors.As(err, &file) {
		r.Hint = file.Hint
	}
	var ring *loginstate.KeyringError
	if errors.As(err, &ring) {
		r.Message, r.Hint = ring.Error(), ring.Hint
	}
	var sealed *cache.SealError
	if errors.As(err, &sealed) {
		r.Message = "the key in the keyring does not open the sealed logins"
		r.Hint = "remove them with: msal logout --all --cache keyring"
	}
	var stored *cache.FileError
	if errors.As(err, &stored) {
		r.Message, r.Hint = fmt.Sprintf("%s %s: %v", stored.Op, stored.Path, stored.Err), stored.Hint
	}
	var answer *msal.Error
	if errors.As(err, &answer) {
		r.fromService(answer)
	}
	var usage *UsageError
	if errors.As(err, &usage) && usage.Problem != "" {
		r.Message, r.Hint = usage.Problem, usage.Hint
	} else if usage != nil && usage.Hint != "" {
		r.Hint = usage.Hint
	}
	var signIn *SignInError
	if errors.As(err, &signIn) {
		if r.Message = signIn.Error(); answer != nil {
			r.Message += ": " + serviceWords(answer)
		}
		r.Hint = "run: " + signIn.Command
	}
	return r
}

// opMessage leaves the hint to its own field.
func opMessage(op *msal.OpError) string {
	plain := *op
	plain.Hint = ""
	return strings.TrimPrefix(plain.Error(), "msal: ")
}

func (r *Report) fromService(e *msal.Error) {
	r.Error, r.SubError, r.AADSTS, r.Claims = e.Code, e.SubError, e.AADSTS, e.Claims
	r.CorrelationID, r.TraceID, r.Timestamp = e.CorrelationID, e.TraceID, e.Timestamp
	r.RetryAfter = int64(math.Ceil(e.RetryAfter.Seconds()))
	r.Message = serviceWords(e)
	if hint := hintFor(e); hint != "" {
		r.Hint = hint
	}
}

// serviceWords is what the service said, without the ids that follow.
func serviceWords(e *msal.Error) string {
	words, _, _ := strings.Cut(e.Description, "\n")
	words, _, _ = strings.Cut(words, " Trace ID: ")
	if words = strings.TrimSpace(words); words != "" {
		return words
	}
	return "the identity service answered " + e.Code
}

// name is the error member for failures that are not answers of the service.
func name(err error) string {
	switch Code(err) {
	case Cancelled:
		if errors.Is(err, msal.ErrTimeout) || errors.Is(err, ErrTimeLimit) {
			return "timeout"
		}
		return "cancelled"
	case SignInRequired:
		return "sign_in_required"
	case Transient:
		return "transient"
	case Usage:
		return "usage"
	}
	var ring *loginstate.KeyringError
	if errors.As(err, &ring) {
		return "keyring"
	}
	var file *loginstate.FileError
	var stored *cache.FileError
	var sealed *cache.SealError
	if errors.As(err, &file) || errors.As(err, &stored) || errors.As(err, &sealed) {
		return "state"
	}
	for _, kind := range []struct {
		is   error
		name string
	}{
		{msal.ErrNoBrowser, "no_browser"}, {msal.ErrConfiguration, "configuration"},
		{msal.ErrProtocol, "protocol"}, {msal.ErrCache, "cache"},
	} {
		if errors.Is(err, kind.is) {
			return kind.name
		}
	}
	return "failure"
}

// Write tells about an error: an object for programs, lines for people. A
// program that was run has told about its own.
func Write(w io.Writer, style terminal.Style, err error, asJSON bool) {
	var child *ChildError
	if errors.As(err, &child) {
		return
	}
	r := NewReport(err)
	if asJSON {
		// Nowhere is left to tell about a failure to write here.
		_ = output.WriteJSON(w, r)
		return
	}
	if errors.Is(err, ErrInterrupted) || errors.Is(err, terminal.ErrCanceled) {
		fmt.Fprintln(w, style.Warn("Cancelled."))
		return
	}
	fmt.Fprintln(w, style.Bad("msal: ")+terminal.Clean(r.Message))
	if r.Hint != "" {
		fmt.Fprintln(w, "  "+terminal.Clean(r.Hint))
	}
	if r.RetryAfter > 0 {
		fmt.Fprintf(w, "  try again in %d s\n", r.RetryAfter)
	}
	if len(r.AADSTS) > 0 {
		fmt.Fprintln(w, style.Dim(fmt.Sprintf("  more: msal explain %d", r.AADSTS[0])))
	}
	if ids := r.ids(); ids != "" {
		fmt.Fprintln(w, style.Dim("  "+terminal.Clean(ids)))
	}
}

func (r Report) ids() string {
	var parts []string
	for _, p := range [][2]string{{"correlation id", r.CorrelationID}, {"trace id", r.TraceID}, {"at", r.Timestamp}} {
		if p[1] != "" {
			parts = append(parts, p[0]+" "+p[1])
		}
	}
	return strings.Join(parts, ", ")
}
