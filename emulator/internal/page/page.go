// Package page renders the HTML pages of the emulated identity platform:
// sign-in, sign-up, account picker, second factor, consent, device code, errors
// and the self-posting answer form.
//
// The pages look like nobody's product and say on top that they are not a
// real sign-in page. They are usable with a keyboard alone, without scripts,
// on a 320 pixel wide screen, and in light and dark color schemes. They load
// nothing: the one style sheet is inlined, and [CSP] names its hash.
//
// The package only renders. Who may sign in, what is posted back and which
// response headers go along are the business of the caller.
package page

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CSP is the Content-Security-Policy that every page of this package works
// under. It allows the inlined style sheet and the one line of script of the
// form_post page by their hashes, and nothing else.
//
// It says nothing of form-action on purpose: browsers apply that directive to
// the redirects that follow a form too, and a sign-in ends with a redirect to
// the application, wherever it lives.
const CSP = "default-src 'none'; " +
	"style-src 'sha256-0JswDVLspk6TpbZBpqRN8hxwKl+YxdwtHjqabTgBhrs='; " +
	"script-src 'sha256-ox4bri+xTrW3kuLTyRoak73QX8KZGuyP3JlQYusbSlA='; " +
	"base-uri 'none'; frame-ancestors 'none'"

// Banner is the sentence on top of every page.
const Banner = "msal emulator - not a real sign-in page. Any password typed here is a test password."

// The names and values that the forms post. They are the contract between the
// pages and the endpoints that read them.
const (
	FieldLogin    = "login"   // the user name typed or picked before
	FieldPassword = "passwd"  // the password typed
	FieldAccount  = "account" // a user name of the account picker, or AccountOther
	FieldConsent  = "consent" // ConsentAccept or ConsentCancel
	FieldCode     = "otc"     // the user code of the device flow
	FieldConfirm  = "confirm" // ConfirmContinue or ConfirmCancel
	FieldFactor   = "factor"  // the one-time code of the second factor
	FieldName     = "displayname"

	AccountOther    = "other"
	ConsentAccept   = "accept"
	ConsentCancel   = "cancel"
	ConfirmContinue = "continue"
	ConfirmCancel   = "cancel"
)

// ErrAction reports a form_post target that is not an absolute http or https
// URL.
var ErrAction = errors.New("page: the form_post target must be an absolute http or https URL; check the redirect URI of the request")

// Field is a form field that travels unseen.
type Field struct {
	Name, Value string
}

// AccountChoice is one account of the picker. Name may be empty.
type AccountChoice struct {
	UPN, Name string
}

// SignInData describes the sign-in page, which has three shapes:
//
//   - Accounts is not empty: the account picker. It posts [FieldAccount].
//   - Username is not empty: the password of that user is asked for. It posts
//     [FieldLogin] and [FieldPassword]; the second button posts
//     [FieldAccount] = [AccountOther].
//   - neither: user name and password are asked for, and both are posted.
type SignInData struct {
	Action     string  // where the form is posted
	Hidden     []Field // posted along
	AppName    string  // the application that asks; may be empty
	TenantName string  // the organization that signs in; may be empty
	Username   string  // the user whose password is asked for
	Login      string  // prefills the user name field when Username is empty
	Error      string  // why the last attempt failed; may be empty
	Hint       string  // a line of help for people, such as the test users; may be empty
	Accounts   []AccountChoice
}

// ConsentData describes the page that asks a user to grant permissions. It
// posts [FieldConsent].
type ConsentData struct {
	Action   string
	Hidden   []Field
	AppName  string
	Username string
	Scopes   []string
}

// DeviceCodeData describes the page that asks for the code shown on another
// device. It posts [FieldCode]. Code prefills the field.
type DeviceCodeData struct {
	Action string
	Hidden []Field
	Code   string
	Error  string
}

// DeviceConfirmData describes the page that asks whether the user really
// means to sign in on another device. It posts [FieldConfirm].
type DeviceConfirmData struct {
	Action   string
	Hidden   []Field
	AppName  string
	Username string
}

// MFAData describes the page that asks for the second factor. It posts
// [FieldFactor]. With Code it is the page that enrolls: the code is shown and
// typed once.
type MFAData struct {
	Action   string
	Hidden   []Field
	AppName  string
	Username string
	Code     string
	Error    string
}

// SignUpData describes the page that makes an account. It posts [FieldLogin],
// [FieldName] and [FieldPassword]; Login and Name prefill them.
type SignUpData struct {
	Action     string
	Hidden     []Field
	AppName    string
	TenantName string
	Login      string
	Name       string
	Error      string
}

// DoneData describes the page after which nothing is left to do.
type DoneData struct {
	Title   string
	Message string
}

// ErrorData describes the page of an error that must not be sent to an
// application. Empty fields are left out.
type ErrorData struct {
	Title         string // default "We cannot sign you in"
	Message       string // one sentence for people
	Code          string // such as "AADSTS50011"
	Description   string // the error_description, with trace and correlation ids
	CorrelationID string
	Timestamp     string
}

