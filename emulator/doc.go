// Package emulator is an identity platform on a laptop: a strict, deterministic
// stand-in for Microsoft Entra ID that tests and demos talk to instead of the
// real service. It is not affiliated with Microsoft.
//
// An [Emulator] is an [net/http.Handler]. It answers the real host names
// (login.microsoftonline.com, its aliases and the sovereign clouds) as well as
// loopback addresses, so that any client, in any language, can use it without a
// change: in memory through [Emulator.Transport], over a socket through
// [Emulator.Serve], or behind the proxy of a [Server].
//
//	emu, err := emulator.New(emulator.Config{})   // tenant Contoso, alice and bob
//	client := emu.Client()                        // an *http.Client that never leaves memory
//
// Tenants may have relatives of Entra besides: External ID at
// {name}.ciamlogin.com, Azure AD B2C at {name}.b2clogin.com ([Tenant] Policies),
// AD FS ([Tenant] ADFS) and dSTS ([Tenant] DSTS). Regions of a cloud ({region}.login.microsoft.com) and
// the instance metadata service's document about the region are there too.
//
// Applications may prove themselves by tokens of an issuer elsewhere
// ([FederatedCredential]) or, as agent identities, of their blueprint ([App]
// Blueprint). Access tokens can be bound to a key: pop, and ssh-cert, which is a
// certificate that OpenSSH reads.
//
// The zero [Config] is useful: see [Defaults] for the tenant, the people and the
// applications that it holds. Everything is in memory and nothing is shared
// between two emulators. A tenant's domain may be federated ([Federation]): then
// the emulator stands for the domain's own identity provider too.
//
// Conditional Access is there in small ([AccessPolicy]): second factors and
// their enrollment, authentication contexts, sign-in frequency, and what no
// browser can meet. Pages ask people; silent requests get the suberror and the
// claims challenge. [ResourceURL] stands for an API that evaluates access
// continuously. Every suberror can be had by configuration:
//
//	basic_action                  AccessPolicy Require: RequireMFA; User RequireMFA, Unenrolled
//	additional_action             AccessPolicy Require: RequireCompliantDevice
//	message_only                  AccessPolicy Require: RequireBlock
//	device_authentication_failed  AccessPolicy Require: RequireDeviceAuthentication
//	protection_policy_required    AccessPolicy Require: RequireAppProtection
//	token_expired                 AccessPolicy MaxAge
//	bad_token                     Emulator.Revoke, or 90 days without use
//	client_mismatch               another application's refresh token
//	consent_required              App RequireConsent
//	user_password_expired         User PasswordExpired
//
// # What tests can do
//
//   - move time: [Emulator.Advance], or time.Sleep inside a testing/synctest bubble,
//   - break things on purpose and on schedule: [Emulator.Inject],
//   - look at what the client sent: [Emulator.Journal], with every secret redacted,
//   - learn what the client did wrong: [Emulator.Violations] and [Emulator.Advice],
//   - act as the administrator: [Emulator.Revoke], [Emulator.RequireMFA],
//     [Emulator.RequireNewTokens], [Emulator.RotateKeys],
//     [Emulator.ApproveDevice], [Emulator.SetLifetimes].
//
// Whether the real service answers a given mistake with exactly the AADSTS
// number used here is not verified for every number; the catalog of package
// aadsts says which ones are.
package emulator
