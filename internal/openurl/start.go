package openurl

import (
	"context"
	"os/exec"
	"time"
)

// patience is how long a launcher may take to fail. A browser that runs longer
// has opened.
const patience = 2 * time.Second

// start starts a program. It returns an error when the program cannot start or
// ends badly within the time given, and nil as soon as it ends well.
//
// The program outlives the context and this function: it may be the browser
// itself. The goroutine that collects its exit status lives exactly as long,
// so that no zombie is left.
func start(ctx context.Context, wait time.Duration, name string, args ...string) error {
	cmd := exec.Command(name, args...) // no standard input, output or error: ours are not its business
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case err := <-ended:
		return err
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
