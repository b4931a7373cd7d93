package cache

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	fileSuffix = ".cache"
	lockSuffix = ".lockfile"
	// escapeMark is no character of a key. It keeps a file name apart from
	// those that mean devices to Windows.
	escapeMark = "~"
)

// path is where the file of a partition is.
func (s *File) path(key string) string {
	if path, ok := s.shared[key]; ok {
		return path
	}
	return filepath.Join(s.dir, fileName(key))
}

func (s *File) isShared(key string) bool {
	_, ok := s.shared[key]
	return ok
}

// fileName is the name of a partition's file in the store's folder.
func fileName(key string) string {
	if isDevice(key) {
		return escapeMark + key + fileSuffix
	}
	return key + fileSuffix
}

// keyOf is the partition that a file of the store's folder holds.
func keyOf(name string) (key string, ok bool) {
	key, ok = strings.CutSuffix(name, fileSuffix)
	key = strings.TrimPrefix(key, escapeMark)
	return key, ok && CheckKey(key) == nil && fileName(key) == name
}

// isDevice says whether Windows would take a name, whatever its extension, for a
// device.
func isDevice(name string) bool {
	base, _, _ := strings.Cut(name, ".")
	if slices.Contains([]string{"con", "prn", "aux", "nul"}, base) {
		return true
	}
	number, ok := strings.CutPrefix(base, "com")
	if !ok {
		number, ok = strings.CutPrefix(base, "lpt")
	}
	return ok && len(number) == 1 && '0' <= number[0] && number[0] <= '9'
}

// Keys yields the keys that begin with prefix, sorted; see Lister.
func (s *File) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		keys, err := s.keys(prefix)
		if err != nil {
			yield("", err)
			return
		}
		for _, key := range keys {
			there, err := s.exists(ctx, key)
			if err != nil {
				yield("", err)
				return
			}
			if there && !yield(key, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield("", fmt.Errorf("cache: list keys: %w", err))
		}
	}
}

// keys are those that have a file.
func (s *File) keys(prefix string) ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, &FileError{Op: "list", Path: s.dir, Hint: hintFolder, Err: bare(err)}
	}
	var keys []string
	for _, e := range entries {
		if key, ok := keyOf(e.Name()); ok && strings.HasPrefix(key, prefix) && e.Type().IsRegular() && !s.isShared(key) {
			keys = append(keys, key)
		}
	}
	for key := range s.shared {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// exists says whether a partition is there and has not expired.
func (s *File) exists(ctx context.Context, key string) (bool, error) {
	_, version, err := s.Load(ctx, key, "")
	return version != "", err
}
