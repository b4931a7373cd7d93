//go:build unix

package emulator

import (
	"os/exec"
	"syscall"
)

// group is the process group of a program and its descendants.
type group struct {
	child *exec.Cmd
	own   bool // the program leads a group of its own
}

// newGroup prepares a program that has not been started. With a terminal it
// stays in our group, because only the terminal's foreground group may read
// from it; the terminal then sends Ctrl-C to all of us.
func newGroup(child *exec.Cmd, terminal bool) group {
	if !terminal {
		child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	}
	return group{child, !terminal}
}

func (g group) interrupt() { g.signal(syscall.SIGINT) }

func (g group) kill() { g.signal(syscall.SIGKILL) }

// signal does not report failures: who is gone needs no signal.
func (g group) signal(s syscall.Signal) {
	if g.own {
		_ = syscall.Kill(-g.child.Process.Pid, s)
		return
	}
	_ = g.child.Process.Signal(s)
}

// exitCode is the program's, or as shells have it, 128 and the signal.
func exitCode(e *exec.ExitError) int {
	if s, ok := e.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return 128 + int(s.Signal())
	}
	return e.ExitCode()
}
