// Package directory is the emulator's directory: tenants, people, applications
// and resources, and the questions that the protocol asks of them. It does no
// I/O and knows nothing of HTTP.
package directory

import (
	"crypto/x509"
	"strings"
	"sync"
)

// User is a person of a tenant.
type User struct {
	ObjectID string
	TenantID string
	UPN      string
	Password string
	Name     string
	Disabled bool

	OneTimeCode     string // of the second factor
	RequireMFA      bool   // at every sign-in
	Unenrolled      bool   // has no second factor yet
	PasswordExpired bool
}

// App is an application registration.
type App struct {
	Name              string
	ClientID          string
	ObjectID          string // of its service principal
	TenantID          string // "" belongs to no tenant: the platform's own
	Secrets           []string
	ExpiredSecrets    []string
	Certificates      []*x509.Certificate
	TrustedIssuers    []TrustedIssuer
	Federated         []FederatedCredential
	Web               []string
	SPA               []string
	Native            []string
	Public            bool
	MultiTenant       bool
	Family            bool
	RequireConsent    bool
	IssueIDTokens     bool // through the browser
	IssueAccessTokens bool // likewise
	AssignedRoles     []string
	IdentifierURIs    []string
	Scopes            []string
	Roles             []string
	TokenVersion      int
	DefaultScopes     []string // what .default means for people; nil means Scopes
	Registered        bool     // made on first use by a lenient platform
	Continuous        bool     // evaluates access continuously
}

// TrustedIssuer certifies an application's certificates.
type TrustedIssuer struct {
	Subject string // common name
	Issuer  *x509.Certificate
}

// Tenant is one directory.
type Tenant struct {
	ID      string
	Name    string
	Domains []string

	Policies []string // of Azure AD B2C
	ADFS     []string // host names
	DSTS     []string // host names
	Access   []*Access
	SignUp   bool // people may make accounts
}

// Directory holds everything. It is safe for concurrent use.
type Directory struct {
	mu      sync.RWMutex
	tenants []*Tenant
	users   []*User
	apps    []*App
	lenient bool

	federations []*Federation
}

// New returns a directory that holds the platform's own applications and
// resources and nothing else.
func New(lenient bool) *Directory {
	return &Directory{apps: BuiltIn(), lenient: lenient}
}

// AddTenant adds a tenant.
func (d *Directory) AddTenant(t *Tenant) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tenants = append(d.tenants, t)
}

// AddUser adds a person.
func (d *Directory) AddUser(u *User) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.users = append(d.users, u)
}

// AddApp adds an application.
func (d *Directory) AddApp(a *App) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.apps = append(d.apps, a)
}

// Lenient reports whether unknown names are registered on first use.
func (d *Directory) Lenient() bool { return d.lenient }

// Tenant finds a tenant by its GUID or one of its domains.
func (d *Directory) Tenant(name string) (*Tenant, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, t := range d.tenants {
		if strings.EqualFold(t.ID, name) {
			return t, true
		}
		for _, domain := range t.Domains {
			if strings.EqualFold(domain, name) {
				return t, true
			}
		}
	}
	return nil, false
}

// User finds a person by sign-in name.
func (d *Directory) User(upn string) (*User, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, u := range d.users {
		if strings.EqualFold(u.UPN, upn) {
			return u, true
		}
	}
	return nil, false
}

// UserByID finds a person by object id.
func (d *Directory) UserByID(oid string) (*User, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, u := range d.users {
		if strings.EqualFold(u.ObjectID, oid) {
			return u, true
		}
	}
	return nil, false
}

// App finds an application by client id. It does not ask whether the
// application may be used in a given tenant; see [App.UsableIn].
func (d *Directory) App(clientID string) (*App, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, a := range d.apps {
		if strings.EqualFold(a.ClientID, clientID) {
			return a, true
		}
	}
	return nil, false
}

// Register finds an application, or makes a permissive one when the directory
// is lenient. The second result reports whether it was made now.
func (d *Directory) Register(clientID string) (app *App, made bool) {
	if a, ok := d.App(clientID); ok {
		return a, false
	}
	if !d.lenient {
		return nil, false
	}
	a := &App{
		Name: "app " + clientID, ClientID: clientID, ObjectID: ID("service principal", clientID),
		Public: true, MultiTenant: true, Registered: true, TokenVersion: 2,
	}
	d.AddApp(a)
	return a, true
}

// UsableIn reports whether the application exists in a tenant; an empty tenant
// stands for the endpoints that serve many (common, organizations).
func (a *App) UsableIn(tenantID string) bool {
	return a.MultiTenant || a.TenantID == "" || strings.EqualFold(a.TenantID, tenantID)
}

// Confidential reports whether the application has a credential of any kind.
func (a *App) Confidential() bool {
	return len(a.Secrets)+len(a.ExpiredSecrets)+len(a.Certificates)+len(a.TrustedIssuers)+len(a.Federated) > 0
}

// Primary is the name of the application as a resource.
func (a *App) Primary() string {
	if len(a.IdentifierURIs) > 0 {
		return a.IdentifierURIs[0]
	}
	return a.ClientID
}

// HasRole reports whether an administrator granted role of resource to a.
func (a *App) HasRole(resource *App, role string) bool {
	for _, granted := range a.AssignedRoles {
		for _, uri := range append([]string{resource.ClientID}, resource.IdentifierURIs...) {
			if strings.EqualFold(granted, strings.TrimSuffix(uri, "/")+"/"+role) {
				return true
			}
		}
	}
	return false
}
