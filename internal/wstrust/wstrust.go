// Package wstrust signs people in at the identity provider that their domain is
// federated with: it finds out how a domain signs in (user realm), which
// endpoint takes a user name and password (WS-MetadataExchange with WSDL 1.1 and
// WS-SecurityPolicy), and exchanges them for a SAML assertion (WS-Trust 1.3 or
// February 2005, over SOAP 1.2).
//
// The documents come from strangers: they are bounded in size, depth and number
// of elements, document type declarations are refused, and addresses other than
// https are not used.
package wstrust

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/msal-go/msal/internal/httpcache"
	"github.com/msal-go/msal/internal/httpx"
)

// Version is a version of WS-Trust.
type Version int

// The versions that identity providers offer for user names and passwords.
const (
	Trust13   Version = iota + 1 // OASIS WS-Trust 1.3, February 2007
	Trust2005                    // WS-Trust, February 2005
)

// namespaces of the versions, which also make up their action and type URIs.
const (
	namespace13   = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
	namespace2005 = "http://schemas.xmlsoap.org/ws/2005/02/trust"
)

func (v Version) namespace() string {
	if v == Trust2005 {
		return namespace2005
	}
	return namespace13
}

// action is the SOAP action of the request for a token.
func (v Version) action() string { return v.namespace() + "/RST/Issue" }

// Endpoint takes user names and passwords. It is always https.
type Endpoint struct {
	Address string
	Version Version
}

// Credentials are what a person types.
type Credentials struct {
	Username string
	Password string
}

// Client asks federated identity providers. HTTP must not be nil. It is safe
// for concurrent use.
type Client struct {
	HTTP *httpx.Client
	// Memory keeps for a day how a person signs in, and the endpoint of a
	// provider that has accepted a password, for as long as it answers. Nil asks
	// every time.
	Memory *httpcache.Section
}

// Assertion exchanges a person's credentials for a SAML assertion at the
// provider that realm names. No header tells the provider about this program.
//
// Errors: *EndpointError, *TextError, *DocumentError, *Fault, and those of
// httpx.Client.Get. None carries the password.
func (c *Client) Assertion(ctx context.Context, realm Realm, who Credentials) (*Assertion, error) {
	if err := who.check(); err != nil { // before anything is sent
		return nil, err
	}
	var endpoint Endpoint
	known := c.recall(endpointKey(realm), &endpoint)
	if !known {
		var err error
		if endpoint, err = c.endpoint(ctx, realm); err != nil {
			return nil, err
		}
	}
	a, err := c.exchange(ctx, endpoint, realm, who)
	var fault *Fault
	switch {
	case err == nil && !known && realm.MetadataURL != "":
		c.remember(endpointKey(realm), endpoint)
	case err != nil && known && !errors.As(err, &fault): // it may have moved: ask again the next time
		c.Memory.Drop(endpointKey(realm))
	}
	return a, err
}

func (c *Client) exchange(ctx context.Context, endpoint Endpoint, realm Realm, who Credentials) (*Assertion, error) {
	body := request(endpoint, who, realm.Audience, c.HTTP.NewCorrelationID(), time.Now())
	header := http.Header{}
	header.Set("Content-Type", "application/soap+xml; charset=utf-8")
	header.Set("SOAPAction", endpoint.Version.action())
	res, err := c.HTTP.Post(ctx, endpoint.Address, body, header)
	if err != nil {
		return nil, err
	}
	a, err := parseResponse(res.Body, who.Password)
	return a, located(err, hostOf(endpoint.Address), res.Status)
}

func endpointKey(r Realm) httpcache.Key { return httpcache.KeyOf("endpoint", r.MetadataURL) }

// endpoint finds the provider's endpoint: in its metadata if it publishes any,
// else by the address in the realm.
func (c *Client) endpoint(ctx context.Context, realm Realm) (Endpoint, error) {
	if realm.MetadataURL == "" {
		return activeEndpoint(realm.ActiveURL)
	}
	res, err := c.HTTP.Get(ctx, realm.MetadataURL, nil)
	if err != nil {
		return Endpoint{}, err
	}
	host := hostOf(realm.MetadataURL)
	if res.Status != http.StatusOK {
		return Endpoint{}, &DocumentError{Document: Metadata, Host: host, Status: res.Status, Problem: ProblemStatus}
	}
	e, err := parseMetadata(res.Body)
	return e, located(err, host, res.Status)
}

// located completes an error of a parser, which knows nothing of the exchange.
func located(err error, host string, status int) error {
	switch e := err.(type) {
	case *DocumentError:
		e.Host, e.Status = host, status
	case *EndpointError:
		e.Host = host
	case *Fault:
		e.Host, e.Status = host, status
	}
	return err
}

// activeEndpoint tells the version of an endpoint by its path, which is fixed
// in AD FS.
func activeEndpoint(address string) (Endpoint, error) {
	if address == "" {
		return Endpoint{}, &EndpointError{Problem: NoAddress}
	}
	u, ok := secure(address)
	if !ok {
		return Endpoint{}, &EndpointError{Problem: InsecureAddress}
	}
	path := strings.ToLower(strings.TrimSuffix(u.Path, "/"))
	switch {
	case strings.HasSuffix(path, "/trust/13/usernamemixed"):
		return Endpoint{address, Trust13}, nil
	case strings.HasSuffix(path, "/trust/2005/usernamemixed"):
		return Endpoint{address, Trust2005}, nil
	}
	return Endpoint{}, &EndpointError{Host: u.Host, Problem: UnknownVersion}
}
