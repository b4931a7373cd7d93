package exit

import "github.com/msal-go/msal"

// hints say who can do what about the most common answers. The meanings are
// those of Microsoft's public list of AADSTS codes.
var hints = [...]struct {
	number int
	hint   string
}{
	{50034, "check the user name, and that the person is a member or guest of this tenant"},
	{50058, "nobody is signed in in the browser; run msal login"},
	{50076, "a second factor is needed; run msal login"},
	{50079, "a second factor has to be set up; run msal login"},
	{50105, "an administrator has to assign the person to the application"},
	{50126, "check the user name and the password"},
	{50173, "the sign-in was revoked; run msal login"},
	{53000, "the device does not comply with the rules of the organization"},
	{53003, "a Conditional Access policy refused; where it refuses device codes, sign in with the browser"},
	{65001, "the application lacks consent; sign in again to give it, or ask an administrator"},
	{65004, "the person did not consent"},
	{70011, "check --scope: one resource at a time, spelled as its owner registered it"},
	{90002, "check --tenant: its id or one of its domains"},
	{90094, "an administrator has to consent to the application"},
	{500011, "check --scope or --resource: no such resource is known in this tenant"},
	{700016, "check --client-id and --tenant: the application is not registered there"},
	{700027, "check --cert: is this certificate registered with the application?"},
	{1002012, "an application asks for <resource>/.default; use --resource"},
	{7000215, "check the client secret: its value is wanted, not its id"},
	{7000218, "the application must prove itself: give --client-secret-stdin or --cert, or allow public client flows in its registration"},
	{7000222, "the client secret has expired; make a new one"},
}

// Hint says what to do about an AADSTS number with this program; empty if there
// is nothing special to do.
func Hint(number int) string {
	for _, h := range hints {
		if h.number == number {
			return h.hint
		}
	}
	return ""
}

func hintFor(e *msal.Error) string {
	for _, n := range e.AADSTS {
		if hint := Hint(n); hint != "" {
			return hint
		}
	}
	if e.Claims != "" {
		return "a stronger sign-in is needed; run msal login with --claims and the claims of this error"
	}
	return ""
}
