package emulator

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/msal-go/msal/emulator/internal/endpoint"
	"github.com/msal-go/msal/emulator/internal/fault"
	"github.com/msal-go/msal/emulator/internal/journal"
	"github.com/msal-go/msal/emulator/internal/mint"
)

// Emulator is an identity platform in memory. Make one with [New]. It is safe
// for concurrent use and runs no goroutine of its own.
type Emulator struct {
	offset   atomic.Int64 // of the clock, in nanoseconds
	platform *endpoint.Platform
	keys     *mint.Keys
	faults   fault.Schedule[Fault]
	journal  *journal.Journal[Exchange]
	log      *slog.Logger
}

// New makes an emulator. The error names the member of the configuration that
// is wrong; it is a [*ConfigError].
func New(cfg Config) (*Emulator, error) {
	dir, err := build(cfg)
	if err != nil {
		return nil, err
	}
	life, err := cfg.Lifetimes.resolved()
	if err != nil {
		return nil, err
	}
	shell, err := shellUser(cfg)
	if err != nil {
		return nil, err
	}
	e := &Emulator{journal: journal.New[Exchange](), log: cfg.Logger}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	e.keys = mint.NewKeys(cfg.SigningKey, e.Now)
	e.platform, err = endpoint.New(endpoint.Config{
		Directory: dir, Keys: e.keys, Random: mint.NewSource(cfg.Random), Now: e.Now,
		Lifetimes: life, Hosts: cfg.Hosts, Region: either(cfg.Region, defaultRegion), ShellUser: shell, LoopLimit: cfg.LoopLimit, Logger: e.log,
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// maxBody is how much of a request is read.
const maxBody = 1 << 20

// ServeHTTP answers one request. The host name decides which cloud is meant,
// so one emulator can stand for all of them. It panics with
// [net/http.ErrAbortHandler] when an injected fault breaks a connection that
// cannot be taken over.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := Exchange{Time: e.Now(), Method: r.Method, Host: r.Host, Path: r.URL.Path, Secure: r.TLS != nil || r.URL.Scheme == "https"}
	form, problem := readForm(r)
	c := e.platform.Classify(r, form, problem)
	answer := &observed{ResponseWriter: w}
	injected, hit := e.faults.Take(fault.Match{
		Method: r.Method, Host: hostname(r.Host), Endpoint: c.Endpoint, Path: r.URL.Path, Grant: c.Grant, ClientID: c.ClientID, User: c.User,
	})
	x.Fault = hit
	defer func() { e.record(x, r, c, answer.status) }()
	if hit {
		e.sabotage(answer, r, c, injected)
		return
	}
	e.platform.Serve(answer, r, c)
}

// record writes the journal, also for requests that end in a panic.
func (e *Emulator) record(x Exchange, r *http.Request, c *endpoint.Call, status int) {
	x.Endpoint, x.Grant, x.ClientID, x.User = c.Endpoint, c.Grant, c.ClientID, c.User
	x.CorrelationID, x.TraceID, x.Status = c.CorrelationID, c.TraceID, status
	x.Query, x.Form, x.Header = journal.Values(c.Query), journal.Values(c.Form), journal.Header(r.Header)
	x.query, x.form = e.journal.Digest(c.Query), e.journal.Digest(c.Form)
	if c.Err != nil {
		x.Error, x.AADSTS = c.Err.Kind, c.Err.Code
	}
	for _, f := range c.Findings {
		v := Violation{Time: x.Time, Endpoint: c.Endpoint, Rule: f.Rule, Detail: f.Detail, Source: f.Source}
		if f.Advice {
			x.Advice = append(x.Advice, v)
		} else {
			x.Violations = append(x.Violations, v)
		}
	}
	e.journal.Add(x)
	e.log.Info("request", "method", x.Method, "host", x.Host, "endpoint", x.Endpoint, "grant", x.Grant, "client_id", x.ClientID,
		"status", x.Status, "aadsts", x.AADSTS, "injected", x.Fault, "correlation_id", x.CorrelationID)
}

// readForm reads the body and, when it is one, the form in it. The body can be
// read again by a fault's handler.
func readForm(r *http.Request) (url.Values, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	r.Body = io.NopCloser(bytes.NewReader(body))
	switch {
	case err != nil:
		return nil, errors.New("the body could not be read")
	case len(body) > maxBody:
		return nil, errors.New("the body is larger than 1 MiB")
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, nil
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return values, errors.New("the form is not well encoded") // the error of the parser quotes the form
	}
	return values, nil
}

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// observed remembers the status of an answer.
type observed struct {
	http.ResponseWriter
	status int
}

func (o *observed) WriteHeader(status int) {
	if o.status == 0 {
		o.status = status
	}
	o.ResponseWriter.WriteHeader(status)
}

func (o *observed) Write(b []byte) (int, error) {
	if o.status == 0 {
		o.status = http.StatusOK
	}
	return o.ResponseWriter.Write(b)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

// Now is the emulator's time: the real time, or the time of a synctest bubble,
// plus what [Emulator.Advance] added.
func (e *Emulator) Now() time.Time { return time.Now().Add(time.Duration(e.offset.Load())) }
