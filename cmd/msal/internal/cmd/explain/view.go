package explain

import (
	"fmt"
	"io"
	"strings"

	"github.com/msal-go/msal/aadsts"
	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

// document is what -o json writes.
type document struct {
	Errors []explanation `json:"errors"`
}

type explanation struct {
	Code       int          `json:"code"`
	Known      bool         `json:"known"`
	Meaning    string       `json:"meaning,omitempty"`
	Remedy     string       `json:"remedy,omitempty"`
	Who        []aadsts.Who `json:"who,omitempty"`
	Next       string       `json:"next,omitempty"` // what to do with this program
	Source     string       `json:"source,omitempty"`
	Unverified bool         `json:"unverified,omitempty"` // the meaning
	URL        string       `json:"url"`                  // Microsoft's present text
	Answers    []answer     `json:"answers,omitempty"`
}

type answer struct {
	Error    string `json:"error"`
	SubError string `json:"suberror,omitempty"`
	Verified bool   `json:"verified"` // that the number comes with this error
}

func explain(code int, e aadsts.Entry, known bool) explanation {
	x := explanation{
		Code: code, Known: known, Meaning: e.Meaning, Remedy: e.Remedy, Who: e.Who, Next: exit.Hint(code),
		Source: e.Source, Unverified: e.Unverified, URL: aadsts.URL(code),
	}
	seen := map[answer]bool{}
	for _, a := range e.Answers {
		if form := (answer{a.Error, a.SubError, a.Verified}); !seen[form] {
			seen[form] = true
			x.Answers = append(x.Answers, form)
		}
	}
	return x
}

// view writes explanations for people.
type view struct{ style terminal.Style }

func (v view) write(w io.Writer, list []explanation) error {
	var b strings.Builder
	for i, x := range list {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(v.style.Bold(fmt.Sprintf("AADSTS%d", x.Code)) + "\n")
		line := func(name, text string) {
			if text != "" {
				b.WriteString("  " + v.style.Dim(terminal.Pad(name, 10)) + text + "\n")
			}
		}
		if !x.Known {
			line("meaning", "not known to this version of msal")
			line("look at", x.URL)
			continue
		}
		line("meaning", x.Meaning)
		line("to do", x.Remedy)
		line("by", people(x.Who))
		line("with msal", x.Next)
		line("comes as", forms(x.Answers))
		if x.Unverified {
			line("source", v.style.Warn("unverified")+"; see "+x.URL)
		} else {
			line("source", x.Source)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// people names those who can mend it, the likeliest first.
func people(who []aadsts.Who) string {
	names := make([]string, len(who))
	for i, w := range who {
		switch w {
		case aadsts.Developer:
			names[i] = "the developer of the application"
		case aadsts.Administrator:
			names[i] = "an administrator"
		case aadsts.User:
			names[i] = "the person who signs in"
		case aadsts.Microsoft:
			names[i] = "Microsoft"
		}
	}
	return strings.Join(names, ", or ")
}

func forms(answers []answer) string {
	list := make([]string, len(answers))
	for i, a := range answers {
		list[i] = a.Error
		if a.SubError != "" {
			list[i] += " (" + a.SubError + ")"
		}
		if !a.Verified {
			list[i] += ", unverified"
		}
	}
	return strings.Join(list, "; ")
}
