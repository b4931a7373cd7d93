// Package imds asks the instance metadata service of an Azure machine where the
// machine is
// (https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service).
//
// It is the one place where plain http is spoken: the service has a link-local
// address that only the machine itself can reach, and no certificate. Nothing
// secret is sent, and the answer is not believed beyond its form.
package imds

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/msal-go/msal/internal/authority/flight"
)

const (
	// regionURL is the document that names the machine's region.
	regionURL = "http://169.254.169.254/metadata/instance/compute?api-version=2021-02-01"
	// timeout bounds the question. Where there is no such service, nothing
	// answers at all; where there is one, it is next door.
	timeout = 2 * time.Second
	// retryAfter is how long a failure is remembered: a program outside Azure
	// must not pay the time-out with every token.
	retryAfter = time.Hour
	// maxBody bounds the document; real ones have a few kilobytes.
	maxBody = 256 << 10
)

// ErrRedirect reports a service that sends the question elsewhere. It does not
// do so; something in between did.
var ErrRedirect = errors.New("the instance metadata service redirects, which is not followed")

// StatusError reports an answer without the document.
type StatusError struct {
	Status  int    // HTTP status
	Problem string // what is wrong with the answer
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("the instance metadata service (HTTP %d): %s", e.Status, e.Problem)
}

// Client asks once and remembers. It is safe for concurrent use.
type Client struct {
	http    *http.Client
	flights flight.Group[struct{}, string]

	mu     sync.Mutex
	region string    // guarded by mu
	err    error     // guarded by mu
	until  time.Time // guarded by mu; when err has to be forgotten
}

// New makes a client over h, whose redirects are refused. Nil means a transport
// of its own that no proxy setting applies to: the address means another machine
// at every hop.
func New(h *http.Client) *Client {
	own := http.Client{}
	if h != nil {
		own = *h
	} else if def, ok := http.DefaultTransport.(*http.Transport); ok {
		t := def.Clone()
		t.Proxy = nil
		t.DisableKeepAlives = true // asked once
		own.Transport = t
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return ErrRedirect }
	return &Client{http: &own}
}

// Region returns the name of the machine's region as the service gives it. The
// answer is remembered for good, a failure for an hour. It takes two seconds at
// most, for any number of callers; one whose ctx ends gets its cause.
func (c *Client) Region(ctx context.Context) (string, error) {
	if region, err, known := c.look(); known {
		return region, err
	}
	return c.flights.Do(ctx, struct{}{}, func(ctx context.Context) (string, error) {
		if region, err, known := c.look(); known {
			return region, err
		}
		limited, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		region, err := c.ask(limited)
		if ctx.Err() == nil { // who gave up learned nothing
			c.mu.Lock()
			defer c.mu.Unlock()
			c.region, c.err, c.until = region, err, time.Now().Add(retryAfter)
		}
		return region, err
	})
}

func (c *Client) look() (region string, err error, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.region, c.err, c.region != "" || c.err != nil && time.Now().Before(c.until)
}

func (c *Client) ask(ctx context.Context) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, regionURL, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Metadata", "true") // proof that no redirect or forged link asks
	res, err := c.http.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusOK {
		return "", &StatusError{Status: res.StatusCode, Problem: "it has no document for this machine"}
	}
	region, ok := parse(body)
	if !ok {
		return "", &StatusError{Status: res.StatusCode, Problem: "the document has no location"}
	}
	return region, nil
}

// parse reads the location out of the document.
func parse(body []byte) (region string, ok bool) {
	var doc struct {
		Location string `json:"location"`
	}
	if len(body) > maxBody || json.Unmarshal(body, &doc) != nil || doc.Location == "" {
		return "", false
	}
	return doc.Location, true
}
