package aadsts_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/aadsts"
)

var update = flag.Bool("update", false, "rewrite docs/errors.md")

var document = filepath.Join("..", "docs", "errors.md")

const introduction = `# Errors

What errors say and what to do about them. In a program, decide by ` + "`errors.Is`" + ` and package msal's variables; the numbers
are for people. On a command line, ` + "`msal explain`" + ` says the same, also of a whole log:

` + "```sh" + `
msal explain AADSTS50076
msal explain < failed-pipeline.log
` + "```" + `

## Decisions

| variable | what to do |
|---|---|
| ` + "`ErrInteractionRequired`" + ` | ask the person: call an interactive flow, with ` + "`Error.Claims`" + ` |
| ` + "`ErrConfiguration`" + ` | mend the call, the client or its registration; repeating does not help |
| ` + "`ErrTransient`" + ` | try again later |
| ` + "`ErrThrottled`" + ` | try again after ` + "`Error.RetryAfter`" + ` |
| ` + "`ErrDeclined`" + ` | the person, or a policy acting for the person, said no: stop |
| ` + "`ErrTimeout`" + ` | nobody answered in time: begin again |

An error may answer to several. The variables that no number leads to are in the documentation of package msal.

## Suberrors

` + "`Error.Classification`" + ` is the suberror as far as it is for an application; what the application cannot tell apart
anyway is empty. The values are MSAL's.

| suberror | classification | what the person is in for |
|---|---|---|
`

// suberrors are those that the platform is known to send, and what an
// application can tell the person beforehand.
var suberrors = [][2]string{
	{"basic_action", "a further step at sign-in, such as a second factor"},
	{"additional_action", "steps outside the sign-in, such as setting up the device; the page says which"},
	{"message_only", "a message that explains the refusal; the sign-in cannot succeed for now"},
	{"consent_required", "the question for consent"},
	{"user_password_expired", "a new password"},
	{"bad_token", "a sign-in"},
	{"token_expired", "a sign-in"},
	{"protection_policy_required", "a sign-in, once the application is managed as the organization wants"},
	{"client_mismatch", "a sign-in: the refresh token was another application's"},
	{"device_authentication_failed", "a sign-in, once the device is registered"},
}

const numbers = `
## Numbers

The meanings are in our words. "Not seen together" says that number and OAuth error are a likely pair, but were
not found together in public documentation or recordings. Nothing here was tried with the real service. After the
colon stands what ` + "`errors.Is`" + ` says of the answer.

`

// TestTheDocumentIsTheCatalog keeps docs/errors.md in step with the catalog and
// with what package msal makes of each row.
func TestTheDocumentIsTheCatalog(t *testing.T) {
	t.Parallel()
	catalog, err := aadsts.Load()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(introduction)
	for _, s := range suberrors {
		classification := (&msal.Error{SubError: s[0]}).Classification()
		if classification != "" {
			classification = "`" + classification + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s[0], classification, s[1])
	}
	b.WriteString(numbers)
	for e := range catalog.All() {
		write(&b, e)
	}
	want := strings.TrimSuffix(b.String(), "\n")
	if *update {
		if err := os.WriteFile(document, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the catalog says; if the change is meant: go test ./aadsts -update", document)
	}
}

func write(b *strings.Builder, e aadsts.Entry) {
	who := make([]string, len(e.Who))
	for i, w := range e.Who {
		who[i] = string(w)
	}
	fmt.Fprintf(b, "### AADSTS%d\n\n%s %s (%s)\n\n", e.Code, e.Meaning, e.Remedy, strings.Join(who, ", "))
	for _, a := range e.Answers {
		fmt.Fprintf(b, "- `%s`", a.Error)
		if a.SubError != "" {
			fmt.Fprintf(b, " with `%s`", a.SubError)
		}
		if !a.Verified {
			b.WriteString(" (not seen together)")
		}
		fmt.Fprintf(b, ": %s\n", decisions(e.Code, a))
	}
	if e.Unverified {
		fmt.Fprintf(b, "- [present text](%s); the meaning is unverified\n\n", aadsts.URL(e.Code))
	} else {
		fmt.Fprintf(b, "- [documentation](%s), [present text](%s)\n\n", e.Source, aadsts.URL(e.Code))
	}
}

// decisions names what package msal makes of an answer.
func decisions(code int, a aadsts.Answer) string {
	err := fmt.Errorf("wrapped: %w", &msal.Error{Code: a.Error, SubError: a.SubError, StatusCode: a.Status, AADSTS: []int{code}})
	var names []string
	for _, d := range []struct {
		name string
		err  error
	}{
		{"ErrInteractionRequired", msal.ErrInteractionRequired}, {"ErrNoToken", msal.ErrNoToken}, {"ErrThrottled", msal.ErrThrottled},
		{"ErrTransient", msal.ErrTransient}, {"ErrDeclined", msal.ErrDeclined}, {"ErrTimeout", msal.ErrTimeout},
		{"ErrNoBrowser", msal.ErrNoBrowser}, {"ErrConfiguration", msal.ErrConfiguration}, {"ErrProtocol", msal.ErrProtocol}, {"ErrCache", msal.ErrCache},
	} {
		if errors.Is(err, d.err) {
			names = append(names, "`"+d.name+"`")
		}
	}
	if len(names) == 0 {
		return "the library goes on polling"
	}
	return strings.Join(names, ", ")
}
