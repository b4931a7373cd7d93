package cache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/msal-go/msal/cache"
)

func TestAFullDiskIsATypedErrorAndPeopleCanSignOut(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the disk is played by a limit of Linux")
	}
	dir := filepath.Join(t.TempDir(), "store")
	write(t, openFile(t, cache.FileOptions{Dir: dir}), "msal", "one")
	for _, said := range liveAndDie(t, time.Minute, childVariable+"="+dir, workVariable+"=full disk") {
		t.Log(said)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("files were left over: %v, %v", left, err)
	}
}

// useFullDisk is the life of a process on a disk without room.
func useFullDisk(s cache.Store) error {
	ctx := context.Background()
	if err := fillDisk(); err != nil {
		return err
	}
	_, err := s.Update(ctx, "msal", func([]byte) ([]byte, time.Time, error) {
		return bytes.Repeat([]byte("two"), 1000), time.Time{}, nil
	})
	var fileErr *cache.FileError
	if !errors.As(err, &fileErr) || fileErr.Hint == "" || errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("Update = %w; want a *FileError with a hint", err)
	}
	if value, _, err := s.Load(ctx, "msal", ""); err != nil || string(value) != "one" {
		return fmt.Errorf("Load = %q, %w; want what was there", value, err)
	}
	if err := s.Delete(ctx, "msal"); err != nil {
		return fmt.Errorf("Delete = %w; it needs no room", err)
	}
	return nil
}
