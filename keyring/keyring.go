package keyring

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/msal-go/msal/cache"
)

// Options configures Open. Name is required.
type Options struct {
	// Name says whose tokens these are: 1 to 200 characters of a-z, 0-9, dot,
	// underscore and hyphen. Programs of one person that give the same name
	// share their tokens.
	Name string
	// Dir is the folder of the sealed files. The default is a folder called
	// Name in os.UserCacheDir.
	Dir string
	// KeyFile holds the key where no keyring can. It is made when it is needed.
	// The default is token-cache.key, in a folder called Name in
	// os.UserConfigDir.
	KeyFile string
	// RequireKeyring makes it an error when there is no keyring, instead of
	// using KeyFile.
	RequireKeyring bool
	// AllowPrompt lets the system ask the person to unlock the keyring; then
	// only the context ends the wait. Otherwise a locked keyring counts as none.
	AllowPrompt bool
	// Logger gets one warning when KeyFile is used in place of the keyring, and
	// those of the files. Nil is silent.
	Logger *slog.Logger
}

// Open returns a store whose key the keyring of the person keeps: a key of AES-256
// that is made at the first use. See cache.Encrypted and cache.File for what the
// store does; it implements cache.Lister and cache.SetAsider.
//
// Without a keyring (no session bus, locked, no answer) the key is in KeyFile.
// The tokens of the two ways are apart, and so are those of a key that was lost
// and made anew: what one cannot open does not stand in the way of the other.
// The store that Open returns does not look at the keyring again.
//
// Errors are *Error, *cache.FileError, *cache.KeyError or the context's.
func Open(ctx context.Context, o Options) (cache.Store, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	keys, err := keyringKeys(ctx, o)
	switch {
	case err == nil:
		ring, err := cache.NewKeyRing(keys...)
		if err != nil {
			return nil, err
		}
		return sealed(filepath.Join(o.Dir, "keyring-"+folderID(keys)), ring, o.Logger)
	case ctx.Err() != nil, o.RequireKeyring, !unavailable(err):
		return nil, err
	}
	o.Logger.LogAttrs(ctx, slog.LevelWarn, "the keyring cannot be used; tokens are sealed with a key in a file", slog.String("file", o.KeyFile), slog.Any("reason", err))
	ring, err := cache.OpenKeyFile(ctx, o.KeyFile)
	if err != nil {
		return nil, err
	}
	return sealed(filepath.Join(o.Dir, "keyfile"), ring, o.Logger)
}

// unavailable says whether a keyring cannot be used in this session, rather than
// that something is wrong with what it holds or with the folder. The caller's own
// context has not ended: a deadline is that of a keyring which does not answer.
func unavailable(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrNoKeyring) || errors.Is(err, ErrLocked) || errors.Is(err, ErrDismissed) || errors.Is(err, ErrUnsupported)
}

// complete fills in the defaults.
func (o Options) complete() (Options, error) {
	if err := cache.CheckKey(o.Name); err != nil {
		return o, &Error{Op: "open the store", Hint: "Name is to be of a-z, 0-9, '.', '_' and '-'", Err: err}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	var err error
	o.Dir, err = orIn(o.Dir, os.UserCacheDir, o.Name)
	if err == nil {
		o.KeyFile, err = orIn(o.KeyFile, os.UserConfigDir, o.Name, "token-cache.key")
	}
	if err != nil {
		return o, &Error{Op: "open the store", Hint: "give Dir and KeyFile", Err: err}
	}
	return o, nil
}

func orIn(path string, parent func() (string, error), names ...string) (string, error) {
	if path != "" {
		return path, nil
	}
	dir, err := parent()
	if err != nil {
		return "", err
	}
	return filepath.Join(append([]string{dir}, names...)...), nil
}

func sealed(dir string, ring *cache.KeyRing, log *slog.Logger) (cache.Store, error) {
	file, err := cache.NewFile(cache.FileOptions{Dir: dir, Logger: log})
	if err != nil {
		return nil, err
	}
	return cache.Encrypted(file, ring), nil
}

// keyringKeys returns the keys in the keyring, the newest first. It puts one
// there if there is none.
func keyringKeys(ctx context.Context, o Options) ([][]byte, error) {
	vault, err := openVault(o)
	if err != nil {
		return nil, err
	}
	text, _, err := vault.Load(ctx, partition, "")
	if err == nil && len(text) == 0 {
		_, err = vault.Update(ctx, partition, func(old []byte) ([]byte, time.Time, error) {
			if text = old; len(old) > 0 {
				return old, time.Time{}, nil
			}
			key := make([]byte, cache.KeySize)
			if _, err := rand.Read(key); err != nil {
				return nil, time.Time{}, fmt.Errorf("keyring: draw a key: %w", err)
			}
			text = base64.StdEncoding.AppendEncode(nil, key)
			return bytes.Clone(text), time.Time{}, nil
		})
	}
	if err != nil {
		return nil, err
	}
	return parseKeys(text)
}

// parseKeys reads lines of keys in base64, as they are in a key file too.
func parseKeys(text []byte) ([][]byte, error) {
	var keys [][]byte
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		key, err := base64.StdEncoding.AppendDecode(nil, line)
		if err != nil || len(key) != cache.KeySize {
			return nil, &Error{Op: "read the key", Hint: "it is not as it was written; remove it from the keyring to have a new one made, and sign in again", Err: ErrDamaged}
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, &Error{Op: "read the key", Hint: "remove it from the keyring to have a new one made", Err: ErrDamaged}
	}
	return keys, nil
}

// folderID tells the folders of keys apart that do not open each other's files.
// It stays when a key is put in front of the others.
func folderID(keys [][]byte) string {
	sum := sha256.Sum256(append([]byte("msal keyring folder\n"), keys[len(keys)-1]...))
	return hex.EncodeToString(sum[:8])
}
