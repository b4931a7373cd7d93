package directory

// Well-known first-party applications and resources. Their identifiers are
// public facts of the real platform.
const (
	GraphID        = "00000003-0000-0000-c000-000000000000"
	AzureCLIID     = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
	PowerShellID   = "1950a258-227b-4e31-a9cf-717495945fc2"
	ConsumerTenant = "9188040d-6c67-4c5b-b112-36a304b66dad"
)

// BuiltIn returns the applications that exist in every tenant.
func BuiltIn() []*App {
	resource := func(name, id string, scopes []string, uris ...string) *App {
		return &App{Name: name, ClientID: id, ObjectID: ID("service principal", id), MultiTenant: true,
			IdentifierURIs: uris, Scopes: scopes, TokenVersion: 1}
	}
	tool := func(name, id string) *App {
		return &App{Name: name, ClientID: id, ObjectID: ID("service principal", id), MultiTenant: true,
			Public: true, Family: true, Native: []string{"http://localhost"}, TokenVersion: 1}
	}
	graph := resource("Microsoft Graph", GraphID, graphScopes(),
		"https://graph.microsoft.com", "https://graph.microsoft.us", "https://dod-graph.microsoft.us", "https://microsoftgraph.chinacloudapi.cn")
	graph.DefaultScopes = []string{"User.Read"}
	impersonate := []string{"user_impersonation"}
	exchange := resource("AAD Token Exchange Endpoint", ExchangeID, nil, ExchangeURI)
	exchange.TokenVersion = 2 // its tokens are client assertions, by the issuer that discovery names
	return []*App{
		graph,
		resource("Azure Service Management", "797f4846-ba00-4fd7-ba43-dac1f8f63013", impersonate,
			"https://management.azure.com", "https://management.core.windows.net", "https://management.usgovcloudapi.net",
			"https://management.core.usgovcloudapi.net", "https://management.chinacloudapi.cn", "https://management.core.chinacloudapi.cn"),
		resource("Azure Key Vault", "cfa8b339-82a2-471a-a3c9-0fc0be7a4093", impersonate,
			"https://vault.azure.net", "https://vault.usgovcloudapi.net", "https://vault.azure.cn"),
		resource("Azure Storage", "e406a681-f3d4-42a8-90b6-c2b029497af1", impersonate, "https://storage.azure.com"),
		resource("Azure Linux VM Sign-In", "ce6ff14a-7fdc-4685-bbe0-f6afdfcfa8e0", impersonate, "https://pas.windows.net/CheckMyAccess/Linux"),
		exchange,
		tool("Azure command line", AzureCLIID),
		tool("Azure PowerShell", PowerShellID),
	}
}

// graphScopes are the delegated permissions of the directory API that the
// emulator knows; the real list is far longer.
func graphScopes() []string {
	return []string{
		"User.Read", "User.ReadWrite", "User.ReadBasic.All", "User.Read.All", "User.ReadWrite.All", "People.Read",
		"Mail.Read", "Mail.ReadBasic", "Mail.ReadWrite", "Mail.Send", "Calendars.Read", "Calendars.ReadWrite", "Contacts.Read",
		"Files.Read", "Files.Read.All", "Files.ReadWrite", "Files.ReadWrite.All", "Sites.Read.All", "Notes.Read", "Tasks.Read", "Tasks.ReadWrite",
		"Group.Read.All", "Group.ReadWrite.All", "GroupMember.Read.All", "Directory.Read.All", "Directory.ReadWrite.All",
		"Directory.AccessAsUser.All", "Application.Read.All", "Chat.Read", "Team.ReadBasic.All", "Presence.Read",
	}
}
