package loginstate

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says where logins are kept: a value of --cache.
type Kind string

// The kinds.
const (
	Auto    Kind = "auto"    // the best that there is for everybody: a file
	File    Kind = "file"    // that only its owner can read
	Memory  Kind = "memory"  // gone when the command ends
	Keyring Kind = "keyring" // of the operating system
)

// Kinds lists the values of --cache.
func Kinds() []string { return []string{string(Auto), string(File), string(Memory), string(Keyring)} }

// ParseKind reads a value of --cache. Empty means Auto.
func ParseKind(given string) (Kind, error) {
	switch k := Kind(strings.ToLower(given)); k {
	case "":
		return Auto, nil
	case Auto, File, Memory, Keyring:
		return k, nil
	}
	return "", fmt.Errorf("there is no cache %q; use %s", given, strings.Join(Kinds(), ", "))
}

// KindError says that this program cannot keep logins in a place that is known.
type KindError struct {
	Kind    Kind
	Missing error // what it would take
	Hint    string
}

func (e *KindError) Error() string {
	return fmt.Sprintf("logins cannot be kept in the %s: %v", e.Kind, e.Missing)
}

// Unwrap returns what is missing.
func (e *KindError) Unwrap() error { return e.Missing }

// ErrNoKeyring: no keyring of an operating system can be opened by this build.
var ErrNoKeyring = errors.New("this build of msal has no store for the keyring of the operating system")
