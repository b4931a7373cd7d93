// Package loginstate keeps what "msal login" got between two invocations: the
// token cache of public clients, and which login was the last.
//
// The tokens are in tokens.json, the plain JSON of the MSAL family, so that
// other tools can read them and may write them too: under the lock of MSAL
// Extensions, beside the file; or, for who wants it, in sealed files, whose key is
// in the keyring of the operating system. Commands that run at the same time lose nothing
// of each other's. All files are for their owner alone and replaced as a whole.
// Tokens of applications are never kept.
package loginstate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// maxSize bounds the file of the login, in bytes.
const maxSize = 1 << 20

const (
	tokensFile = "tokens.json"
	loginFile  = "login.json"
	// sealedLoginFile is the last login among those under the keyring, which
	// does not stand in for that of the others.
	sealedLoginFile = "login-keyring.json"
	// damagedMark is behind the name of a file that was set aside, as in
	// cache.File.
	damagedMark = ".damaged-"
)

// FileError reports a file or folder that cannot be used. It answers to the
// errors of package fs.
type FileError struct {
	Op   string
	Path string
	Hint string
	Err  error
}

func (e *FileError) Error() string { return fmt.Sprintf("%s %s: %v", e.Op, e.Path, e.Err) }

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// What makes a file unusable.
var (
	ErrNotRegular = errors.New("it is a link or a device, not a plain file")
	ErrNotFolder  = errors.New("it is a link or a file, not a folder")
	ErrTooLarge   = errors.New("it is too large to be what it should be")
)

// errDamaged: the file is not what it should be.
var errDamaged = errors.New("it is damaged")

// Folder is where the files are.
type Folder struct{ path string }

// In returns the folder of this program in a folder for caches, such as
// os.UserCacheDir's.
func In(cacheDir string) Folder { return Folder{filepath.Join(cacheDir, "msal")} }

// Apart returns a folder inside this one, for logins that must not mix with
// those here.
func (f Folder) Apart(name string) Folder { return Folder{filepath.Join(f.path, name)} }

// TokensPath names the file with the tokens.
func (f Folder) TokensPath() string { return filepath.Join(f.path, tokensFile) }

// Login is the last login, as the default for the commands after it.
type Login struct {
	ClientID  string `json:"client_id"`
	Authority string `json:"authority"`
	// Discovery is how the authority's host was checked: "auto" or "off".
	Discovery     string `json:"instance_discovery,omitempty"`
	HomeAccountID string `json:"home_account_id"`
}

// lastLogin returns the last login; zero if there is none.
func (f Folder) lastLogin(file string) (Login, error) {
	data, err := f.read(file)
	if err != nil || data == nil {
		return Login{}, err
	}
	var l Login
	if err := json.Unmarshal(data, &l); err != nil {
		return Login{}, errDamaged
	}
	return l, nil
}

func (f Folder) saveLogin(file string, l Login) error {
	data, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the login: %w", err)
	}
	return f.write(file, append(data, '\n'))
}

func (f Folder) remove(name string) error {
	path := filepath.Join(f.path, name)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &FileError{Op: "remove", Path: path, Err: bare(err)}
	}
	return nil
}

// abandonedAfter is the age at which a file that was to replace another counts as
// left over from a process that died.
const abandonedAfter = time.Minute

// removeRest removes what was set aside, and what dead processes left: files by
// the beginnings of their names.
func (f Folder) removeRest(aside, abandoned []string) error {
	entries, err := os.ReadDir(f.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &FileError{Op: "list", Path: f.path, Err: bare(err)}
	}
	err = nil
	for _, e := range entries {
		name := e.Name()
		begins := func(with string) bool { return strings.HasPrefix(name, with) }
		isDamaged, isNew := slices.ContainsFunc(aside, begins), slices.ContainsFunc(abandoned, begins)
		if info, infoErr := e.Info(); isDamaged || isNew && infoErr == nil && time.Since(info.ModTime()) > abandonedAfter {
			err = errors.Join(err, f.remove(name))
		}
	}
	return err
}

// read returns a file of this folder, or nil if there is none.
func (f Folder) read(name string) ([]byte, error) {
	path := filepath.Join(f.path, name)
	fail := func(err error) error {
		return &FileError{Op: "read", Path: path, Hint: "look at what is there; msal logout --all removes it", Err: bare(err)}
	}
	if err := f.checkFolder(); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fail(err)
	case !info.Mode().IsRegular():
		return nil, fail(ErrNotRegular)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fail(err)
	}
	defer file.Close()
	// What was opened must be what was looked at.
	if opened, err := file.Stat(); err != nil || !os.SameFile(info, opened) {
		return nil, fail(errors.Join(err, ErrNotRegular))
	}
	data, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err != nil {
		return nil, fail(err)
	}
	if len(data) > maxSize {
		return nil, fail(ErrTooLarge)
	}
	return data, nil
}

// write replaces a file by one that only the owner can read.
func (f Folder) write(name string, data []byte) (err error) {
	path := filepath.Join(f.path, name)
	fail := func(err error) error {
		return &FileError{Op: "write", Path: path, Hint: "is the disk full, or the folder somebody else's?", Err: bare(err)}
	}
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		return fail(err)
	}
	if err := f.checkFolder(); err != nil {
		return err
	}
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return fail(ErrNotRegular)
	}
	temp, err := os.CreateTemp(f.path, name+".*") // 0600
	if err != nil {
		return fail(err)
	}
	defer func() {
		if err != nil {
			temp.Close()
			os.Remove(temp.Name())
		}
	}()
	if _, err = temp.Write(data); err != nil {
		return fail(err)
	}
	if err = temp.Sync(); err != nil {
		return fail(err)
	}
	if err = temp.Close(); err != nil {
		return fail(err)
	}
	if err = os.Rename(temp.Name(), path); err != nil {
		return fail(err)
	}
	return nil
}

// checkFolder refuses a folder that is not ours alone.
func (f Folder) checkFolder() error {
	info, err := os.Lstat(f.path)
	if err != nil {
		return &FileError{Op: "open", Path: f.path, Err: bare(err)}
	}
	if !info.IsDir() {
		return &FileError{Op: "open", Path: f.path, Hint: "remove it", Err: ErrNotFolder}
	}
	return tighten(f.path, info)
}

// bare drops the path from an error of package os: FileError has it.
func bare(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
