package loginstate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/keyring"
)

const (
	// keyName is whose key it is in the keyring. The logins at an emulator are
	// in a folder of their own, under the same key.
	keyName = "msal"
	// sealedPrefix begins the name of a folder that package keyring makes, one
	// for each key.
	sealedPrefix = "keyring-"
)

// KeyringError says that the keyring of the operating system cannot keep
// logins. It answers to the errors of package keyring.
type KeyringError struct {
	Err  *keyring.Error // whose hint is for programmers
	Hint string
}

func (e *KeyringError) Error() string {
	return fmt.Sprintf("the keyring cannot be used: %s: %v", e.Err.Op, e.Err.Err)
}

// Unwrap returns the cause.
func (e *KeyringError) Unwrap() error { return e.Err }

// openSealed opens the tokens whose key is in the keyring. Somebody who wants a
// keyring is not served with less, and is not asked to unlock one: a command may
// run where nobody sees the question.
func (f Folder) openSealed(ctx context.Context, o Options) (cache.Store, error) {
	if err := f.checkFolder(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if !o.Make {
		// Looking makes no key.
		if folders, err := f.sealed(); len(folders) == 0 {
			return new(cache.Memory), err
		}
	}
	store, err := keyring.Open(ctx, keyring.Options{
		Name: keyName, Dir: f.path, RequireKeyring: true, Logger: o.Logger,
		KeyFile: filepath.Join(f.path, "unused.key"), // the default would need a home
	})
	var known *keyring.Error
	switch {
	case ctx.Err() != nil:
		return nil, err
	case errors.As(err, &known) && o.Blind:
		return new(cache.Memory), nil
	case errors.As(err, &known):
		return nil, &KeyringError{Err: known, Hint: keyringHint(err)}
	case err != nil:
		return nil, err
	}
	if s, ok := store.(watchable); ok {
		return watched{s, o.SetAside}, nil
	}
	return store, nil
}

func keyringHint(err error) string {
	const other = "use --cache file"
	switch {
	case errors.Is(err, keyring.ErrLocked):
		return "unlock the keyring of your session, or " + other
	case errors.Is(err, keyring.ErrDamaged):
		return fmt.Sprintf("remove the key %q from the keyring and sign in again, or %s", keyName, other)
	case errors.Is(err, keyring.ErrNoKeyring):
		return "sign in to a desktop session, start a Secret Service such as gnome-keyring, or " + other
	}
	return other
}

// sealed lists the folders of sealed files: that of the key, and those of keys
// that were lost.
func (f Folder) sealed() ([]string, error) {
	entries, err := os.ReadDir(f.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &FileError{Op: "list", Path: f.path, Err: bare(err)}
	}
	var folders []string
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), sealedPrefix) {
			folders = append(folders, filepath.Join(f.path, e.Name()))
		}
	}
	return folders, nil
}

// removeSealed removes the sealed files of all keys, for which it needs none.
func (f Folder) removeSealed(ctx context.Context) error {
	folders, err := f.sealed()
	for _, folder := range folders {
		err = errors.Join(err, removeSealedIn(ctx, folder))
	}
	return err
}

func removeSealedIn(ctx context.Context, folder string) error {
	store, err := cache.NewFile(cache.FileOptions{Dir: folder})
	if err != nil {
		return err
	}
	for key, listErr := range store.Keys(ctx, "") {
		if listErr != nil {
			return listErr
		}
		err = errors.Join(err, store.Delete(ctx, key))
	}
	entries, listErr := os.ReadDir(folder)
	if listErr != nil {
		return errors.Join(err, &FileError{Op: "list", Path: folder, Err: bare(listErr)})
	}
	for _, e := range entries {
		if strings.Contains(e.Name(), damagedMark) {
			err = errors.Join(err, Folder{folder}.remove(e.Name()))
		}
	}
	// It stays while another command writes there, which makes it again.
	_ = os.Remove(folder)
	return err
}
