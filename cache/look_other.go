//go:build !linux

package cache

import (
	"errors"
	"io/fs"
	"os"
)

// look returns the stamp of a file; zero if there is none.
func look(path string) (stamp, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return stamp{}, nil
	case err != nil:
		return stamp{}, lookError(path, err)
	case !info.Mode().IsRegular():
		return stamp{}, lookError(path, ErrNotPlain)
	}
	return stampOf(info), nil
}
