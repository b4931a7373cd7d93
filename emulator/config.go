package emulator

import (
	"crypto/rsa"
	"io"
	"log/slog"
	"time"
)

// Config says what the emulated platform holds. The zero value is [Defaults].
// It can be written in Go or read from JSON with [ParseConfig].
type Config struct {
	// Tenants are the directories. Empty means the tenant of [Defaults].
	Tenants []Tenant `json:"tenants,omitempty"`
	// Lifetimes of tokens and codes; each zero field has its default.
	Lifetimes Lifetimes `json:"lifetimes,omitzero"`
	// Hosts are further host names (without port) that the emulator answers as
	// an identity platform, such as the name of a container.
	Hosts []string `json:"hosts,omitempty"`
	// Region is the Azure region that the instance metadata service
	// (169.254.169.254) puts this machine in. Empty means westus2.
	Region string `json:"region,omitempty"`
	// CloudShellUser is the sign-in name of the person for whom the token
	// endpoint of Azure Cloud Shell (http://localhost:50342/oauth2/token)
	// answers. Empty means the first who can sign in.
	CloudShellUser string `json:"cloud_shell_user,omitempty"`
	// Lenient registers unknown applications, redirect URIs, resources and
	// scopes on first use instead of refusing them, and logs a warning.
	// Passwords and client secrets of known applications are still checked.
	Lenient bool `json:"lenient,omitempty"`

	// LoopLimit is how many equal token requests a client may make in five
	// minutes before it is told that it goes in circles (AADSTS50196). Zero means
	// any number. That of the real service is not known.
	LoopLimit int `json:"loop_limit,omitempty"`

	// Random is the source of codes, tokens and identifiers; nil means
	// crypto/rand. It is read under a lock. Signing keys do not come from it.
	Random io.Reader `json:"-"`
	// Logger receives one line per request, without secrets; nil means silence.
	Logger *slog.Logger `json:"-"`
	// SigningKey signs tokens until the first [Emulator.RotateKeys]. Nil means
	// that an RSA key of 2048 bits is made when one is first needed; many
	// emulators in one test binary can share a key to save that time.
	SigningKey *rsa.PrivateKey `json:"-"`
}

// Lifetimes are the life spans of what the platform issues. In JSON they are
// strings such as "90m" ([time.ParseDuration]).
type Lifetimes struct {
	// AccessToken is the life of access and ID tokens. Default 3599 s, which
	// is what the real service answers most of the time.
	AccessToken time.Duration `json:"access_token,omitempty"`
	// LongAccessToken is the life of access tokens for resources that evaluate
	// access continuously ([App] CAE), issued to clients that handle claims
	// challenges. Default 28 h.
	LongAccessToken time.Duration `json:"long_access_token,omitempty"`
	// RefreshToken is the life of an unused refresh token. Default 90 days;
	// refresh tokens of single-page applications live 24 hours at most.
	RefreshToken time.Duration `json:"refresh_token,omitempty"`
	// Code is the life of an authorization code. Default 10 minutes.
	Code time.Duration `json:"code,omitempty"`
	// DeviceCode is the life of a device code. Default 15 minutes.
	DeviceCode time.Duration `json:"device_code,omitempty"`
	// DeviceInterval is the time that a client waits between two polls of a
	// device code. Default 5 s.
	DeviceInterval time.Duration `json:"device_interval,omitempty"`
	// RefreshIn is the answer's refresh_in: when clients should begin to ask for
	// the next access token. It ends before AccessToken does. Zero leaves the
	// field out.
	RefreshIn time.Duration `json:"refresh_in,omitempty"`
}

