package terminal

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// frameTime is how long a picture of the spinner stays.
const frameTime = 100 * time.Millisecond

// Progress tells a person who waits what is waited for.
type Progress struct {
	cancel context.CancelFunc
	ended  sync.WaitGroup
}

// Wait shows a spinner with a label on Err until Stop, or until ctx ends. On a
// stream that is no terminal it shows nothing. The label is asked for again
// with every picture, so that it can count down; it must be safe to call from
// another goroutine.
func (s Streams) Wait(ctx context.Context, label func() string) *Progress {
	ctx, cancel := context.WithCancel(ctx)
	p := &Progress{cancel: cancel}
	if s.Live {
		p.ended.Go(func() { s.spin(ctx, label) })
	}
	return p
}

// Stop removes the spinner; the line is free afterwards.
func (p *Progress) Stop() {
	p.cancel()
	p.ended.Wait()
}

const clearLine = "\r\x1b[K"

func (s Streams) spin(ctx context.Context, label func() string) {
	frames := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	ticker := time.NewTicker(frameTime)
	defer ticker.Stop()
	defer fmt.Fprint(s.Err, clearLine)
	for i := 0; ; i++ {
		// Cut, because a line that wraps cannot be cleared.
		fmt.Fprint(s.Err, clearLine, s.ErrStyle.Name(string(frames[i%len(frames)])), " ", s.ErrStyle.Dim(Cut(label(), s.Width-3)))
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Fixed is a label that stays.
func Fixed(text string) func() string { return func() string { return text } }

// Countdown is a label with the time that is left until a moment.
func Countdown(text string, until time.Time, now func() time.Time) func() string {
	return func() string {
		left := max(until.Sub(now()), 0).Round(time.Second)
		return fmt.Sprintf("%s %d:%02d left, Ctrl-C to cancel", text, int(left.Minutes()), int(left.Seconds())%60)
	}
}
