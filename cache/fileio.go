package cache

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// maxFile bounds a partition's file, in bytes.
const maxFile = 256 << 20

// makeFolder makes a folder that is its owner's alone, or checks the one that is
// there.
func makeFolder(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return &FileError{Op: "make the folder", Path: path, Hint: "choose one that you may write to", Err: bare(err)}
	}
	info, err := os.Lstat(path)
	if err != nil {
		return &FileError{Op: "open the folder", Path: path, Hint: hintFolder, Err: bare(err)}
	}
	if !info.IsDir() {
		return &FileError{Op: "open the folder", Path: path, Hint: "give the folder itself, not a link to it", Err: ErrNotPlain}
	}
	return checkFolder(path, info)
}

// readFile reads a whole file. whole is false when the file changed meanwhile.
func readFile(path string) (data []byte, at stamp, whole bool, err error) {
	fail := func(err error) ([]byte, stamp, bool, error) {
		return nil, stamp{}, false, &FileError{Op: "read", Path: path, Hint: hintFolder, Err: bare(err)}
	}
	file, err := openPlain(path, os.O_RDONLY)
	if err != nil {
		return fail(err)
	}
	defer file.Close()
	before, err := file.Stat()
	switch {
	case err != nil:
		return fail(err)
	case !before.Mode().IsRegular():
		return fail(ErrNotPlain)
	case before.Size() > maxFile:
		return fail(ErrTooLarge)
	}
	if err := checkOwner(before); err != nil {
		return fail(err)
	}
	data = make([]byte, before.Size())
	n, err := io.ReadFull(file, data)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return fail(err)
	}
	after, err := file.Stat()
	if err != nil {
		return fail(err)
	}
	at = stampOf(before)
	return data[:n], at, n == len(data) && at == stampOf(after), nil
}

// replaceFile puts a new file in the place of path, durably, and with a stamp
// that the old one does not have.
func replaceFile(ctx context.Context, path string, data []byte, old stamp) (at stamp, err error) {
	fail := func(err error) (stamp, error) {
		return stamp{}, &FileError{Op: "write", Path: path, Hint: hintFolder, Err: bare(err)}
	}
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return fail(ErrNotPlain)
	}
	temp, err := os.CreateTemp(filepath.Dir(path), tempPrefix(path)+"*") // 0600
	if err != nil {
		return fail(err)
	}
	defer func() {
		if err != nil {
			temp.Close()
			os.Remove(temp.Name())
		}
	}()
	if _, err = temp.Write(data); err != nil {
		return fail(err)
	}
	if err = temp.Sync(); err != nil {
		return fail(err)
	}
	if err = temp.Close(); err != nil {
		return fail(err)
	}
	if at, err = newStamp(temp.Name(), old); err != nil {
		return fail(err)
	}
	if err = renameOver(ctx, temp.Name(), path); err != nil {
		return fail(err)
	}
	return at, syncFolder(filepath.Dir(path))
}

// tempPrefix begins the names of what is to replace path. Digits follow.
func tempPrefix(path string) string { return "." + filepath.Base(path) + "." }

// leftoverAge is the age at which a file that is to replace another one is of
// a process that was killed. Writing takes milliseconds.
const leftoverAge = time.Hour

// sweep removes the files that killed processes left over. They hold tokens.
func (s *File) sweep(folders []string) {
	now := time.Now()
	for _, folder := range folders {
		entries, err := os.ReadDir(folder)
		if err != nil {
			continue // whoever uses the folder will say so
		}
		for _, e := range entries {
			if !e.Type().IsRegular() || !s.isTemp(folder, e.Name()) {
				continue
			}
			if info, err := e.Info(); err == nil && now.Sub(info.ModTime()) > leftoverAge {
				_ = os.Remove(filepath.Join(folder, e.Name()))
			}
		}
	}
}

// isTemp says whether a name in a folder is of what was to replace a partition.
func (s *File) isTemp(folder, name string) bool {
	path := strings.TrimRight(name, "0123456789")
	if path == name {
		return false
	}
	if folder == s.dir {
		base, ok := strings.CutPrefix(strings.TrimSuffix(path, "."), ".")
		if _, is := keyOf(base); ok && is && tempPrefix(base) == path {
			return true
		}
	}
	for _, shared := range s.shared {
		if filepath.Dir(shared) == folder && tempPrefix(shared) == path {
			return true
		}
	}
	return false
}

func lookError(path string, err error) error {
	hint := hintFolder
	if errors.Is(err, ErrNotPlain) {
		hint = "remove it"
	}
	return &FileError{Op: "look at", Path: path, Hint: hint, Err: bare(err)}
}

// newStamp gives a file a later time than old has: two files that are written in
// one tick of a file system's clock must not look the same.
func newStamp(path string, old stamp) (stamp, error) {
	when := max(time.Now().UnixNano(), old.modified+1)
	for step := int64(time.Nanosecond); ; step *= 100 {
		t := time.Unix(0, when)
		if err := os.Chtimes(path, t, t); err != nil {
			return stamp{}, err
		}
		info, err := os.Lstat(path)
		if err != nil {
			return stamp{}, err
		}
		// File systems round times down, by two seconds at most.
		if at := stampOf(info); at.modified > old.modified || step > int64(10*time.Second) {
			return at, nil
		}
		when = old.modified + step
	}
}
