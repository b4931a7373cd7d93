//go:build unix

package cache

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
)

func stampOf(info fs.FileInfo) stamp {
	s := stamp{modified: info.ModTime().UnixNano(), size: info.Size()}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		s.id = uint64(st.Ino)
	}
	return s
}

// checkFolder refuses a folder in which others could put files in the place of
// ours.
func checkFolder(path string, info fs.FileInfo) error {
	if info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0 {
		return &FileError{Op: "open the folder", Path: path, Hint: "chmod go-w it, or choose another one", Err: errForced}
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && foreign(st.Uid, os.Geteuid()) {
		return &FileError{Op: "open the folder", Path: path, Hint: "choose one of your own", Err: errForeign}
	}
	return nil
}

// checkOwner refuses a file that another person has put where this one reads,
// such as in a folder for everybody's files.
func checkOwner(info fs.FileInfo) error {
	if st, ok := info.Sys().(*syscall.Stat_t); ok && foreign(st.Uid, os.Geteuid()) {
		return errForeign
	}
	return nil
}

// foreign says whether a user has to distrust what somebody owns. The
// administrator owns what everybody trusts, and works in other people's homes.
func foreign(owner uint32, user int) bool {
	return owner != 0 && user != 0 && int64(owner) != int64(user)
}

// exposed says whether others than its owner can read a file.
func exposed(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }

// openPlain opens a file that is there, and no link.
func openPlain(path string, flag int) (*os.File, error) {
	file, err := os.OpenFile(path, flag|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.EMLINK) {
		return nil, ErrNotPlain
	}
	return file, err
}

func removeFile(_ context.Context, path string) error { return os.Remove(path) }

func renameOver(_ context.Context, from, to string) error { return os.Rename(from, to) }

// syncFolder makes a rename outlive a power failure.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return &FileError{Op: "open the folder", Path: path, Hint: hintFolder, Err: bare(err)}
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return &FileError{Op: "sync the folder", Path: path, Hint: hintFolder, Err: bare(err)}
	}
	return nil
}
