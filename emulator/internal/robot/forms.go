package robot

import (
	"net/http"
	"net/url"
	"strings"
)

// The names that the pages of the platform post. They are typed again here on
// purpose: the robot is a stranger to the pages, as a browser is.
const (
	fieldLogin    = "login"
	fieldPassword = "passwd"
	fieldCode     = "otc"
	fieldFactor   = "factor"
	fieldName     = "displayname"
	askAccount    = "account"
	askConsent    = "consent"
	askConfirm    = "confirm"
	anotherOne    = "other"
	cancel        = "cancel"
)

// fill answers the question that a page asks. It returns nil for a page
// without one, and the name of the question if it has answered that before:
// the platform did not like the answer.
func (b *browsing) fill(doc document) (next *step, askedAgain string) {
	for i := range doc.forms {
		f := &doc.forms[i]
		question, pressed, typed := b.answer(f)
		if question == "" {
			continue
		}
		if b.done[question] {
			return nil, question
		}
		b.done[question] = true
		return submit(f, pressed, typed), ""
	}
	return nil, ""
}

// answer returns what a form asks for, the button to press, and what to type.
// The question is empty for a form that the robot does not know.
func (b *browsing) answer(f *form) (question string, pressed button, typed map[string]string) {
	if b.visit.Refuse {
		if no, ok := cancelButton(f); ok {
			b.refused = true
			return "refusal", no, nil
		}
	}
	login, _ := f.field(fieldLogin)
	_, wantsPassword := f.field(fieldPassword)
	_, wantsCode := f.field(fieldCode)
	_, wantsFactor := f.field(fieldFactor)
	_, isNew := f.field(fieldName)
	switch {
	case isNew:
		name, _, _ := strings.Cut(b.cfg.UPN, "@")
		return "new account", plain(f), map[string]string{fieldLogin: b.cfg.UPN, fieldPassword: b.cfg.Password, fieldName: name}
	case wantsFactor && b.cfg.Factor != nil:
		return "one-time code", plain(f), map[string]string{fieldFactor: b.cfg.Factor()}
	case wantsPassword && login.hidden && !strings.EqualFold(login.value, b.cfg.UPN):
		if other, ok := f.button(askAccount, anotherOne); ok {
			return "other account", other, nil
		}
		return "password", plain(f), map[string]string{fieldPassword: b.cfg.Password}
	case wantsPassword:
		return "password", plain(f), map[string]string{fieldLogin: b.cfg.UPN, fieldPassword: b.cfg.Password}
	case f.asks(askAccount):
		if own, ok := f.button(askAccount, b.cfg.UPN); ok {
			return "account", own, nil
		}
		other, _ := f.button(askAccount, anotherOne)
		return "account", other, nil
	case wantsCode:
		return "code", plain(f), map[string]string{fieldCode: b.visit.Code}
	case f.asks(askConsent):
		yes, _ := f.button(askConsent, "accept")
		return "consent", yes, nil
	case f.asks(askConfirm):
		yes, _ := f.button(askConfirm, "continue")
		return "confirmation", yes, nil
	case f.onlyContinue():
		// Named by its target: an answer may follow a page that posts itself.
		return "continue to " + place(f.action), plain(f), nil
	}
	return "", button{}, nil
}

// cancelButton returns the button that a person who has changed their mind
// presses.
func cancelButton(f *form) (button, bool) {
	for _, b := range f.buttons {
		if b.name == cancel || b.name != "" && b.value == cancel {
			return b, true
		}
	}
	return button{}, false
}

// plain returns the first button, which Enter presses too, unless it would
// answer something else.
func plain(f *form) button {
	for _, b := range f.buttons {
		if b.name == "" {
			return b
		}
	}
	return button{}
}

func submit(f *form, pressed button, typed map[string]string) *step {
	values := f.values(pressed, typed)
	target := *f.action
	if f.method == http.MethodGet {
		target.RawQuery = values.Encode()
		return &step{method: http.MethodGet, url: &target, fromPlatform: true}
	}
	return &step{method: http.MethodPost, url: &target, form: values}
}

// originOf returns the Origin header of a form on a page (Fetch standard,
// "append a request Origin header").
func originOf(page *url.URL, referrerPolicy string) string {
	if strings.EqualFold(strings.TrimSpace(referrerPolicy), "no-referrer") {
		return "null"
	}
	return page.Scheme + "://" + page.Host
}
