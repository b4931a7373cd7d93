package msal_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// readTokens fills a cache from a file; one that does not exist is empty.
func readTokens(path string) (*msal.TokenCache, error) {
	tokens := msal.NewTokenCache(msal.CacheOptions{})
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return tokens, nil
	}
	if err != nil {
		return nil, err
	}
	return tokens, tokens.Unmarshal(data)
}

// writeTokens writes a cache that has changed. A reader finds the file as it was
// or as it is now, never a part of it, also after a crash.
func writeTokens(path string, tokens *msal.TokenCache) error {
	if !tokens.Changed() {
		return nil
	}
	data, err := tokens.Marshal()
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".tokens-*") // only its owner can read it (0600)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone by then, if all went well
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// A program that runs often and briefly keeps its tokens in a file. Linux wipes
// XDG_RUNTIME_DIR at logout. Programs that run at the same time would overwrite
// each other's tokens in the file; they need a Store (package cache).
func ExampleTokenCache_Changed() {
	dir, err := os.MkdirTemp("", "runtime-") // in a program: os.Getenv("XDG_RUNTIME_DIR")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "demo-tokens.json")
	_, client := platform()
	for range 2 { // two runs of the program
		tokens, err := readTokens(path)
		if err != nil {
			log.Fatal(err)
		}
		svc, err := msal.NewConfidentialClient(emulator.DaemonClientID, msal.Secret(emulator.DaemonSecret), msal.Options{
			Authority:  "https://login.microsoftonline.com/" + emulator.DefaultTenantID,
			HTTPClient: client,
			Cache:      tokens,
		})
		if err != nil {
			log.Fatal(err)
		}
		res, err := svc.AcquireTokenForClient(context.Background(), msal.ForClientRequest{Scopes: []string{"api://tasks/.default"}})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("from", res.Source, "- to be written:", tokens.Changed())
		if err := writeTokens(path, tokens); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// from identity_provider - to be written: true
	// from cache - to be written: false
}
