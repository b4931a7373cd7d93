// Command msal acquires, shows and explains tokens of the Microsoft identity
// platform, and runs an emulator of it. It is not affiliated with Microsoft.
//
// Data goes to standard output, words for people to standard error. See
// "msal help" for the commands and exit codes.
package main

import (
	"os"

	"github.com/msal-go/msal/cmd/msal/internal/cli"
)

func main() { os.Exit(cli.Main()) }
