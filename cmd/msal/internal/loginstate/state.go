package loginstate

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/internal/schema"
)

// family is the partition that public clients share, and with it the one that
// is the family's file.
const family = "msal"

// Options say how a State is opened.
type Options struct {
	Kind   Kind         // zero: Auto
	Logger *slog.Logger // nil: silent
	// SetAside is told where a damaged file is now. It is required.
	SetAside func(where string)
	// Make makes the folder. Without it, a folder that is not there is an empty
	// one.
	Make bool
	// Blind opens the Keyring even if there is none, with no tokens to be seen:
	// for Forget.
	Blind bool
}

// A State is the logins of a folder, or of this process alone.
type State struct {
	folder Folder
	kind   Kind // not Auto
	store  cache.Store
	o      Options
}

// Open opens the logins of a folder. This is the one place that knows which
// stores there are: a new Kind becomes a case here.
//
// Auto is the file, also where there is a keyring: other tools read it, and a
// login is there for every session of the person, such as one over SSH or a job
// of cron, which the keyring is not.
func (f Folder) Open(ctx context.Context, o Options) (*State, error) {
	s := &State{folder: f, kind: o.Kind, o: o}
	var err error
	switch s.kind {
	case Auto, File, "":
		s.kind = File
		s.store, err = f.openFile(o)
	case Memory:
		s.store = new(cache.Memory)
	case Keyring:
		s.store, err = f.openSealed(ctx, o)
	default:
		err = unknownKind(string(s.kind))
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (f Folder) openFile(o Options) (cache.Store, error) {
	switch err := f.checkFolder(); {
	case errors.Is(err, fs.ErrNotExist) && !o.Make:
		return new(cache.Memory), nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	store, err := cache.NewFile(cache.FileOptions{Dir: f.path, Shared: map[string]string{family: f.TokensPath()}, Logger: o.Logger})
	if err != nil {
		return nil, err
	}
	return watched{store, o.SetAside}, nil
}

// watchable is what the stores here can do. The searches of a TokenCache need
// the list.
type watchable interface {
	cache.Store
	cache.Lister
	cache.SetAsider
}

// watched is a store that tells the person about damage.
type watched struct {
	watchable
	tell func(where string)
}

func (w watched) SetAside(ctx context.Context, key string, value []byte) (string, error) {
	where, err := w.watchable.SetAside(ctx, key, value)
	if where != "" {
		w.tell(where)
	}
	return where, err
}

// Unwritable reports whether an error of Open says that there can be no folder,
// such as in a home that is read-only.
func Unwritable(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.ENOTDIR)
}

// Kind says where the logins are: File, Memory or Keyring.
func (s *State) Kind() Kind { return s.kind }

// Path names the file with the tokens, or the folder with the sealed ones; empty
// if there is none.
func (s *State) Path() string {
	switch s.kind {
	case File:
		return s.folder.TokensPath()
	case Keyring:
		return s.folder.path
	}
	return ""
}

func (s *State) loginFile() string {
	if s.kind == Keyring {
		return sealedLoginFile
	}
	return loginFile
}

// TokenCache is a new cache over the tokens.
func (s *State) TokenCache() *msal.TokenCache {
	return msal.NewTokenCache(msal.CacheOptions{Store: s.store, Logger: s.o.Logger})
}

// LastLogin returns the last login; zero if there is none. A damaged file of it
// is set aside.
func (s *State) LastLogin() (Login, error) {
	l, err := s.folder.lastLogin(s.loginFile())
	if s.kind == Memory && err != nil {
		return Login{}, nil // it is a convenience, and the folder is none of our business
	}
	if !errors.Is(err, errDamaged) {
		return l, err
	}
	path := filepath.Join(s.folder.path, s.loginFile())
	aside := path + time.Now().UTC().Format(damagedMark+"20060102T150405.000000000Z")
	if err := os.Rename(path, aside); err != nil {
		return Login{}, &FileError{Op: "set aside", Path: path, Hint: "msal logout --all removes it", Err: bare(err)}
	}
	s.o.SetAside(aside)
	return Login{}, nil
}

// SaveLogin remembers a login, where logins are kept at all.
func (s *State) SaveLogin(l Login) error {
	if s.kind == Memory {
		return nil
	}
	return s.folder.saveLogin(s.loginFile(), l)
}

// ForgetLogin removes the memory of the last login.
func (s *State) ForgetLogin() error {
	if s.kind == Memory {
		return nil
	}
	return s.folder.remove(s.loginFile())
}

// Forget removes everything that is of its kind: tokens, the memory of the last
// login, what was set aside, and what processes that died left behind. The key
// stays in the keyring. It is no error that nothing is there.
func (s *State) Forget(ctx context.Context) error {
	err := errors.Join(s.store.Delete(ctx, family), s.ForgetLogin())
	if s.kind == Memory {
		return err
	}
	login := s.loginFile()
	if s.kind == Keyring {
		return errors.Join(err, s.folder.removeSealed(ctx), s.folder.removeRest([]string{login + damagedMark}, []string{login + "."}))
	}
	return errors.Join(err, s.folder.removeRest([]string{tokensFile + damagedMark, login + damagedMark}, []string{"." + tokensFile + ".", login + "."}))
}

// change rewrites the tokens while no other process does. f may run more than
// once. A damaged file is set aside first.
func (s *State) change(ctx context.Context, f func(*schema.Document)) error {
	for {
		var found []byte
		_, err := s.store.Update(ctx, family, func(old []byte) ([]byte, time.Time, error) {
			found = old
			d, err := schema.Parse(old)
			if err != nil {
				return nil, time.Time{}, err
			}
			f(d)
			if d.Empty() {
				return nil, time.Time{}, nil
			}
			return d.Marshal(), time.Time{}, nil
		})
		var damaged *schema.FormatError
		asider, ok := s.store.(cache.SetAsider)
		if !errors.As(err, &damaged) || !ok {
			return err
		}
		if _, err := asider.SetAside(ctx, family, found); err != nil {
			return err
		}
	}
}
