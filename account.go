package msal

import "log/slog"

// Account is a signed-in user as the cache knows it. It is a plain value: copy
// it, compare it, keep it as JSON in a session. HomeAccountID is enough to find
// the user's tokens again.
type Account struct {
	HomeAccountID  string `json:"home_account_id"`          // unique across tenants: "uid.utid" at Entra, the subject elsewhere
	Environment    string `json:"environment"`              // host of the authority, with a port if it has one and the path of an OpenID Connect issuer
	Realm          string `json:"realm"`                    // tenant the account was seen in
	LocalAccountID string `json:"local_account_id"`         // the user's object id in that tenant, or the subject
	Username       string `json:"username"`                 // what people sign in with; may change, may be empty
	AuthorityType  string `json:"authority_type"`           // "MSSTS", "ADFS" or "CLOUDSHELL"
	AccountSource  string `json:"account_source,omitempty"` // grant that first brought the account here; may be empty
}

// IsZero reports whether a is no account at all.
func (a Account) IsZero() bool { return a == Account{} }

// LogValue keeps personal data out of logs: of the account only the
// environment and the realm are shown.
func (a Account) LogValue() slog.Value {
	if a.IsZero() {
		return slog.StringValue("none")
	}
	return slog.GroupValue(slog.String("environment", a.Environment), slog.String("realm", a.Realm))
}
