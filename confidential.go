package msal

import (
	"errors"
	"os"
)

// ConfidentialClient acquires tokens for services, web applications and APIs,
// which can keep a credential (RFC 6749 section 2.1). It is immutable and safe
// for concurrent use.
type ConfidentialClient struct{ core }

// NewConfidentialClient makes a client that proves itself by credential: a
// Secret, a Certificate, or one of the others that Credential lists. It checks
// what it is given and uses no network; errors are ErrConfiguration.
func NewConfidentialClient(clientID string, credential Credential, o Options) (*ConfidentialClient, error) {
	if credential == nil {
		return nil, configError("make a confidential client", "use NewPublicClient for programs that cannot keep a secret", errors.New("there is no credential"))
	}
	c := new(ConfidentialClient)
	if err := c.init(clientID, credential, o); err != nil {
		return nil, err
	}
	var err error
	if c.regions, err = newRegions(o, os.Getenv, c.log); err != nil {
		return nil, err
	}
	return c, nil
}
