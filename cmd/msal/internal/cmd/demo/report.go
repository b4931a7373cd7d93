package demo

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cmd/msal/internal/invocation"
	"github.com/msal-go/msal/cmd/msal/internal/jwtview"
	"github.com/msal-go/msal/cmd/msal/internal/output"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

// report tells about the steps while they happen, or at the end as JSON.
type report struct {
	inv   *invocation.Invocation
	json  bool
	steps []outcome
}

type document struct {
	OK     bool           `json:"ok"`
	Steps  []outcome      `json:"steps"`
	Claims map[string]any `json:"claims,omitempty"` // of the last token
}

// nameWidth is the column of what was done, sourceWidth that of where the token
// came from.
const (
	nameWidth   = 32
	sourceWidth = 30
	timeWidth   = 8
)

func (r *report) begin(address string) {
	if !r.json {
		style := r.inv.OutStyle
		fmt.Fprintf(r.inv.Out, "%s  the library against an emulator at %s\n\n", style.Bold("msal demo"), style.Name(address))
	}
}

func (r *report) step(o outcome) error {
	r.steps = append(r.steps, o)
	if r.json {
		return nil
	}
	style := r.inv.OutStyle
	mark, source := style.Good("✓"), o.where()
	if o.Error != "" {
		mark, source = style.Bad("✗"), "failed"
	}
	_, err := fmt.Fprintf(r.inv.Out, "%s %s %s %s\n  %s\n", mark, style.Bold(terminal.Pad(o.Name, nameWidth)),
		terminal.Pad(source, sourceWidth), pad(output.Span(o.took), timeWidth), style.Dim(o.Did))
	return err
}

// pad moves text to the right of a column, by letters rather than bytes.
func pad(s string, width int) string {
	return strings.Repeat(" ", max(width-utf8.RuneCountInString(s), 0)) + s
}

// where is where the token came from, and at what price.
func (o outcome) where() string {
	price := fmt.Sprintf("%d requests", o.Requests)
	switch o.Requests {
	case 0:
		price = "no request"
	case 1:
		price = "1 request"
	}
	switch {
	case o.Source == string(msal.FromCache):
		return "from the cache, " + price
	case o.Source == "":
		return "no token left, " + price
	case o.Grant == grantRefresh:
		return "by refresh token, " + price
	}
	return "from the service, " + price
}

// failed ends a demo that did not go as it should.
func (r *report) failed(err error) error {
	if r.json {
		if problem := output.WriteJSON(r.inv.Out, document{Steps: r.steps}); problem != nil {
			return problem
		}
	}
	return err
}

// end shows the last token in clear.
func (r *report) end(last msal.Result) error {
	token, err := jwtview.Parse(last.AccessToken)
	if err != nil {
		return r.failed(&StepError{"look into the token", err})
	}
	if r.json {
		return output.WriteJSON(r.inv.Out, document{OK: true, Steps: r.steps, Claims: token.Claims})
	}
	style := r.inv.OutStyle
	fmt.Fprintf(r.inv.Out, "\n%s\n%s\n\n", style.Bold("The last of these tokens, as msal decode shows it"), strings.Repeat("─", 49))
	view := jwtview.View{Style: style, Now: r.inv.Now()}
	if r.inv.OutTTY {
		view.Width = r.inv.Width
	}
	if err := view.Write(r.inv.Out, token); err != nil {
		return err
	}
	_, err = fmt.Fprintf(r.inv.Out, "\n%s %d steps, all as they should be. Next: %s\n", style.Good("✓"), len(r.steps),
		style.Name("msal emulator run -- your-program"))
	return err
}
