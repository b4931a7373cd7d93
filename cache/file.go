package cache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"
	"time"
)

// FileOptions configures a File store. Dir is required.
type FileOptions struct {
	// Dir is the folder of the partitions' files. It is made if need be, with
	// access for its owner only. A link is refused, and so is a folder that
	// others can write to or, unless root asks, that belongs to another user.
	Dir string
	// Shared names the file of a partition outside of Dir, by the partition's
	// key: such as the cache of another tool, which holds nothing but the
	// partition's value. Its folder is made like Dir. The expiry of such a
	// partition is not kept; what is in it knows when it expires.
	Shared map[string]string
	// Logger gets warnings: a lock taken from a process that died, a damaged
	// file set aside. Nil is silent.
	Logger *slog.Logger
}

// File is a Store in files: one for each partition, readable by its owner only
// and replaced as a whole, so that nobody ever sees half of one. It implements
// Lister and SetAsider.
//
// Processes exclude each other by a file beside the partition's, with
// ".lockfile" behind its name. Microsoft's libraries for Python, .NET, Go and
// JavaScript take the same lock in a file that is shared with them. A process
// that dies holds up nobody; one that lives is waited for, a minute at most.
//
// Errors are *FileError, *KeyError or the context's. Network file systems
// without working locks are not supported.
type File struct {
	dir    string
	shared map[string]string
	log    *slog.Logger

	turns turns // of goroutines, so that only one of them polls for a lock file

	expiring backlog

	mu   sync.RWMutex
	seen map[string]sight // by key: the newest state that was read or written
}

// sight is what is known of a partition's file in a certain state.
type sight struct {
	path    string
	stamp   stamp
	settled bool // a file that looks the same is the same
	version Version
	expires time.Time // zero: never
}

// unsettled is how long a file of others may change without looking changed:
// they write in place, perhaps twice in one tick of the file system's clock.
const unsettled = 2 * time.Second

var (
	_ Store     = (*File)(nil)
	_ Lister    = (*File)(nil)
	_ SetAsider = (*File)(nil)
)

// NewFile returns a store over the files of a folder, which it makes if need be.
func NewFile(o FileOptions) (*File, error) {
	if o.Dir == "" {
		return nil, &FileError{Op: "open the store", Hint: "give the folder as Dir", Err: errNoPath}
	}
	s := &File{dir: o.Dir, shared: make(map[string]string), log: o.Logger, seen: make(map[string]sight)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	folders := []string{o.Dir}
	for key, path := range o.Shared {
		if err := CheckKey(key); err != nil {
			return nil, err
		}
		if path == "" {
			return nil, &FileError{Op: "open the store", Hint: "give the file as Shared[key]", Err: errNoPath}
		}
		s.shared[key] = path
		folders = append(folders, filepath.Dir(path))
	}
	for _, folder := range folders {
		if err := makeFolder(folder); err != nil {
			return nil, err
		}
	}
	s.sweep(folders)
	return s, nil
}

// Load returns a partition; see Store. When nothing has changed it costs a look
// at the file's size and times.
func (s *File) Load(ctx context.Context, key string, have Version) ([]byte, Version, error) {
	if err := check(ctx, key); err != nil {
		return nil, "", err
	}
	known := s.known(key)
	if known.path == "" {
		known.path = s.path(key)
	}
	now, err := look(known.path)
	if err != nil {
		return nil, "", err
	}
	if now == (stamp{}) {
		s.forget(key)
		return nil, "", nil
	}
	if known.settled && known.stamp == now {
		switch {
		case known.expired(time.Now()):
			return nil, "", nil
		case known.version == have:
			return nil, have, nil
		}
	}
	value, found, err := s.read(ctx, key)
	switch {
	case err != nil:
		return nil, "", err
	case found.expired(time.Now()):
		return nil, "", nil
	case found.version == have:
		return nil, have, nil
	}
	return value, found.version, nil
}

// Update replaces a partition; see Store. f runs once, while the file is locked.
// It also removes a few files of other partitions that have expired.
func (s *File) Update(ctx context.Context, key string, f func([]byte) ([]byte, time.Time, error)) (Version, error) {
	if err := check(ctx, key); err != nil {
		return "", err
	}
	var version Version
	err := s.locked(ctx, key, func() error {
		old, found, err := s.read(ctx, key)
		if err != nil {
			return err
		}
		if found.expired(time.Now()) {
			old = nil
		}
		value, expires, err := f(old)
		if err != nil {
			return fmt.Errorf("cache: update: %w", err)
		}
		if len(value) == 0 {
			return s.remove(ctx, key)
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("cache: update: %w", err)
		}
		version, err = s.write(ctx, key, value, expires, found.stamp)
		return err
	})
	if err == nil {
		s.dropExpired(ctx, key)
	}
	return version, err
}

// Delete removes a partition; see Store.
func (s *File) Delete(ctx context.Context, key string) error {
	if err := check(ctx, key); err != nil {
		return err
	}
	return s.locked(ctx, key, func() error { return s.remove(ctx, key) })
}

// SetAside renames the file of a damaged partition, so that its place is free
// and nothing is lost; see SetAsider. The new name is the old one with
// ".damaged-" and the time behind it.
func (s *File) SetAside(ctx context.Context, key string, value []byte) (string, error) {
	if err := check(ctx, key); err != nil {
		return "", err
	}
	where := ""
	err := s.locked(ctx, key, func() error {
		now, _, err := s.read(ctx, key)
		if err != nil || !bytes.Equal(now, value) {
			return err
		}
		where, err = s.rename(ctx, key)
		return err
	})
	if err != nil {
		return "", err
	}
	return where, nil
}

// rename gives the file of a partition a name that no partition has.
func (s *File) rename(ctx context.Context, key string) (string, error) {
	path := s.path(key)
	aside := path + time.Now().UTC().Format(".damaged-20060102T150405.000000000Z")
	if err := renameOver(ctx, path, aside); err != nil {
		return "", &FileError{Op: "set aside", Path: path, Hint: hintFolder, Err: bare(err)}
	}
	s.forget(key)
	s.log.Warn("a damaged token cache was set aside; people may have to sign in again", "file", aside)
	return aside, nil
}

// locked runs f while no other process, and no other goroutine, changes the
// partition.
func (s *File) locked(ctx context.Context, key string, f func() error) error {
	if err := s.turns.take(ctx, key); err != nil {
		return fmt.Errorf("cache: wait for the partition: %w", err)
	}
	defer s.turns.giveBack(key)
	path := s.path(key)
	lock, err := acquireLock(ctx, path+lockSuffix, s.log)
	if errors.Is(err, fs.ErrNotExist) { // somebody cleaned up, and took the folder along
		if err := makeFolder(filepath.Dir(path)); err != nil {
			return err
		}
		lock, err = acquireLock(ctx, path+lockSuffix, s.log)
	}
	if err != nil {
		return err
	}
	defer lock.release()
	return f()
}

// read returns what is in a partition's file, and remembers its state. A file
// that changes while it is read, by a writer that does not replace it, is read
// again.
func (s *File) read(ctx context.Context, key string) ([]byte, sight, error) {
	const attempts = 20
	path := s.path(key)
	for attempt := 1; ; attempt++ {
		data, at, whole, err := readFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			s.forget(key)
			return nil, sight{}, nil
		}
		if err != nil {
			return nil, sight{}, err
		}
		if whole || attempt == attempts {
			return s.open(ctx, key, data, at)
		}
		if err := pause(ctx, lockPoll); err != nil {
			return nil, sight{}, err
		}
	}
}

