// Package keyring keeps token caches in the care of the operating system,
// without cgo: Secret Service (GNOME Keyring, KWallet, KeePassXC) on Linux and
// BSD, DPAPI on Windows, Keychain on macOS.
//
// [Open] is for an application's own tokens. The keyring holds a key; the tokens
// are in files that are sealed with it, so that they may be of any size and are
// replaced as a whole. Where there is no keyring, as on a server, the key is in
// a file.
//
// [MSALExtensions], [AzureCLI] and [Azidentity] open what others write, in
// their format, in their place and under their lock, to share sign-ins with
// them. These stores have one partition, the one that public clients use.
//
// Nothing here ever starts a message bus, or asks a person anything unless
// AllowPrompt says so. Without it, a call to a keyring that does not answer ends
// after ten seconds; with it, people may take as long as the context lets them.
//
// The parts for macOS were compiled and vetted, but not run.
package keyring
