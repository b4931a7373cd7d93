package cache

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
)

const errorSharingViolation = syscall.Errno(32)

// stampOf has no identity of the file: asking for it would cost an open file
// for every look.
func stampOf(info fs.FileInfo) stamp {
	return stamp{modified: info.ModTime().UnixNano(), size: info.Size()}
}

// checkFolder leaves it to the folder's access control list, which in a user's
// profile lets in that user.
func checkFolder(string, fs.FileInfo) error { return nil }

// checkOwner leaves it to the folder's access control list.
func checkOwner(fs.FileInfo) error { return nil }

// exposed leaves it to the file's access control list.
func exposed(fs.FileInfo) bool { return false }

// openPlain opens a file that is there. That it is no link, look has seen. It
// waits a second for a writer who is just putting another file in its place.
func openPlain(path string, flag int) (*os.File, error) {
	for attempt := 0; ; attempt++ {
		file, err := os.OpenFile(path, flag, 0)
		if attempt == 200 || !errors.Is(err, errorSharingViolation) && !errors.Is(err, syscall.ERROR_ACCESS_DENIED) {
			return file, err
		}
		_ = pause(context.Background(), lockPoll)
	}
}

// removeFile waits for readers to close the file.
func removeFile(ctx context.Context, path string) error {
	return whileShared(ctx, func() error { return os.Remove(path) })
}

// renameOver waits for readers to close the old file.
func renameOver(ctx context.Context, from, to string) error {
	return whileShared(ctx, func() error { return os.Rename(from, to) })
}

// whileShared tries again while somebody has the file open.
func whileShared(ctx context.Context, change func() error) error {
	for attempt := 0; ; attempt++ {
		err := change()
		if attempt == 100 || !errors.Is(err, errorSharingViolation) && !errors.Is(err, syscall.ERROR_ACCESS_DENIED) {
			return err
		}
		if err := pause(ctx, lockPoll); err != nil {
			return err
		}
	}
}

// syncFolder does nothing: NTFS journals renames.
func syncFolder(string) error { return nil }
