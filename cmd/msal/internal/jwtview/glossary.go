package jwtview

// word explains a header parameter or a claim.
type word struct {
	name    string
	meaning string
	time    bool // a NumericDate (RFC 7519 section 2)
}

// headerWords are those of RFC 7515 section 4.1 and what Entra adds, in the
// order in which they are shown.
var headerWords = [...]word{
	{name: "typ", meaning: "kind of token"},
	{name: "alg", meaning: "signature algorithm"},
	{name: "kid", meaning: "id of the signing key"},
	{name: "x5t", meaning: "SHA-1 thumbprint of the signing certificate"},
	{name: "x5t#S256", meaning: "SHA-256 thumbprint of the signing certificate"},
	{name: "x5c", meaning: "signing certificate and its issuers"},
	{name: "nonce", meaning: "makes the signature checkable by the API alone"},
	{name: "enc", meaning: "encryption of the content"},
	{name: "cty", meaning: "kind of content"},
}

// claimWords are those of RFC 7519 section 4.1, OpenID Connect Core section 2
// and Microsoft's token references, in the order in which they are shown.
var claimWords = [...]word{
	{name: "iss", meaning: "who issued it"},
	{name: "aud", meaning: "who it is for"},
	{name: "sub", meaning: "whom it is about, for this application only"},
	{name: "name", meaning: "display name; not unique, may change"},
	{name: "preferred_username", meaning: "sign-in name; may change, do not authorize by it"},
	{name: "upn", meaning: "user principal name; may change"},
	{name: "unique_name", meaning: "something readable about the person"},
	{name: "email", meaning: "mail address; not proven to be the person's"},
	{name: "oid", meaning: "object id of the user or service in its tenant"},
	{name: "tid", meaning: "tenant"},
	{name: "azp", meaning: "application that asked for it"},
	{name: "appid", meaning: "application that asked for it"},
	{name: "app_displayname", meaning: "name of that application"},
	{name: "azpacr", meaning: "how the application proved itself: 0 not, 1 secret, 2 certificate"},
	{name: "appidacr", meaning: "how the application proved itself: 0 not, 1 secret, 2 certificate"},
	{name: "idtyp", meaning: "app or user"},
	{name: "scp", meaning: "what the application may do for the user"},
	{name: "roles", meaning: "roles of the user or application"},
	{name: "wids", meaning: "directory roles of the user"},
	{name: "groups", meaning: "groups of the user"},
	{name: "hasgroups", meaning: "the user has more groups than fit"},
	{name: "iat", meaning: "issued", time: true},
	{name: "nbf", meaning: "valid from", time: true},
	{name: "exp", meaning: "expires", time: true},
	{name: "auth_time", meaning: "signed in", time: true},
	{name: "xms_tcdt", meaning: "tenant created", time: true},
	{name: "nonce", meaning: "ties the token to the sign-in that asked for it"},
	{name: "at_hash", meaning: "ties the token to an access token"},
	{name: "c_hash", meaning: "ties the token to an authorization code"},
	{name: "acr", meaning: "how well the person was checked"},
	{name: "acrs", meaning: "authentication contexts satisfied"},
	{name: "amr", meaning: "how the person signed in"},
	{name: "cnf", meaning: "key that the presenter must prove to have"},
	{name: "xms_cc", meaning: "what the client can handle; CP1: claims challenges"},
	{name: "idp", meaning: "who authenticated the person"},
	{name: "ipaddr", meaning: "address of the client at sign-in"},
	{name: "login_hint", meaning: "hint for signing in or out again"},
	{name: "sid", meaning: "session"},
	{name: "jti", meaning: "id of the token"},
	{name: "uti", meaning: "id of the token, for Microsoft's support"},
	{name: "ver", meaning: "version of the token format"},
	{name: "aio", meaning: "internal to Microsoft"},
	{name: "rh", meaning: "internal to Microsoft"},
	{name: "xms_ftd", meaning: "internal to Microsoft"},
}
