// Package listen makes an http.Handler reachable: in memory, on a loopback
// listener that speaks TLS and plain HTTP on one port, and behind an HTTP
// proxy that answers for the hosts of the identity platform.
//
// [Transport] needs no sockets, so client and platform can share the clock of
// a testing/synctest bubble. [Server] signs the certificate of any identity
// host with an [Authority] that lives in memory and can sign for nothing
// else. [Proxy] lets unmodified programs in any language use the real host
// names.
//
// All three treat panic(http.ErrAbortHandler) alike: what was written so far
// reaches the client, and then the connection breaks.
package listen
