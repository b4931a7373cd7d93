package msal

// Version is the version of this library, as sent in the x-client-ver header.
const Version = "0.1.0"
