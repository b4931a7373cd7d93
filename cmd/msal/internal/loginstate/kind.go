package loginstate

import (
	"fmt"
	"strings"
)

// Kind says where logins are kept: a value of --cache.
type Kind string

// The kinds.
const (
	Auto    Kind = "auto"    // File, which every session and every tool can use
	File    Kind = "file"    // that only its owner can read
	Memory  Kind = "memory"  // gone when the command ends
	Keyring Kind = "keyring" // sealed; the key is in the keyring of the operating system
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
	return "", unknownKind(given)
}

func unknownKind(given string) error {
	return fmt.Errorf("there is no cache %q; use %s", given, strings.Join(Kinds(), ", "))
}