// open takes the frame off a partition's file. One without is damaged.
func (s *File) open(ctx context.Context, key string, data []byte, at stamp) ([]byte, sight, error) {
	if err := ctx.Err(); err != nil {
		return nil, sight{}, fmt.Errorf("cache: %w", err)
	}
	found := sight{stamp: at, settled: true, version: at.version()}
	if s.isShared(key) {
		found.version = digestVersion(data)
		found.settled = time.Since(time.Unix(0, at.modified)).Abs() > unsettled
	} else {
		value, expires, ok := unframe(data)
		if !ok { // no partition, but bytes that the reader will not understand, and then set aside
			value = data
		}
		data, found.expires = value, expires
	}
	s.remember(key, found)
	return data, found, nil
}

// write replaces a partition's file.
func (s *File) write(ctx context.Context, key string, value []byte, expires time.Time, old stamp) (Version, error) {
	path, shared := s.path(key), s.isShared(key)
	data := value
	if shared {
		expires = time.Time{}
	} else {
		data = frame(value, expires)
	}
	if len(data) > maxFile { // which could not be read again
		return "", &FileError{Op: "write", Path: path, Hint: "remove accounts that are not used any more", Err: ErrTooLarge}
	}
	at, err := replaceFile(ctx, path, data, old)
	if err != nil {
		return "", err
	}
	found := sight{stamp: at, settled: true, version: at.version(), expires: expires}
	if shared {
		found.version = digestVersion(data)
		// MSAL Extensions for Python compares the file's time with that of its
		// own last look. One between the stamp and the rename would miss this.
		if found.stamp, err = newStamp(path, at); err != nil {
			return "", &FileError{Op: "write", Path: path, Hint: hintFolder, Err: bare(err)}
		}
	}
	s.remember(key, found)
	return found.version, nil
}

func (s *File) remove(ctx context.Context, key string) error {
	path := s.path(key)
	if err := removeFile(ctx, path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &FileError{Op: "remove", Path: path, Hint: hintFolder, Err: bare(err)}
	}
	s.forget(key)
	return syncFolder(filepath.Dir(path))
}

func (s *File) known(key string) sight {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.seen[key]
}

func (s *File) remember(key string, found sight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found.path = s.path(key)
	s.seen[key] = found
}

func (s *File) forget(key string) {
	s.mu.RLock()
	_, ok := s.seen[key]
	s.mu.RUnlock()
	if ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.seen, key)
	}
}

func (f sight) expired(now time.Time) bool { return !f.expires.IsZero() && !now.Before(f.expires) }
