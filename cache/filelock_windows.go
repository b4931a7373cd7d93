package cache

import (
	"errors"
	"log/slog"
	"os"
	"strconv"
	"syscall"
)

// A lockFile is open so that nobody else can open it for writing, and goes when
// it is closed, as MSAL.NET's does. MSAL Extensions for Python and Go, and MSAL
// Node, cannot open it meanwhile. Not run against them.
type lockFile struct {
	path   string
	handle syscall.Handle
	held   bool
}

const (
	accessDelete           = 0x00010000 // DELETE
	fileFlagDeleteOnClose  = 0x04000000 // FILE_FLAG_DELETE_ON_CLOSE
	fileFlagOpenReparse    = 0x00200000 // FILE_FLAG_OPEN_REPARSE_POINT
	errorDeletePendingCode = syscall.Errno(303)
)

// try takes the lock if nobody has it.
func (l *lockFile) try(*slog.Logger) (held bool, err error) {
	name, err := syscall.UTF16PtrFromString(l.path)
	if err != nil {
		return false, err
	}
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE|accessDelete, syscall.FILE_SHARE_READ, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL|fileFlagDeleteOnClose|fileFlagOpenReparse, 0)
	if errors.Is(err, errorSharingViolation) || errors.Is(err, syscall.ERROR_ACCESS_DENIED) || errors.Is(err, errorDeletePendingCode) {
		return false, nil // somebody has it, or is about to give it back
	}
	if err != nil {
		return false, err
	}
	l.handle, l.held = h, true
	var written uint32
	_ = syscall.WriteFile(h, []byte(strconv.Itoa(os.Getpid())+" msal\n"), &written, nil) // for people only
	return true, nil
}

func (l *lockFile) release() { l.abandon() }

func (l *lockFile) abandon() {
	if l.held {
		l.held = false
		_ = syscall.CloseHandle(l.handle)
	}
}
