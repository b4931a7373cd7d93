module github.com/msal-go/msal/keyring

go 1.25.0

require (
	github.com/ebitengine/purego v0.11.3
	github.com/godbus/dbus/v5 v5.2.4
	github.com/msal-go/msal v0.0.0
	golang.org/x/sys v0.47.0
)

require (
	github.com/go-jose/go-jose/v4 v4.1.8 // indirect
	golang.org/x/crypto v0.55.0 // indirect
	software.sslmate.com/src/go-pkcs12 v0.7.4 // indirect
)

replace github.com/msal-go/msal => ..
