module github.com/msal-go/msal

go 1.25.0

require (
	github.com/go-jose/go-jose/v4 v4.1.8
	github.com/golang-jwt/jwt/v5 v5.3.1
)

require golang.org/x/net v0.58.0
