package cache

import (
	"context"
	"log/slog"
	"path/filepath"
)

// Lock takes the lock file at path, in the way in which File excludes other
// processes, Microsoft's libraries among them: they put ".lockfile" behind the
// name of the cache. It is for stores whose medium has no lock of its own, such
// as a keyring. The file's folder is made if need be.
//
// Goroutines of one process exclude each other too. Call unlock once. A nil
// logger is silent. Errors are *FileError, such as for ErrLocked after a
// minute, or the context's.
func Lock(ctx context.Context, path string, log *slog.Logger) (unlock func(), err error) {
	if path == "" {
		return nil, &FileError{Op: "lock", Hint: "give the path of a lock file", Err: errNoPath}
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	lock, err := acquireLock(ctx, path, log)
	if err != nil {
		return nil, err
	}
	return lock.release, nil
}
