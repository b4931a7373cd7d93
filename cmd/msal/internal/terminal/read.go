package terminal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// ErrTooLong reports input that is larger than it can reasonably be.
var ErrTooLong = errors.New("the input is too long")

// ReadAll reads In to its end, at most limit bytes.
func (s Streams) ReadAll(ctx context.Context, limit int64) ([]byte, error) {
	return within(ctx, func() ([]byte, error) {
		data, err := io.ReadAll(io.LimitReader(s.In, limit+1))
		if err == nil && int64(len(data)) > limit {
			return nil, ErrTooLong
		}
		return data, err
	})
}

// ErrCanceled reports Ctrl-C or Ctrl-D at a prompt.
var ErrCanceled = errors.New("canceled at the prompt")

// ReadSecret reads a secret from In: without echo after a prompt if a person
// types it, else all of the input. One line break at its end is dropped.
func (s Streams) ReadSecret(ctx context.Context, prompt string, limit int64) (string, error) {
	file, isFile := s.In.(*os.File)
	if !s.InTTY || !isFile {
		data, err := s.ReadAll(ctx, limit)
		return string(trimBreak(data)), err
	}
	// The echo goes off before the prompt shows: people and password managers
	// are quick.
	fd := int(file.Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return "", fmt.Errorf("ask for the secret: %w", err)
	}
	line := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{file, s.Err}, "")
	data, err := within(ctx, func() ([]byte, error) {
		text, err := line.ReadPassword(prompt)
		return []byte(text), err
	})
	if errors.Is(err, io.EOF) {
		err = ErrCanceled // a raw terminal sends no signals
	}
	if err != nil {
		fmt.Fprint(s.Err, "\r\n")
	}
	return string(data), errors.Join(err, term.Restore(fd, before))
}

// within runs a read that cannot be interrupted. When ctx ends first the
// goroutine is left behind on purpose: the program is about to end, and a
// blocked read of a terminal ends only with it.
func within(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	type answer struct {
		data []byte
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		data, err := read()
		done <- answer{data, err}
	}()
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case a := <-done:
		return a.data, a.err
	}
}

func trimBreak(data []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))
}
