package emulator

import (
	"io"
	"strings"

	platform "github.com/msal-go/msal/emulator"

	"github.com/msal-go/msal/cmd/msal/internal/output"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

// document is a running emulator: where it is and what it holds. The passwords
// and secrets are test values that people need to see.
type document struct {
	URL       string            `json:"url"`
	PlainURL  string            `json:"plainUrl"`
	Authority string            `json:"authority"`
	CAFile    string            `json:"caFile"`
	Tenants   []platform.Tenant `json:"tenants"`
	Env       []variable        `json:"env"`
}

type variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func describe(cfg platform.Config, server *platform.Server, caFile string) document {
	tenant := cfg.Tenants[0]
	d := document{URL: server.URL(), PlainURL: server.PlainURL(), CAFile: caFile, Tenants: cfg.Tenants}
	d.Authority = d.URL + "/" + tenantName(tenant)
	d.Env = append([]variable{{"MSAL_EMULATOR_URL", d.URL}, {"MSAL_CA_FILE", caFile}}, ownVariables(cfg)...)
	return d
}

// ownVariables point this command line at the first tenant and its first
// application for people.
func ownVariables(cfg platform.Config) []variable {
	tenant := cfg.Tenants[0]
	list := []variable{{"MSAL_TENANT", tenantName(tenant)}}
	for _, a := range tenant.Apps {
		if a.Public && a.ClientID != "" {
			return append(list, variable{"MSAL_CLIENT_ID", a.ClientID})
		}
	}
	return list
}

// tenantName is what stands for a tenant in a URL: its id, which may have been
// left to the emulator, or a domain.
func tenantName(t platform.Tenant) string {
	switch {
	case t.ID != "":
		return t.ID
	case len(t.Domains) > 0:
		return t.Domains[0]
	}
	return strings.ToLower(strings.ReplaceAll(t.Name, " ", "")) + ".onmicrosoft.com"
}

func (d document) assignments(shell output.Shell) string {
	var b strings.Builder
	for _, v := range d.Env {
		b.WriteString(output.Assign(shell, v.Name, v.Value) + "\n")
	}
	return b.String()
}

func (d document) write(w io.Writer, style terminal.Style, shell output.Shell) error {
	var b strings.Builder
	for _, line := range [][2]string{
		{"address", d.URL}, {"in a browser", d.PlainURL}, {"authority", d.Authority}, {"CA file", d.CAFile},
	} {
		b.WriteString(style.Dim(terminal.Pad(line[0], 12)) + "  " + style.Name(line[1]) + "\n")
	}
	for _, t := range d.Tenants {
		b.WriteString("\n" + style.Bold("Tenant "+terminal.Clean(t.Name)) + "  " + tenantName(t) + "\n\n")
		if err := output.WriteTable(&b, style, []string{"PERSON", "PASSWORD"}, people(t)); err != nil {
			return err
		}
		b.WriteString("\n")
		if err := output.WriteTable(&b, style, []string{"APPLICATION", "CLIENT ID", "KIND", "SECRET"}, applications(t)); err != nil {
			return err
		}
	}
	b.WriteString("\n" + style.Bold("Environment for msal") + "\n\n" + d.assignments(shell))
	_, err := io.WriteString(w, b.String())
	return err
}

func people(t platform.Tenant) [][]string {
	rows := make([][]string, len(t.Users))
	for i, u := range t.Users {
		password := u.Password
		if password == "" {
			password = platform.DefaultPassword
		}
		if u.Disabled {
			password += "  (disabled)"
		}
		rows[i] = []string{terminal.Clean(u.UPN), terminal.Clean(password)}
	}
	return rows
}

func applications(t platform.Tenant) [][]string {
	rows := make([][]string, len(t.Apps))
	for i, a := range t.Apps {
		rows[i] = []string{terminal.Clean(a.Name), idOf(a), kindOf(a), terminal.Clean(strings.Join(a.Secrets, ", "))}
	}
	return rows
}

// idOf is the client id. One that was left out is derived by the emulator and
// not known here.
func idOf(a platform.App) string {
	if a.ClientID == "" {
		return "derived; give client_id"
	}
	return terminal.Clean(a.ClientID)
}

func kindOf(a platform.App) string {
	var kinds []string
	for _, k := range []struct {
		is   bool
		name string
	}{
		{a.Public, "public"}, {len(a.Secrets)+len(a.Certificates)+len(a.TrustedIssuers) > 0, "confidential"},
		{len(a.RedirectURIs.SPA) > 0, "single page"}, {len(a.IdentifierURIs) > 0, "API " + strings.Join(a.IdentifierURIs, ", ")},
	} {
		if k.is {
			kinds = append(kinds, terminal.Clean(k.name))
		}
	}
	return strings.Join(kinds, ", ")
}

// childVariables are the environment of a program that is run.
func childVariables(cfg platform.Config, proxy *platform.Proxy) []string {
	list := proxy.Env()
	for _, v := range ownVariables(cfg) {
		list = append(list, v.Name+"="+v.Value)
	}
	tenant := cfg.Tenants[0]
	if a, ok := daemonOf(tenant); ok {
		list = append(list, platform.AppEnv(tenantName(tenant), a.ClientID, a.Secrets[0])...)
	}
	return list
}

// daemonOf finds an application for client credentials: one with a secret, if
// possible one that has been given permissions.
func daemonOf(t platform.Tenant) (found platform.App, ok bool) {
	for _, a := range t.Apps {
		switch {
		case len(a.Secrets) == 0 || a.ClientID == "":
		case len(a.AssignedRoles) > 0:
			return a, true
		case !ok:
			found, ok = a, true
		}
	}
	return found, ok
}
