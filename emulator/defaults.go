package emulator

import "github.com/msal-go/msal/emulator/internal/directory"

// What [Defaults] holds, for use in tests and examples. The passwords and
// secrets are published test values.
const (
	DefaultTenantID     = "11111111-1111-4111-8111-111111111111"
	DefaultTenantDomain = "contoso.onmicrosoft.com"
	DefaultPassword     = "Passw0rd!"
	DefaultOneTimeCode  = directory.DefaultOneTimeCode
	DefaultUser         = "alice@contoso.test"
	SecondUser          = "bob@contoso.test"

	// DesktopClientID is a public client with the redirect URI
	// http://localhost: interactive and silent flows, user name and password.
	DesktopClientID = "aaaaaaaa-0000-4000-8000-000000000001"
	// DeviceClientID is a public client without a redirect URI: device code.
	DeviceClientID = "aaaaaaaa-0000-4000-8000-000000000002"
	// WebClientID is a confidential client: authorization code with WebSecret
	// at http://localhost/callback or https://web.contoso.test/callback.
	WebClientID = "aaaaaaaa-0000-4000-8000-000000000003"
	WebSecret   = "web-test-secret"
	// DaemonClientID is a confidential client: client credentials with
	// DaemonSecret. It has the application permission api://tasks/Tasks.All.
	DaemonClientID = "aaaaaaaa-0000-4000-8000-000000000004"
	DaemonSecret   = "daemon-test-secret"
	// SPAClientID is a single-page application at http://localhost:3000.
	SPAClientID = "aaaaaaaa-0000-4000-8000-000000000005"
	// TasksClientID is the resource api://tasks (scopes Tasks.Read and
	// Tasks.Write, role Tasks.All). With TasksSecret it is the middle tier of
	// the on-behalf-of flow.
	TasksClientID = "aaaaaaaa-0000-4000-8000-000000000006"
	TasksSecret   = "tasks-test-secret"
	// ConsentClientID is a public client at http://localhost that asks each
	// person for consent.
	ConsentClientID = "aaaaaaaa-0000-4000-8000-000000000007"
	// FamilyClientID and SecondFamilyClientID are public clients at
	// http://localhost that share refresh tokens (foci).
	FamilyClientID       = "aaaaaaaa-0000-4000-8000-000000000008"
	SecondFamilyClientID = "aaaaaaaa-0000-4000-8000-000000000009"

	// BlueprintClientID is a confidential client whose tokens with an FMI path,
	// got with BlueprintSecret, are the client assertions of its agent
	// AgentClientID, which has no credential of its own.
	BlueprintClientID = "aaaaaaaa-0000-4000-8000-00000000000a"
	BlueprintSecret   = "blueprint-test-secret"
	AgentClientID     = "aaaaaaaa-0000-4000-8000-00000000000b"

	// TasksReadScope is a delegated permission of the default resource.
	TasksReadScope = "api://tasks/Tasks.Read"
)

// Defaults returns the configuration that the zero [Config] stands for, with
// the tenant spelled out, so that it can be changed before [New]. Each call
// returns its own copy.
func Defaults() Config {
	loopback := RedirectURIs{Native: []string{"http://localhost"}}
	return Config{Tenants: []Tenant{{
		ID:      DefaultTenantID,
		Name:    "Contoso",
		Domains: []string{DefaultTenantDomain, "contoso.test"},
		Users: []User{
			{UPN: DefaultUser, Password: DefaultPassword, Name: "Alice Adams"},
			{UPN: SecondUser, Password: DefaultPassword, Name: "Bob Brown"},
			{UPN: "carol@contoso.test", Password: DefaultPassword, Name: "Carol Clark", Disabled: true},
		},
		Apps: []App{
			{Name: "Desktop", ClientID: DesktopClientID, Public: true, MultiTenant: true, RedirectURIs: loopback},
			{Name: "Device", ClientID: DeviceClientID, Public: true, MultiTenant: true},
			{Name: "Web", ClientID: WebClientID, Secrets: []string{WebSecret}, ExpiredSecrets: []string{"web-expired-secret"}, MultiTenant: true,
				RedirectURIs: RedirectURIs{Web: []string{"http://localhost/callback", "https://web.contoso.test/callback"}}},
			{Name: "Daemon", ClientID: DaemonClientID, Secrets: []string{DaemonSecret}, AssignedRoles: []string{"api://tasks/Tasks.All"}},
			{Name: "Single page", ClientID: SPAClientID, RedirectURIs: RedirectURIs{SPA: []string{"http://localhost:3000"}}},
			{Name: "Tasks API", ClientID: TasksClientID, Secrets: []string{TasksSecret}, IdentifierURIs: []string{"api://tasks"},
				Scopes: []string{"Tasks.Read", "Tasks.Write"}, Roles: []string{"Tasks.All"}},
			{Name: "Careful", ClientID: ConsentClientID, Public: true, MultiTenant: true, RequireConsent: true, RedirectURIs: loopback},
			{Name: "Family One", ClientID: FamilyClientID, Public: true, MultiTenant: true, Family: true, RedirectURIs: loopback},
			{Name: "Family Two", ClientID: SecondFamilyClientID, Public: true, MultiTenant: true, Family: true, RedirectURIs: loopback},
			{Name: "Agent Blueprint", ClientID: BlueprintClientID, Secrets: []string{BlueprintSecret}},
			{Name: "Agent", ClientID: AgentClientID, Blueprint: BlueprintClientID, AssignedRoles: []string{"api://tasks/Tasks.All"}},
		},
	}}}
}
