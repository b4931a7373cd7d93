//go:build unix

package cache

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strconv"
	"syscall"
	"time"
)

// A lockFile excludes two kinds of processes: those that take a lock of the
// system's on it (flock: MSAL Extensions for Python, .NET and Go, and this
// store), and those for which it is enough that the file is there (MSAL Node,
// MSAL Extensions for Python without portalocker).
type lockFile struct {
	path    string
	file    *os.File
	created bool // the file is of our making, and nobody's yet
}

// ours ends the content of a lock file that this store wrote. Its maker holds
// a lock of the system's as long as it lives.
const ours = " msal\n"

// try takes the lock if nobody has it.
func (l *lockFile) try(log *slog.Logger) (held bool, err error) {
	if l.file == nil {
		if err := l.open(); err != nil || l.file == nil {
			return false, err
		}
	}
	err = syscall.Flock(int(l.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK), errors.Is(err, syscall.EINTR):
		if !l.created || !l.isThere() {
			l.abandon()
		}
		return false, nil
	case err != nil:
		return false, err
	case !l.isThere(): // it was removed while we waited
		l.abandon()
		return false, nil
	case !l.created && !l.leftOver(log):
		l.abandon()
		return false, nil
	}
	return true, l.sign()
}

// open opens the lock file, or makes it. It leaves l.file nil when somebody
// removed it in between.
func (l *lockFile) open() error {
	file, err := os.OpenFile(l.path, os.O_RDWR|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
	if err == nil {
		l.file, l.created = file, true
		return nil
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	file, err = openPlain(l.path, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = ErrNotPlain
	}
	if err != nil {
		file.Close()
		return err
	}
	l.file, l.created = file, false
	return nil
}

// isThere says whether the file that is open is still the one with the name.
func (l *lockFile) isThere() bool {
	open, err := l.file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(l.path)
	return err == nil && os.SameFile(open, named)
}

// leftOver says whether a lock file that is there, and on which no process has a
// lock of the system's, is nobody's.
func (l *lockFile) leftOver(log *slog.Logger) bool {
	info, err := l.file.Stat()
	if err != nil {
		return false
	}
	age := time.Since(info.ModTime())
	content, err := io.ReadAll(io.LimitReader(l.file, 256))
	if err != nil {
		return false
	}
	if len(content) == 0 {
		return age > youth
	}
	if !bytes.HasSuffix(content, []byte(ours)) && alive(content) && age < staleAfter {
		return false
	}
	log.Warn("the lock of a process that is gone was taken", "file", l.path)
	return true
}

// alive says whether the process that a lock file names lives. A name that
// cannot be read is taken for a live one.
func alive(content []byte) bool {
	word, _, _ := bytes.Cut(bytes.TrimLeft(content, "\ufeff{ "), []byte(" "))
	pid, err := strconv.Atoi(string(bytes.TrimRight(word, "}\r\n")))
	if err != nil || pid <= 0 {
		return true
	}
	err = syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// sign writes who has the lock into the file.
func (l *lockFile) sign() error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt([]byte(strconv.Itoa(os.Getpid())+ours), 0)
	return err
}

// release removes the file while it is still locked, so that whoever opened it
// before sees that it is not there any more.
func (l *lockFile) release() {
	if l.isThere() { // another library may have removed it, and a third made a new one
		os.Remove(l.path)
	}
	l.file.Close()
	l.file = nil
}

// abandon lets go of a file that is not locked.
func (l *lockFile) abandon() {
	if l.file != nil {
		l.file.Close()
		l.file = nil
	}
}
