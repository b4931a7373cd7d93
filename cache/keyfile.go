package cache

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// OpenKeyFile returns the ring of the keys in a file, and makes the file with a
// new random key if there is none. It is for machines without a keyring; keep
// the file apart from what it opens, such as on another volume or in a mounted
// secret. Its lines are keys in base64, the newest first.
//
// The file must be a plain one that only its owner can read, and of this user or
// root. Kubernetes mounts secrets as links: read such a one yourself, and give
// the keys to NewKeyRing. Errors are
// *FileError or the context's; they hold nothing of the keys.
func OpenKeyFile(ctx context.Context, path string) (*KeyRing, error) {
	keys, err := readKeys(path)
	if errors.Is(err, fs.ErrNotExist) {
		return changeKeys(ctx, path, func(keys [][]byte) bool { return len(keys) == 0 })
	}
	if err != nil {
		return nil, err
	}
	return NewKeyRing(keys...)
}

// RotateKeyFile puts a new key in front of those in the file and returns the
// ring. Programs that have the ring from before cannot open what is sealed with
// the new key until they open the file again.
func RotateKeyFile(ctx context.Context, path string) (*KeyRing, error) {
	return changeKeys(ctx, path, func([][]byte) bool { return true })
}

// changeKeys adds a key if that is wanted by the time that nobody else does.
func changeKeys(ctx context.Context, path string, wanted func(keys [][]byte) bool) (*KeyRing, error) {
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	lock, err := acquireLock(ctx, path+lockSuffix, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	defer lock.release()
	dropLeftovers(path)
	keys, err := readKeys(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if wanted(keys) {
		key := make([]byte, KeySize)
		if _, err := rand.Read(key); err != nil {
			return nil, fmt.Errorf("cache: draw a key: %w", err)
		}
		keys = append([][]byte{key}, keys...)
		var text []byte
		for _, key := range keys {
			text = base64.StdEncoding.AppendEncode(text, key)
			text = append(text, '\n')
		}
		if _, err := replaceFile(ctx, path, text, stamp{}); err != nil {
			return nil, err
		}
	}
	return NewKeyRing(keys...)
}

// dropLeftovers removes what killed processes were to replace the key file with.
func dropLeftovers(path string) {
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), tempPrefix(path)+"*"))
	if err != nil {
		return // the name has the characters of a pattern
	}
	for _, name := range left {
		if info, err := os.Lstat(name); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > leftoverAge {
			_ = os.Remove(name)
		}
	}
}

// readKeys reads a key file. The error of one that is not there answers to
// fs.ErrNotExist.
func readKeys(path string) ([][]byte, error) {
	fail := func(hint string, err error) ([][]byte, error) {
		return nil, &FileError{Op: "read the key file", Path: path, Hint: hint, Err: bare(err)}
	}
	if err := checkKeyFile(path); err != nil {
		return fail("make it a plain file that only you can read: chmod 600", err)
	}
	data, _, _, err := readFile(path)
	if err != nil {
		return fail("", err)
	}
	var keys [][]byte
	for line := range bytes.Lines(data) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		key, err := base64.StdEncoding.AppendDecode(nil, line)
		if err != nil || len(key) != KeySize {
			return fail("its lines must be 32 bytes in base64", errBadKey)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return fail("remove it to have a new one made", errNoKeys)
	}
	return keys, nil
}

var (
	errBadKey = errors.New("a line is no key")
	errNoKeys = errors.New("it has no keys")
	errBared  = errors.New("others can read it")
)

// checkKeyFile looks at a key file from outside.
func checkKeyFile(path string) error {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return ErrNotPlain
	case exposed(info):
		return errBared
	}
	return nil
}
