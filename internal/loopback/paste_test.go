package loopback

import (
	"errors"
	"strconv"
	"strings"
	"testing"
)

func TestPastedAddressIsTheAnswer(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"address":           "http://localhost:PORT/?FORM",
		"without slash":     "http://localhost:PORT?FORM",
		"by number":         "http://127.0.0.1:PORT/?FORM",
		"capitals":          "HTTP://LocalHost:PORT/?FORM",
		"query":             "FORM",
		"with its mark":     "?FORM",
		"line break":        " http://localhost:PORT/?FORM\r\n",
		"quoted":            `"http://localhost:PORT/?FORM"`,
		"angle brackets":    "<http://localhost:PORT/?FORM>",
		"with a fragment":   "http://localhost:PORT/?FORM#_=_",
		"address in itself": "http://localhost:PORT/?FORM&x=http://evil.test/",
	} {
		l := listen(t, Options{Mode: Query})
		text = strings.NewReplacer("PORT", strconv.Itoa(l.port), "FORM", goodForm()).Replace(text)
		if err := l.Paste(text); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if values, err := l.Wait(t.Context()); err != nil || values.Get("code") != "secret-code" {
			t.Errorf("%s: got another answer, %v", name, err)
		}
		var late *PasteError
		if err := l.Paste(text); !errors.As(err, &late) {
			t.Errorf("%s: a second paste gives %v", name, err)
		}
	}
}

func TestPastedNonsenseIsRefusedAndTheWaitGoesOn(t *testing.T) {
	t.Parallel()
	l := listen(t, Options{Mode: Query})
	for name, text := range map[string]string{
		"nothing":          " \n",
		"words":            "I do not know",
		"the sign-in page": "https://login.example.test/authorize?" + goodForm(),
		"another machine":  "http://evil.test:PORT/?" + goodForm(),
		"another port":     "http://localhost:1/?" + goodForm(),
		"another path":     "http://localhost:PORT/x?" + goodForm(),
		"https":            "https://localhost:PORT/?" + goodForm(),
		"a user":           "http://localhost:PORT@evil.test/?" + goodForm(),
		"user and host":    "http://u@localhost:PORT/?" + goodForm(),
		"no query":         "http://localhost:PORT/",
		"another state":    "http://localhost:PORT/?code=secret-code&state=x",
		"no state":         "http://localhost:PORT/?code=secret-code",
		"no code":          "http://localhost:PORT/?state=" + testState,
		"the code alone":   "secret-code",
		"code twice":       "?" + goodForm() + "&code=again",
		"bad escape":       "?" + goodForm() + "&x=%",
		"bad address":      "http://localhost:PORT/\x7f?" + goodForm(),
		"too long":         "?" + goodForm() + "&x=" + strings.Repeat("y", maxPaste),
	} {
		err := l.Paste(strings.ReplaceAll(text, "PORT", strconv.Itoa(l.port)))
		var bad *PasteError
		if !errors.As(err, &bad) {
			t.Errorf("%s: got %v, want a *PasteError", name, err)
			continue
		}
		if strings.Contains(err.Error(), "secret-code") || strings.Contains(err.Error(), testState) || bad.Problem == "" {
			t.Errorf("%s: the error shows the text, or says nothing: %v", name, err)
		}
	}
	mustAnswer(t, l)
}

func TestPostedAnswersCannotBePasted(t *testing.T) {
	t.Parallel()
	l := listen(t, Options{})
	if err := l.Paste("?" + goodForm()); err == nil {
		t.Error("it was taken")
	}
	mustAnswer(t, l)
}

// FuzzPaste checks that no text without the state is an answer, and that what is
// taken has one value of each parameter.
func FuzzPaste(f *testing.F) {
	l := &Listener{mode: Query, path: "/", port: 5001, state: testState}
	for _, seed := range []string{"http://localhost:5001/?" + goodForm(), "?" + goodForm(), "code=x", "http://localhost:5001@evil.test/?" + goodForm(), "http://[::1]:5001/?error=x&state=" + testState, "%", "://"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		values, no := l.readPaste(text)
		if no != nil {
			if no.message == "" {
				t.Error("a refusal without words")
			}
			return
		}
		if values.Get("state") != testState || values.Has("code") && values.Get("code") != "" == (values.Get("error") != "") {
			t.Errorf("%q was taken", text)
		}
		for name, v := range values {
			if len(v) != 1 {
				t.Errorf("%q: %s has %d values", text, name, len(v))
			}
		}
	})
}
