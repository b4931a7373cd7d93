package emulator

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	platform "github.com/msal-go/msal/emulator"

	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/invocation"
	"github.com/msal-go/msal/cmd/msal/internal/output"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

type startOptions struct {
	common
	caFile string
	shell  string
}

func newStart(inv *invocation.Invocation) *cobra.Command {
	var o startOptions
	cmd := &cobra.Command{
		Use:   "start",
		Short: "Serve the emulator until Ctrl-C",
		Long: `Serve the emulator until Ctrl-C. Its addresses, people and applications are
written to standard output, and the environment that points msal at it.

The certificates are signed by an authority made for this run, which is written
to --ca-file. Do not put it into the trust store of your system.`,
		Example: `  msal emulator start
  msal emulator start --listen 127.0.0.1:8443 --config contoso.yaml -v
  msal emulator start -o env > emulator.env &`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), inv) },
	}
	o.add(cmd.Flags())
	cmd.Flags().StringVar(&o.caFile, "ca-file", "", "where to write the certificate to trust (default: a temporary file)")
	cmd.Flags().StringVar(&o.shell, "shell", "", "syntax of the environment: sh, bash, zsh, fish or pwsh")
	return cmd
}

func (o *startOptions) run(ctx context.Context, inv *invocation.Invocation) (err error) {
	format, err := inv.Format(output.Text, output.Text, output.JSON, output.Env, output.None)
	if err != nil {
		return err
	}
	shell, err := output.ParseShell(o.shell, runtime.GOOS)
	if err != nil {
		return &exit.UsageError{Err: err}
	}
	cfg, err := o.configuration(inv)
	if err != nil {
		return err
	}
	emu, server, err := o.serve(ctx, cfg)
	if err != nil {
		return err
	}
	defer server.Close()
	file, remove, err := writeCA(o.caFile, server.CA())
	if err != nil {
		return err
	}
	defer remove()
	d := describe(cfg, server, file)
	switch format {
	case output.JSON:
		err = output.WriteJSON(inv.Out, d)
	case output.Env:
		_, err = fmt.Fprint(inv.Out, d.assignments(shell))
	case output.Text:
		err = d.write(inv.Out, inv.OutStyle, shell)
	}
	if err != nil {
		return err
	}
	inv.Say("The emulator is running. Press Ctrl-C to stop it.")
	<-ctx.Done()
	inv.Say("%s", summary(emu))
	return nil
}

// serve starts the emulator.
func (c *common) serve(ctx context.Context, cfg platform.Config) (*platform.Emulator, *platform.Server, error) {
	emu, err := platform.New(cfg)
	if err != nil {
		return nil, nil, &exit.UsageError{Err: err}
	}
	o := platform.ServeOptions{Addr: c.listen, AllowRemote: c.allowRemote, Hosts: cfg.Hosts}
	if o.Addr == anyPort {
		o.Addr = "" // the same, with ::1 where there is one
	}
	// The caller ends the server, after what still needs it has ended.
	server, err := emu.Serve(context.WithoutCancel(ctx), o)
	if err != nil {
		return nil, nil, &exit.UsageError{Problem: err.Error(), Hint: "use another --listen, such as 127.0.0.1:0", Err: err}
	}
	return emu, server, nil
}

// writeCA writes the certificate where clients find it. A file that was not
// asked for by name is removed at the end.
func writeCA(path string, pem []byte) (name string, remove func(), err error) {
	if path != "" {
		if err := os.WriteFile(path, pem, 0o644); err != nil {
			return "", nil, fmt.Errorf("write the CA certificate: %w", err)
		}
		if path, err = filepath.Abs(path); err != nil {
			return "", nil, fmt.Errorf("find the CA certificate: %w", err)
		}
		return path, func() {}, nil
	}
	file, err := os.CreateTemp("", "msal-emulator-ca-*.pem")
	if err != nil {
		return "", nil, fmt.Errorf("write the CA certificate: %w", err)
	}
	remove = func() { os.Remove(file.Name()) }
	if _, err = file.Write(pem); err == nil {
		err = file.Close()
	}
	if err != nil {
		remove()
		return "", nil, fmt.Errorf("write the CA certificate: %w", err)
	}
	return file.Name(), remove, nil
}

// summary is what happened, for people.
func summary(emu *platform.Emulator) string {
	journal := emu.Journal()
	var tokens, refused int
	for _, x := range journal {
		if x.Endpoint == platform.EndpointToken && x.Error == "" {
			tokens++
		}
		if x.Error != "" && x.Error != "authorization_pending" {
			refused++
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "emulator: %s, %s, %s", count(len(journal), "request"), count(tokens, "token answer"), count(refused, "refusal"))
	violations := emu.Violations()
	if len(violations) == 0 {
		b.WriteString("; no mistakes of the client seen")
		return b.String()
	}
	b.WriteString("; " + count(len(violations), "mistake") + " of the client:")
	for _, v := range violations {
		b.WriteString("\n  " + terminal.Clean(fmt.Sprintf("%s at %s: %s", v.Rule, v.Endpoint, v.Detail)))
		if v.Source != "" {
			b.WriteString(" (" + terminal.Clean(v.Source) + ")")
		}
	}
	return b.String()
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
