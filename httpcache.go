package msal

import "github.com/msal-go/msal/internal/httpcache"

// HTTPCache remembers answers of services that are no tokens: refusals that
// would only be repeated (throttling, rejected requests), discovery documents,
// and how people sign in with a password. A client keeps to it without network, so that a program in a loop
// does not make an outage worse. The zero value is empty and ready to use, safe
// for concurrent use, and must not be copied.
//
// A program that runs often and briefly may keep it in a file, as it does with
// the token cache, and with the same care: whoever can write the file says where
// an OpenID provider's endpoints are. It holds no token or secret, and nothing
// from which a password could be guessed, but the service's error texts, which
// may name people. Where passwords go (user realm, federation metadata) is never
// in the file, and asked for again by each process.
//
// Entries: 429, 5xx and Retry-After for the time that the service names, at most
// an hour, else 60 s for public and 5 s for confidential clients, for the same
// user, scopes, client and endpoint; 400 for 60 s for exactly the same request;
// documents, and where passwords go, for 24 h. At most 1024 of each kind.
type HTTPCache struct{ entries httpcache.Cache }

// Marshal returns the entries that still count.
func (c *HTTPCache) Marshal() ([]byte, error) {
	data, err := c.entries.Marshal()
	if err != nil {
		return nil, &OpError{Op: "marshal the HTTP cache", Kind: ErrCache, Err: err}
	}
	return data, nil
}

// Unmarshal replaces the entries by what Marshal wrote; those that have expired
// or cannot be right are left out. An error (ErrCache) means that data is
// something else; nothing was changed then, and going on costs but a few
// requests.
func (c *HTTPCache) Unmarshal(data []byte) error {
	if err := c.entries.Unmarshal(data); err != nil {
		return &OpError{Op: "unmarshal the HTTP cache", Kind: ErrCache, Hint: "go on without it, and replace the file", Err: err}
	}
	return nil
}
