package msal_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// A program that runs often and briefly keeps what the service said last time in
// a file, so that it leaves a service alone that asked for it. What cannot be
// read does not matter: the file is written anew.
func ExampleHTTPCache() {
	dir, err := os.MkdirTemp("", "cache-") // in a program: os.UserCacheDir and the program's name
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "http-cache.json")
	if err := os.WriteFile(path, []byte("half a fi"), 0o600); err != nil { // an accident
		log.Fatal(err)
	}

	memory := new(msal.HTTPCache)
	if data, err := os.ReadFile(path); err == nil {
		if err := memory.Unmarshal(data); err != nil {
			fmt.Println("starting afresh")
		}
	}
	app, err := msal.NewPublicClient(emulator.DesktopClientID, msal.Options{HTTPCache: memory})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(app)
	data, err := memory.Marshal()
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil { // a crash here costs a few requests
		log.Fatal(err)
	}
	// Output:
	// starting afresh
	// client aaaaaaaa-0000-4000-8000-000000000001 of https://login.microsoftonline.com/common
}