// Tenant is a directory: people, applications and the names it goes by.
type Tenant struct {
	// ID is the tenant's GUID; empty derives one from Name.
	ID string `json:"id,omitempty"`
	// Name is the display name. Required.
	Name string `json:"name"`
	// Domains are the verified domain names. Empty means
	// <name>.onmicrosoft.com.
	Domains []string `json:"domains,omitempty"`
	// Federated are those of the domains whose people sign in at an identity
	// provider of their own.
	Federated []Federation `json:"federated,omitempty"`
	// Policies make the tenant one of Azure AD B2C: the names of its user flows,
	// such as B2C_1_signin. It answers at
	// https://{name}.b2clogin.com/{tenant}/{policy}, where {name}.onmicrosoft.com
	// is one of Domains, and under each of [Config] Hosts.
	Policies []string `json:"policies,omitempty"`
	// ADFS are host names (without port) of the tenant's AD FS, which answers at
	// https://{host}/adfs for the same people and applications.
	ADFS []string `json:"adfs,omitempty"`
	// DSTS are host names (without port) of a dSTS, which answers at
	// https://{host}/dstsv2/{tenant} for the same people and applications.
	DSTS []string `json:"dsts,omitempty"`
	// Access are the tenant's rules of Conditional Access.
	Access []AccessPolicy `json:"access,omitempty"`
	// SignUp lets people make accounts where an authorization request has
	// prompt=create. Elsewhere the page for signing in is shown; that the real
	// service does so is unverified.
	SignUp bool   `json:"sign_up,omitempty"`
	Users  []User `json:"users,omitempty"`
	Apps   []App  `json:"apps,omitempty"`
}

// Federation is a domain with an identity provider of its own, in the shape of
// AD FS. The emulator answers for the provider too: its metadata, and user names
// and passwords by WS-Trust. Its assertions have no XML signature; the emulator
// knows those that it issued, to the byte. On the emulator's own pages, people of
// such a domain sign in like all others.
type Federation struct {
	// Domain is one of the tenant's. Required.
	Domain string `json:"domain"`
	// Host is the name of the provider, without port. No other federated domain
	// may have it, but it may be one of ADFS. Empty means "sts." and the domain.
	Host string `json:"host,omitempty"`
	// Trust is the version of WS-Trust that takes user names and passwords:
	// "1.3", "2005" or "none". Empty means both versions.
	Trust string `json:"trust,omitempty"`
	// SAML is the version of the assertions, "1.1" or "2.0". Empty means 1.1.
	SAML string `json:"saml,omitempty"`
	// NoMetadata leaves the provider's metadata out: clients learn the address
	// of one endpoint from the user realm.
	NoMetadata bool `json:"no_metadata,omitempty"`
}

// User is a person who can sign in.
type User struct {
	// ObjectID is the GUID of the account; empty derives one.
	ObjectID string `json:"object_id,omitempty"`
	// UPN is the sign-in name, such as alice@contoso.test. Required; its
	// domain must be one of the tenant's.
	UPN string `json:"upn"`
	// Password is a test password; empty means [DefaultPassword].
	Password string `json:"password,omitempty"`
	// Name is the display name; empty means the UPN's local part.
	Name string `json:"name,omitempty"`
	// Disabled accounts cannot sign in or refresh (AADSTS50057).
	Disabled bool `json:"disabled,omitempty"`
	// OneTimeCode is the code of the second factor, the same each time; empty
	// means [DefaultOneTimeCode]. It is typed when the person or an
	// [AccessPolicy] requires a second factor.
	OneTimeCode string `json:"one_time_code,omitempty"`
	// RequireMFA asks for the second factor at every sign-in (AADSTS50076 where
	// nobody can be asked).
	RequireMFA bool `json:"require_mfa,omitempty"`
	// Unenrolled people have no second factor yet, and get one where it is
	// required (AADSTS50079 where nobody can be asked).
	Unenrolled bool `json:"unenrolled,omitempty"`
	// PasswordExpired keeps the person from signing in with the password
	// (AADSTS50055, suberror user_password_expired).
	PasswordExpired bool `json:"password_expired,omitempty"`
}

