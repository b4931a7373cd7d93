// Package interop holds no code but tests: other people's clients and servers
// on the other end of ours. Microsoft's own Go and Node.js libraries sign in at
// the emulator; our client signs in at somebody else's OpenID provider through
// a real browser, and with keys in a PKCS #11 token and a TPM; somebody else's
// verifiers look at what both sign.
//
// Our client and Microsoft's play the same flows, and their requests are
// compared field by field (differential_test.go). What differs is in
// testdata/differences.json with its cause: an entry for each client, kind of
// request and field, with both values ("-": not sent; "*": any, where another
// client pins the value) and the flows that it holds for. A difference that is
// not there fails, and so does an entry that no flow needs. MSAL Python cannot be
// started from here; testdata/transcripts has what release 1.31 sent, written
// down as data. Names in braces stand for the one client, tenant and person of
// both, shapes in angle brackets for ids and random values. Its last six flows,
// about what telemetry says after a cache hit and after failures, the name of
// the application, and hints and claims of people, are not recorded but composed
// from the formats and the order that it has.
//
// The tests need Chromium, OpenSSL, Node.js, OpenSC with SoftHSM, and swtpm on
// PATH, cgo for PKCS #11, and the packages that "npm ci" installs in the folder
// node. A part that is missing skips its tests, and fails them with CI=true;
// "./test.sh --install" fetches all of them. This module is outside the
// workspace: set GOWORK=off.
//
// To take up a newer release of a stranger, change go.mod or node/package.json
// (then run "npm install --package-lock-only" there) and read what fails: either
// they have changed, or we were wrong.
package interop
