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
	signed  bool // who has the lock is in the file

	watched fs.FileInfo // the file of somebody else, as it was at
	since   time.Time
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
	// What is not left over is not even tried: a lock that we had for a moment
	// would make its maker wait, or give up.
	if !l.created && !l.leftOver() {
		l.abandon()
		return false, nil
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
	case l.created:
	case !l.leftOver(): // somebody signed it meanwhile
		l.abandon()
		return false, nil
	default:
		log.Warn("the lock of a process that is gone was taken", "file", l.path)
	}
	l.sign()
	return true, nil
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

// leftOver says whether a lock file that is there is nobody's, unless a process
// has a lock of the system's on it.
func (l *lockFile) leftOver() bool {
	info, err := l.file.Stat()
	if err != nil {
		return false
	}
	// A file from the future, as after a jump of the clock, ages as we look.
	if l.watched == nil || !os.SameFile(l.watched, info) || !l.watched.ModTime().Equal(info.ModTime()) {
		l.watched, l.since = info, time.Now()
	}
	age := max(time.Since(info.ModTime()), time.Since(l.since))
	content, err := io.ReadAll(io.NewSectionReader(l.file, 0, 256))
	if err != nil {
		return false
	}
	if len(content) == 0 {
		return age > youth
	}
	return bytes.HasSuffix(content, []byte(ours)) || !alive(content) || age >= staleAfter
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

// sign writes who has the lock into the file. It is for people, and for MSAL
// Node after a crash: that a full disk has no room for it is no reason to fail.
func (l *lockFile) sign() {
	if err := l.file.Truncate(0); err != nil {
		return
	}
	_, err := l.file.WriteAt([]byte(strconv.Itoa(os.Getpid())+ours), 0)
	l.signed = err == nil
}

// release removes the file while it is still locked, so that whoever opened it
// before sees that it is not there any more. MSAL Extensions for Python does not
// look: it empties a file that was there for too long, and then waits for the
// lock on what it has open, be it removed or not. A file that is empty by now is
// therefore left to it, with a time that makes others wait; see youth.
func (l *lockFile) release() {
	if info, err := l.file.Stat(); err == nil && l.signed && info.Size() == 0 {
		now := time.Now()
		os.Chtimes(l.path, now, now)
	} else if l.isThere() { // another library may have removed it, and a third made a new one
		os.Remove(l.path)
	}
	l.abandon()
}

// abandon lets go of a file that is not locked.
func (l *lockFile) abandon() {
	if l.file != nil {
		l.file.Close()
		l.file = nil
	}
}