// RedirectURIs of an application by platform. The platform decides how a code
// is redeemed: web with a credential, SPA with PKCE and an Origin header, native
// without a credential.
type RedirectURIs struct {
	Web    []string `json:"web,omitempty"`    // server-side web applications
	SPA    []string `json:"spa,omitempty"`    // pages that redeem codes themselves
	Native []string `json:"native,omitempty"` // programs on people's machines; http://localhost means any port
}

// App is an application registration: a client, a resource (API), or both.
type App struct {
	// Name is the display name. Required.
	Name string `json:"name"`
	// ClientID is the application's GUID; empty derives one from Name.
	ClientID string `json:"client_id,omitempty"`
	// Secrets are the client secrets that are valid now.
	Secrets []string `json:"secrets,omitempty"`
	// ExpiredSecrets are answered with AADSTS7000222.
	ExpiredSecrets []string `json:"expired_secrets,omitempty"`
	// Certificates are registered client certificates in PEM.
	Certificates []string `json:"certificates,omitempty"`
	// TrustedIssuers stand in for registered certificates: any that one of
	// them certified for the subject will do, if the client sends it with its
	// chain (x5c).
	TrustedIssuers []TrustedIssuer `json:"trusted_issuers,omitempty"`
	// FederatedCredentials are issuers whose tokens are taken as client
	// assertions.
	FederatedCredentials []FederatedCredential `json:"federated_credentials,omitempty"`
	// Blueprint makes the application an agent identity: the client id of the
	// application of the same tenant whose tokens, got with the agent's client
	// id as FMI path, are taken as the agent's client assertions.
	Blueprint    string       `json:"blueprint,omitempty"`
	RedirectURIs RedirectURIs `json:"redirect_uris,omitzero"`
	// Public allows the flows of clients that keep no secret: device code,
	// user name and password, redemption without a credential.
	Public bool `json:"public,omitempty"`
	// MultiTenant applications work in every tenant and at /common and
	// /organizations; others only in their own (AADSTS50194, AADSTS700016).
	MultiTenant bool `json:"multi_tenant,omitempty"`
	// Family makes the application a member of the family of client ids: its
	// refresh tokens carry foci=1 and work for the other members.
	Family bool `json:"family,omitempty"`
	// RequireConsent asks each person once before tokens are issued
	// (AADSTS65001 where nobody can be asked).
	RequireConsent bool `json:"require_consent,omitempty"`
	// IssueIDTokens and IssueAccessTokens allow tokens through the browser: the
	// response types "id_token" and "code id_token", and those with "token"
	// (AADSTS700054 otherwise).
	IssueIDTokens     bool `json:"issue_id_tokens,omitempty"`
	IssueAccessTokens bool `json:"issue_access_tokens,omitempty"`
	// AssignedRoles are the application permissions that an administrator
	// granted, each "<identifier URI>/<role>".
	AssignedRoles []string `json:"assigned_roles,omitempty"`

	// IdentifierURIs name the application as a resource, such as api://tasks.
	IdentifierURIs []string `json:"identifier_uris,omitempty"`
	// Scopes are the delegated permissions that the resource offers.
	Scopes []string `json:"scopes,omitempty"`
	// Roles are the application permissions that the resource offers.
	Roles []string `json:"roles,omitempty"`
	// CAE resources evaluate access continuously: clients that say that they
	// handle claims challenges (xms_cc, CP1) get tokens that live long, and are
	// challenged when something happens to the person's account. See
	// [ResourceURL].
	CAE bool `json:"cae,omitempty"`
	// TokenVersion of access tokens for this resource: 1 or 2; 0 means 2.
	TokenVersion int `json:"token_version,omitempty"`
}

// TrustedIssuer is a registration by subject name and issuer: a renewed
// certificate needs no new registration. How the real service compares names is
// unverified.
type TrustedIssuer struct {
	// Subject is the common name of the client's certificate. Required.
	Subject string `json:"subject"`
	// Issuer is the certificate of the authority in PEM. Required.
	Issuer string `json:"issuer"`
}
