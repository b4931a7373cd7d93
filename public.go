package msal

import "os"

// PublicClient signs people in from programs that cannot keep a secret: command
// lines, desktop applications, devices (RFC 6749 section 2.1). It is immutable
// and safe for concurrent use.
type PublicClient struct{ core }

// NewPublicClient makes a client for an app registration without a credential.
// It checks what it is given and uses no network; errors are ErrConfiguration.
func NewPublicClient(clientID string, o Options) (*PublicClient, error) {
	c := new(PublicClient)
	if err := c.init(clientID, nil, o); err != nil {
		return nil, err
	}
	c.cloudShell = newCloudShell(o, os.Getenv)
	return c, nil
}
