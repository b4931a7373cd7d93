// Package emulator is the command "msal emulator" with its subcommands.
package emulator

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	platform "github.com/msal-go/msal/emulator"

	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/invocation"
)

// New returns the command.
func New(inv *invocation.Invocation) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "emulator",
		Short: "Run an identity platform on this machine",
		Long: `Run a strict stand-in for the Microsoft identity platform on this machine, for
tests and demos. Without a configuration it holds the tenant Contoso with the
people alice and bob and an application for every flow.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return &exit.UsageError{Problem: fmt.Sprintf("there is no command %q", args[0]), Hint: "use msal emulator start or msal emulator run -- COMMAND"}
		},
	}
	cmd.AddCommand(newStart(inv), newRun(inv))
	return cmd
}

// anyPort is a free port that only this machine reaches.
const anyPort = "127.0.0.1:0"

// common are the flags of both subcommands.
type common struct {
	listen      string
	allowRemote bool
	config      string
	lenient     bool
}

func (c *common) add(fs *pflag.FlagSet) {
	fs.StringVar(&c.listen, "listen", anyPort, "address and port; port 0 is any free one")
	fs.BoolVar(&c.allowRemote, "allow-remote", false, "permit --listen on an address that other machines reach")
	fs.StringVar(&c.config, "config", "", "tenants, people and applications, in a JSON or YAML file")
	fs.BoolVar(&c.lenient, "lenient", false, "register unknown applications, redirect URIs and scopes instead of refusing them")
}

// configuration reads --config; without it, it is the default one spelled out.
func (c *common) configuration(inv *invocation.Invocation) (platform.Config, error) {
	cfg := platform.Defaults()
	if c.config != "" {
		var err error
		if cfg, err = readConfig(c.config); err != nil {
			return platform.Config{}, &exit.UsageError{Problem: fmt.Sprintf("the configuration %s cannot be used: %v", c.config, err), Err: err}
		}
		if len(cfg.Tenants) == 0 {
			cfg.Tenants = platform.Defaults().Tenants
		}
	}
	cfg.Lenient = cfg.Lenient || c.lenient
	if inv.Verbose {
		cfg.Logger = inv.Logger()
	} else {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return cfg, nil
}