// FormPostData describes the page of response_mode=form_post: a form that
// posts itself to the application. Without scripts its button does.
type FormPostData struct {
	Action string // the redirect URI: absolute, http or https
	Fields []Field
}

// SignedOutData describes the page after a sign-out. ContinueURL, an http or
// https URL, becomes a link when it is not empty.
type SignedOutData struct {
	Username    string
	ContinueURL string
}

//go:embed style.css
var styleSheet string

//go:embed templates/*.html
var templates embed.FS

// Pages renders the pages. It is immutable and safe for concurrent use.
type Pages struct {
	signIn, consent, deviceCode, deviceConfirm, done, fail, formPost, signedOut, mfa, signUp *template.Template
}

// New parses the templates. An error means that the embedded files are
// broken.
func New() (*Pages, error) {
	p := new(Pages)
	for name, slot := range map[string]**template.Template{
		"signin":        &p.signIn,
		"consent":       &p.consent,
		"devicecode":    &p.deviceCode,
		"deviceconfirm": &p.deviceConfirm,
		"done":          &p.done,
		"error":         &p.fail,
		"formpost":      &p.formPost,
		"signedout":     &p.signedOut,
		"mfa":           &p.mfa,
		"signup":        &p.signUp,
	} {
		t, err := parse(name)
		if err != nil {
			return nil, err
		}
		*slot = t
	}
	return p, nil
}

func parse(name string) (*template.Template, error) {
	funcs := template.FuncMap{
		"style":    func() template.CSS { return template.CSS(styleSheet) },
		"banner":   func() string { return Banner },
		"initial":  initial,
		"describe": describeScope,
	}
	t, err := template.New("layout.html").Funcs(funcs).ParseFS(templates, "templates/layout.html", "templates/"+name+".html")
	if err != nil {
		return nil, fmt.Errorf("page: template %q: %w", name, err)
	}
	return t, nil
}

// SignIn writes the account picker, the password page or the page that asks
// for both user name and password.
func (p *Pages) SignIn(w io.Writer, d SignInData) error { return render(w, p.signIn, d) }

// Consent writes the page that asks for permissions.
func (p *Pages) Consent(w io.Writer, d ConsentData) error { return render(w, p.consent, d) }

// DeviceCode writes the page that asks for a user code.
func (p *Pages) DeviceCode(w io.Writer, d DeviceCodeData) error { return render(w, p.deviceCode, d) }

// DeviceConfirm writes the last question of the device flow.
func (p *Pages) DeviceConfirm(w io.Writer, d DeviceConfirmData) error {
	return render(w, p.deviceConfirm, d)
}

// MFA writes the page that asks for the second factor, or enrolls one.
func (p *Pages) MFA(w io.Writer, d MFAData) error { return render(w, p.mfa, d) }

// SignUp writes the page that makes an account.
func (p *Pages) SignUp(w io.Writer, d SignUpData) error { return render(w, p.signUp, d) }

// Done writes a page that ends a flow well.
func (p *Pages) Done(w io.Writer, d DoneData) error { return render(w, p.done, d) }

// Error writes a page that ends a flow badly.
func (p *Pages) Error(w io.Writer, d ErrorData) error { return render(w, p.fail, d) }

// FormPost writes the page that posts an authorization response to the
// application. It returns [ErrAction] for a target that a browser would not
// post to.
func (p *Pages) FormPost(w io.Writer, d FormPostData) error {
	u, err := url.Parse(d.Action)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return ErrAction // the target may carry a query, so it is not repeated here
	}
	return render(w, p.formPost, d)
}

// SignedOut writes the page that ends a session.
func (p *Pages) SignedOut(w io.Writer, d SignedOutData) error { return render(w, p.signedOut, d) }

// render writes a page whole or not at all.
func render(w io.Writer, t *template.Template, data any) error {
	var buf bytes.Buffer
	if err := t.Execute(&buf, data); err != nil {
		return fmt.Errorf("page: rendering %s: %w", t.Name(), err)
	}
	_, err := w.Write(buf.Bytes())
	return err
}

// initial returns the letter in the circle beside an account.
func initial(names ...string) string {
	for _, name := range names {
		for _, r := range name {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return string(unicode.ToUpper(r))
			}
		}
	}
	return "?"
}

// describeScope says in plain words what a well-known scope means, and
// nothing about the others.
func describeScope(scope string) string {
	if i := strings.LastIndexByte(scope, '/'); i >= 0 && utf8.ValidString(scope) {
		scope = scope[i+1:]
	}
	switch strings.ToLower(scope) {
	case "openid":
		return "Sign you in"
	case "profile":
		return "See your name and user name"
	case "email":
		return "See your email address"
	case "offline_access":
		return "Keep this access while you are away"
	case "user.read":
		return "Read your profile"
	case ".default":
		return "Everything that was granted to the application before"
	}
	return ""
}
