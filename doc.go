// Package msal acquires tokens from Microsoft Entra ID and from any OpenID
// Connect provider. It does what Microsoft's Authentication Library for Python
// does, on the same wire and with the same cache format. It is not affiliated
// with Microsoft.
//
// # Three steps
//
// Make one client for the life of the program; ask for a token whenever one is
// needed, for the cache is looked at first; when a person is needed, ask the
// person.
//
//	app, err := msal.NewPublicClient("client-id", msal.Options{Authority: "https://login.microsoftonline.com/contoso.com"})
//	res, err := app.AcquireTokenSilent(ctx, msal.SilentRequest{Scopes: scopes, Account: account})
//	if errors.Is(err, msal.ErrInteractionRequired) {
//		res, err = app.AcquireTokenInteractive(ctx, msal.InteractiveRequest{Scopes: scopes})
//	}
//
// A PublicClient signs people in: AcquireTokenInteractive in their browser,
// InitiateDeviceFlow and AcquireTokenByDeviceFlow where there is none. A
// ConfidentialClient has a Secret or a Certificate: AcquireTokenForClient is for
// the application itself, InitiateAuthCodeFlow and AcquireTokenByAuthCodeFlow
// sign a web application's users in. Both keep users signed in by
// AcquireTokenSilent.
//
// # Errors
//
// Decide with errors.Is and the Err… variables: ErrInteractionRequired asks for
// the person, ErrTransient for another try, ErrConfiguration for the programmer.
// What the service answered is in *Error. Error texts are for people; never
// compare them. No error, log line or printed value contains a secret.
//
// # The cache
//
// Clients keep what they get in a TokenCache, in memory unless it has a Store
// (package cache). The same TokenCache may be given to several clients. Looking
// a token up takes the same time however many there are. Any number of
// simultaneous calls for one token send one request, and nobody waits while a
// good token is at hand.
//
// # Time
//
// A new token is asked for five minutes before the old one expires; when none can
// be had, the old one serves until its end. After the time that the service names
// for a refresh, a token is still handed out at once, and refreshed in the
// background.
//
// # Safety
//
// Requests go to https URLs only, redirects are refused, answers are bounded.
// State, nonce, PKCE and the checks of the ID token cannot be switched off; an
// answer is checked before any part of it is cached.
//
// # Where is it?
//
//	why was the cached token not used?   silent.go, internal/tokencache, internal/acquire
//	what is posted?                      the flow's own file, exchange.go
//	why was nothing posted?              throttle.go, internal/oauth, internal/httpcache
//	what do the telemetry headers say?   telemetry.go, internal/telemetry
//	which endpoint, which alias?         internal/authority, places.go
//	which region?                        region.go, internal/imds
//	who answers in Cloud Shell?          cloudshell.go, internal/cloudshell
//	where does the browser come back?    browserwait.go, pasteback.go, internal/loopback
//	who takes a federated password?      usernamepassword.go, internal/wstrust
//	what sets tokens of one scope apart?  parameters.go, internal/schema
//	who signs the assertion?             credential.go, clientassertion.go, internal/assertion
//	what does an ID token have to say?   exchange.go, internal/idtoken
//	what does an API ask for?            challenge.go, internal/challenge
//	what does an error mean?             errors.go, wrap.go; its number: aadsts, docs/errors.md
//	what is in the cache?                cachesearch.go, cacheadd.go
//	what is in the cache file?           internal/schema
//
// # MSAL Python name -> here
//
// What says "later" is not there yet. internal/house/testdata/names.txt has every
// parameter, and what proves it.
//
//	PublicClientApplication, client_id                   NewPublicClient
//	ConfidentialClientApplication, client_id             NewConfidentialClient
//	authority                                            Options.Authority: tenants, common, organizations, consumers, and AD FS, B2C, CIAM, dSTS in the forms that its comment lists
//	oidc_authority                                       Options.OIDCAuthority; a token of another issuer is refused: IDTokenIssuer
//	AuthorityBuilder, AZURE_PUBLIC, ...                  AuthorityURL, AzurePublic, AzureChina, AzureUSGovernment, ...
//	instance_discovery                                   Options.InstanceDiscovery, Options.KnownAuthorities, Options.Metadata
//	validate_authority                                   Options.InstanceDiscovery: InstanceDiscoveryOff switches it off
//	azure_region, MSAL_FORCE_REGION                      Options.Region, RegionAuto, RegionOff
//	token_cache                                          Options.Cache
//	serialize, deserialize                               TokenCache.Marshal, TokenCache.Unmarshal
//	has_state_changed                                    TokenCache.Changed
//	TokenCache (to extend)                               CacheOptions.Store, cache.Store
//	TokenCache.add, find, search                         TokenCache.Add, TokenCache.Find, TokenCache.Search
//	http_client                                          Options.HTTPClient
//	verify, proxies                                      Options.HTTPClient, whose transport has TLS roots and proxies
//	timeout                                              Options.Timeout
//	http_cache                                           Options.HTTPCache, HTTPCache.Marshal, HTTPCache.Unmarshal
//	client_capabilities                                  Options.ClientCapabilities
//	exclude_scopes                                       Options.ExcludeScopes
//	app_name, app_version                                Options.AppName, Options.AppVersion
//	enable_pii_log                                       Options.EnablePIILog
//	enable_broker_on_*, allow_broker                     later, as modules of their own
//	client_credential (secret)                           Secret
//	private_key, passphrase                              Certificate, ParsePrivateKey, ParseCertificate, ParseEncryptedCertificate
//	thumbprint                                           Certificate.Thumbprint; of a Certificate.Chain it is computed: SHA-256, or SHA-1 with Certificate.SHA1
//	public_certificate                                   Certificate.Chain, Certificate.SendX5C: X5CLeaf, X5CChain
//	private_key_pfx_path                                 ReadPFX, ParsePFX
//	client_assertion, AutoRefresher                      Assertion, AssertionFile, AssertionFunc
//	client_claims                                        Certificate.Claims
//	extract_certs                                        ExtractCerts
//	acquire_token_for_client                             ConfidentialClient.AcquireTokenForClient
//	fmi_path                                             ForClientRequest.FMIPath, AssertionRequest.FMIPath
//	remove_tokens_for_client                             ConfidentialClient.RemoveTokensForClient
//	acquire_token_on_behalf_of                           ConfidentialClient.AcquireTokenOnBehalfOf
//	acquire_token_by_user_federated_identity_credential  ConfidentialClient.AcquireTokenByUserFederatedIdentityCredential
//	initiate_auth_code_flow                              PublicClient.InitiateAuthCodeFlow, ConfidentialClient.InitiateAuthCodeFlow
//	acquire_token_by_auth_code_flow                      PublicClient.AcquireTokenByAuthCodeFlow, ConfidentialClient.AcquireTokenByAuthCodeFlow
//	data={"return_spa_code"}                             AuthCodeRedemption.ReturnSPACode, Result.SPACode
//	get_authorization_request_url                        PublicClient.AuthorizationURL, ConfidentialClient.AuthorizationURL, deprecated
//	acquire_token_by_authorization_code                  PublicClient.AcquireTokenByAuthorizationCode, ConfidentialClient.AcquireTokenByAuthorizationCode, deprecated
//	acquire_token_interactive                            PublicClient.AcquireTokenInteractive
//	success_template, ...                                InteractiveRequest.SuccessPage, InteractiveRequest.ErrorPage, InteractiveRequest.WelcomePage
//	auth_uri_callback                                    InteractiveRequest.OpenURL, InteractiveRequest.PasteBack with PasteFrom
//	acquire_token_interactive in Cloud Shell             PublicClient.AcquireTokenInteractive with PromptNone
//	CONSOLE_WINDOW_HANDLE                                InteractiveRequest.ParentWindowHandle: ConsoleWindowHandle
//	initiate_device_flow                                 PublicClient.InitiateDeviceFlow
//	acquire_token_by_device_flow                         PublicClient.AcquireTokenByDeviceFlow; cancel the context to abort
//	acquire_token_by_username_password                   PublicClient.AcquireTokenByUsernamePassword, ConfidentialClient.AcquireTokenByUsernamePassword
//	acquire_token_by_refresh_token                       PublicClient.AcquireTokenByRefreshToken, ConfidentialClient.AcquireTokenByRefreshToken
//	acquire_token_silent                                 PublicClient.AcquireTokenSilent, ConfidentialClient.AcquireTokenSilent
//	acquire_token_silent_with_error                      PublicClient.AcquireTokenSilent, ConfidentialClient.AcquireTokenSilent: ErrNoToken, ErrInteractionRequired, or what failed
//	get_accounts                                         PublicClient.Accounts, ConfidentialClient.Accounts
//	remove_account                                       PublicClient.RemoveAccount, ConfidentialClient.RemoveAccount
//	Prompt                                               Prompt: PromptSelectAccount, PromptNone, PromptConsent, PromptLogin, PromptCreate
//	claims_challenge                                     SilentRequest.Claims, InteractiveRequest.Claims, and so with each request
//	force_refresh                                        SilentRequest.ForceRefresh
//	data={...}                                           ForClientRequest.ExtraParameters, SilentRequest.ExtraParameters, and so with each request for a token; tokens bound to a key (ssh-cert, pop) as well
//	authority (of one request)                           SilentRequest.Tenant, ForClientRequest.Tenant
//	result fields                                        Result; of a failure, Error
//	token_source                                         Result.Source
//	id_token_claims                                      Result.IDTokenClaims
//	classification                                       Error.Classification, from Error.SubError
//	account fields                                       Account
//	MsalError                                            OpError and the decisions: ErrConfiguration, ErrProtocol, ErrCache, ErrTransient, ...
//	MsalServiceError                                     Error
//	IdTokenError                                         IDTokenError
//	IdTokenIssuerError                                   IDTokenError with the reason IDTokenIssuer
//	IdTokenAudienceError                                 IDTokenError with the reason IDTokenAudience
//	IdTokenNonceError                                    IDTokenError with the reason IDTokenNonce
//	BrowserInteractionTimeoutError                       BrowserTimeoutError
//	is_pop_supported, auth_scheme, PopAuthScheme         later
//	ManagedIdentityClient, ...                           later
//	__version__                                          Version
//	python -m msal                                       the command line, cmd/msal
//	samples                                              the examples of this page, and docs/samples.md
//	scenario map, three-step pattern                     docs/scenarios.md
//	migration guide                                      docs/migrate.md
//	pitfalls                                             docs/troubleshooting.md
//	benchmark page                                       docs/performance.md, written by the program in bench
package msal
