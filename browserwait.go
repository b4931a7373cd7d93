package msal

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"github.com/msal-go/msal/internal/loopback"
	"github.com/msal-go/msal/internal/openurl"
)

// openGrace is how long OpenURL and PasteBack may take to notice that the
// sign-in is over.
const openGrace = time.Second

// maxPastes is how often a person may paste something else.
const maxPastes = 10

var (
	errPastes  = errors.New("what was pasted was not the answer, time and again")
	errAborted = errors.New("the person left the sign-in")
)

// waiting is one wait for a person, who may come back in two ways: by the
// browser that was opened, and by pasting the address.
type waiting struct {
	request  InteractiveRequest
	listener *loopback.Listener
	log      *slog.Logger
	hint     string // where the browser may run; may be empty
	stop     context.CancelCauseFunc

	mu     sync.Mutex
	ways   int     // that are left; guarded by mu
	errors []error // of the others; guarded by mu
}

// openAndWait shows the page and waits for the answer, at the same time: whoever
// opens the page may not return before it is closed.
func (c *PublicClient) openAndWait(ctx context.Context, r InteractiveRequest, l *loopback.Listener, page string) (url.Values, error) {
	w := &waiting{request: r, listener: l, log: c.log, ways: 1}
	open := r.OpenURL
	if open == nil {
		browser := openurl.New()
		open, w.hint = browser.Open, elsewhereHint(browser.Elsewhere())
	}
	late := &BrowserTimeoutError{Timeout: r.Timeout, Hint: w.hint}
	if r.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, r.Timeout, late)
		defer cancel()
	}
	ctx, w.stop = context.WithCancelCause(ctx)
	defer w.stop(nil)
	if r.PasteBack != nil {
		w.ways = 2
	}
	first := l.Welcome(page)
	if r.OnBeforeLaunchingUI != nil {
		r.OnBeforeLaunchingUI("browser")
	}
	var tasks sync.WaitGroup
	tasks.Go(func() {
		if err := open(ctx, first); err != nil {
			w.lost(ctx, err)
		}
	})
	if r.PasteBack != nil {
		tasks.Go(func() { w.paste(ctx, page) })
	}
	answer, err := l.Wait(ctx)
	why := context.Cause(ctx)
	w.stop(nil)
	linger(&tasks)
	var told *OpError
	switch {
	case err == nil:
		return answer, nil
	case errors.Is(err, loopback.ErrAborted):
		return nil, &OpError{Op: "wait for the sign-in", Kind: ErrDeclined, Err: errAborted}
	case errors.Is(why, late):
		return nil, late
	case errors.As(why, &told):
		return nil, told
	}
	return nil, &OpError{Op: "wait for the sign-in", Err: err}
}

// linger waits for the tasks to end, for a second at most: what they did is
// visible to the caller then.
func linger(tasks *sync.WaitGroup) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tasks.Wait()
	}()
	patience := time.NewTimer(openGrace)
	defer patience.Stop()
	select {
	case <-ended:
	case <-patience.C:
	}
}

// lost notes that one way back is closed. The wait ends with the last.
func (w *waiting) lost(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return // it ends because the wait does
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errors = append(w.errors, err)
	if w.ways--; w.ways > 0 {
		w.log.LogAttrs(ctx, slog.LevelInfo, "one of the two ways to sign in is closed; waiting for the other", slog.Any("error", err))
		return
	}
	hint := "use the device code flow, or give OpenURL or PasteBack"
	if w.hint != "" {
		hint = w.hint
	}
	failure := &OpError{Op: "open the sign-in page", Kind: ErrNoBrowser, Hint: hint, Err: w.errors[0]}
	if len(w.errors) > 1 {
		failure.Err = errors.Join(w.errors...)
	}
	w.stop(failure)
}

// paste asks the person for the address until it is the right one.
func (w *waiting) paste(ctx context.Context, page string) {
	prompt := PastePrompt{SignInURL: page, RedirectURI: w.listener.RedirectURI()}
	for range maxPastes {
		text, err := w.request.PasteBack(ctx, prompt)
		switch {
		case errors.Is(err, ErrDeclined):
			w.stop(&OpError{Op: "wait for the sign-in", Kind: ErrDeclined, Err: errAborted})
			return
		case err != nil:
			w.lost(ctx, err)
			return
		}
		err = w.listener.Paste(text)
		var bad *loopback.PasteError
		if !errors.As(err, &bad) || ctx.Err() != nil {
			return
		}
		prompt.Problem = bad.Problem
	}
	w.lost(ctx, errPastes)
}

// elsewhereHint says what to do where the browser is not on this machine.
func elsewhereHint(place string) string {
	if place == "" {
		return ""
	}
	return "this program runs in " + place + ", whose localhost the person's browser may not reach: use the device code flow, or give PasteBack"
}
