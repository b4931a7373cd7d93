//go:build !unix

package emulator

import "os/exec"

// group is a program. Its descendants are not known here.
type group struct{ child *exec.Cmd }

func newGroup(child *exec.Cmd, _ bool) group { return group{child} }

// interrupt leaves it to the console, which tells all its programs.
func (group) interrupt() {}

// kill does not report failures: who is gone needs no killing.
func (g group) kill() { _ = g.child.Process.Kill() }

func exitCode(e *exec.ExitError) int { return e.ExitCode() }
