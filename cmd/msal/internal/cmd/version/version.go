// Package version is the command "msal version".
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cmd/msal/internal/invocation"
	"github.com/msal-go/msal/cmd/msal/internal/output"
)

// New returns the command.
func New(inv *invocation.Invocation) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show the version of this program",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return run(inv) },
	}
}

type info struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func run(inv *invocation.Invocation) error {
	format, err := inv.Format(output.Text, output.Text, output.JSON)
	if err != nil {
		return err
	}
	v := info{Version: msal.Version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, s := range build.Settings {
			if s.Key == "vcs.revision" {
				v.Revision = s.Value
			}
		}
	}
	if format == output.JSON {
		return output.WriteJSON(inv.Out, v)
	}
	line := fmt.Sprintf("msal %s (%s, %s)", v.Version, v.Go, v.Platform)
	if v.Revision != "" {
		line += " " + v.Revision
	}
	_, err = fmt.Fprintln(inv.Out, line)
	return err
}
