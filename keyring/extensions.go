package keyring

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"

	"github.com/msal-go/msal/cache"
)

// A Flavor is a library that writes token caches. They differ in what they put
// into the keyrings of Linux and macOS; their files are the same.
type Flavor string

// The flavors of MSAL Extensions.
const (
	// Python is msal-extensions: JSON in libsecret under Schema and Attributes.
	// Defaults are those of version 1.2: the hash of the path as Schema and as
	// Account, "msal-extensions" as Service.
	Python Flavor = "python"
	// DotNet is Microsoft.Identity.Client.Extensions.Msal: base64 in libsecret,
	// found by Attributes alone, of which there are two.
	DotNet Flavor = "dotnet"
	// Node is @azure/msal-node-extensions: JSON in libsecret, with Service and
	// Account as attributes.
	Node Flavor = "node"
	// Go is microsoft-authentication-extensions-for-go: base64 in libsecret
	// under Schema and Attributes.
	Go Flavor = "go"
)

// ExtensionsOptions says which cache of MSAL Extensions to open, in the words of
// the program that made it. Flavor and Path are required; where a default is
// not named, there is none.
type ExtensionsOptions struct {
	// Flavor is the library of the programs that the cache is shared with.
	Flavor Flavor
	// Path is the file of the cache. When the cache is in a keyring, it is the
	// file whose time tells of changes. The lock is beside it.
	Path string
	// Plain is for a cache that is in Path as it is, which is what programs
	// fall back to on Linux.
	Plain bool

	// Schema and Attributes find a cache in libsecret; Label and Collection are
	// for making one. Collection is an alias; the default is "default".
	Schema     string
	Attributes map[string]string
	Label      string
	Collection string
	// Service and Account find a cache in the macOS Keychain, and one of Node
	// in libsecret too.
	Service, Account string

	// AllowPrompt lets the system ask the person to unlock the keyring.
	AllowPrompt bool
	// Logger gets warnings. Nil is silent.
	Logger *slog.Logger
}

// MSALExtensions opens a token cache that programs with Microsoft's libraries for
// Python, .NET, JavaScript and Go share: DPAPI files on Windows, the Keychain on
// macOS (not run), the Secret Service on Linux, or a plain file. It takes their
// lock and raises their signal. It has the one partition of public clients.
//
// What it cannot open, it neither uses nor overwrites. Errors are *Error,
// *cache.FileError or the context's.
func MSALExtensions(o ExtensionsOptions) (cache.Store, error) {
	if o.Path == "" {
		return nil, &Error{Op: "open the token cache", Hint: "give the path that its programs give", Err: errNoPath}
	}
	switch o.Flavor {
	case Python:
		sum := sha256.Sum256([]byte(o.Path))
		hash := hex.EncodeToString(sum[:])
		o.Schema, o.Account, o.Service = or(o.Schema, hash), or(o.Account, hash), or(o.Service, "msal-extensions")
	case Node:
		o.Schema = "org.freedesktop.Secret.Generic"
		o.Attributes = map[string]string{"service": o.Service, "account": o.Account}
		o.Label = or(o.Label, o.Service+"/"+o.Account)
	case Go:
		o.Label = or(o.Label, "MSALCache")
	case DotNet:
	default:
		return nil, &Error{Op: "open the token cache", Hint: "use Python, DotNet, Node or Go", Err: errNoFlavor}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Plain {
		return codedFile(o.Path, plain{}, o.Logger)
	}
	return openExtensions(o)
}

func or(given, otherwise string) string {
	if given == "" {
		return otherwise
	}
	return given
}
