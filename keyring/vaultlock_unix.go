//go:build unix

package keyring

import (
	"os"
	"path/filepath"
	"syscall"
)

// keyLock is the lock file of a key, for programs that give its name but folders
// of their own: two that make it at once would replace each other's. It is in a
// folder that the system gives to each person, which the variable names, and ""
// without one.
func keyLock(variable, name string) string {
	dir := os.Getenv(variable)
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		return ""
	}
	// After sudo it may be somebody else's.
	if owner, ok := info.Sys().(*syscall.Stat_t); !ok || int(owner.Uid) != os.Geteuid() {
		return ""
	}
	return filepath.Join(dir, "msal-keyring-"+name+lockSuffix)
}
