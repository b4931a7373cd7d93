package output

import (
	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

// Person is how the user of a token is called: display name and sign-in name,
// as far as they are known.
func Person(r msal.Result) string {
	name, _ := r.IDTokenClaims["name"].(string)
	user := r.Account.Username
	switch {
	case user == "" && name == "":
		return "somebody without a name"
	case name == "" || name == user:
		return terminal.Clean(user)
	case user == "":
		return terminal.Clean(name)
	}
	return terminal.Clean(name + " (" + user + ")")
}
