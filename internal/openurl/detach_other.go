//go:build !unix

package openurl

import "os/exec"

// detach has nothing to do: the launcher of Windows ends at once.
func detach(*exec.Cmd) {}
