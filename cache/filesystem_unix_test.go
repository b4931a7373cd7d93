//go:build unix

package cache

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"testing"
	"time"
)

func TestOwnersThatAreTrusted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		owner   uint32
		user    int
		foreign bool
	}{
		{1000, 1000, false},
		{0, 1000, false},
		{1000, 0, false}, // as by sudo
		{1001, 1000, true},
		{1<<32 - 2, 1000, true}, // nobody
	} {
		if got := foreign(c.owner, c.user); got != c.foreign {
			t.Errorf("foreign(%d, %d) = %v", c.owner, c.user, got)
		}
	}
}

// owned is a folder, or a file, of somebody.
type owned struct {
	fs.FileInfo
	uid uint32
}

func (o owned) Mode() fs.FileMode  { return fs.ModeDir | 0o700 }
func (o owned) ModTime() time.Time { return time.Time{} }
func (o owned) Sys() any           { return &syscall.Stat_t{Uid: o.uid} }

func TestWhatBelongsToSomebodyElseIsRefused(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Log("the administrator may use everything")
	}
	want := os.Geteuid() != 0
	theirs := owned{uid: uint32(os.Geteuid()) + 1}
	var fileErr *FileError
	if err := checkFolder("x", theirs); errors.As(err, &fileErr) != want {
		t.Errorf("checkFolder = %v", err)
	}
	if err := checkOwner(theirs); (err != nil) != want {
		t.Errorf("checkOwner = %v", err)
	}
}
