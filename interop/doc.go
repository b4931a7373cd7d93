// Package interop holds no code but tests: other people's clients and servers
// on the other end of ours. Microsoft's own Go libraries sign in at the
// emulator; our client signs in at somebody else's OpenID provider through a
// real browser; somebody else's verifiers look at what both sign.
//
// The tests need Chromium, OpenSSL and Node.js on PATH, and the packages that
// "npm ci" installs in the folder node. A part that is missing skips its tests,
// and fails them with CI=true; "./test.sh --install" fetches all of them. This
// module is outside the workspace: set GOWORK=off.
//
// To take up a newer release of a stranger, change go.mod or node/package.json
// (then run "npm install --package-lock-only" there) and read what fails: either
// they have changed, or we were wrong.
package interop
