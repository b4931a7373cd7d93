package directory

import (
	"crypto"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// ExchangeID is the resource whose tokens are client assertions, and
// ExchangeURI its name.
const (
	ExchangeID  = "fb60f99c-7a34-4190-8149-302f77469936"
	ExchangeURI = "api://AzureADTokenExchange"
)

// FederatedCredential lets tokens of an issuer stand for an application.
type FederatedCredential struct {
	Issuer   string // empty: the application's tenant
	Subject  string
	Audience string
	Keys     []PublicKey // empty: the platform's own
}

// PublicKey is a key of an issuer.
type PublicKey struct {
	ID  string // kid
	Key crypto.PublicKey
}

// FMISubject is the subject of a token that the application clientID got for an
// FMI path. The form is that of tokens seen of the real service; GUIDs are
// base64url of their bytes as Windows orders them.
func FMISubject(tenantID, clientID, path string) string {
	return "/eid1/c/pub/t/" + packID(tenantID) + "/a/" + packID(clientID) + "/" + path
}

func packID(id string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
	if err != nil || len(b) != 16 {
		return base64.RawURLEncoding.EncodeToString([]byte(id)) // of a lenient directory
	}
	for _, pair := range [...][2]int{{0, 3}, {1, 2}, {4, 5}, {6, 7}} {
		b[pair[0]], b[pair[1]] = b[pair[1]], b[pair[0]]
	}
	return base64.RawURLEncoding.EncodeToString(b)
}
