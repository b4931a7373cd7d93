//go:build unix

package loginstate

import (
	"io/fs"
	"os"
)

// tighten keeps others out of a folder that they can read or write.
func tighten(path string, info fs.FileInfo) error {
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	if err := os.Chmod(path, 0o700); err != nil {
		return &FileError{Op: "protect", Path: path, Hint: "it must be yours alone: chmod 700", Err: bare(err)}
	}
	return nil
}
