package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxAnswer bounds what somebody types at a question, in bytes.
const maxAnswer = 1024

// Confirm asks a question on Err and reads a line from In. Only y and yes agree.
// The end of the input is ErrCanceled.
func (s Streams) Confirm(ctx context.Context, question string) (bool, error) {
	fmt.Fprintf(s.Err, "%s [y/N] ", question)
	data, err := within(ctx, s.readLine)
	if err != nil {
		fmt.Fprintln(s.Err)
		return false, err
	}
	answer := strings.ToLower(strings.TrimSpace(string(data)))
	return answer == "y" || answer == "yes", nil
}

// readLine reads byte by byte: what is behind the line is for others.
func (s Streams) readLine() ([]byte, error) {
	var line []byte
	for b := make([]byte, 1); len(line) < maxAnswer; {
		n, err := s.In.Read(b)
		if n > 0 {
			if b[0] == '\n' {
				return line, nil
			}
			line = append(line, b[0])
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil, ErrCanceled
		case err != nil:
			return nil, fmt.Errorf("read the answer: %w", err)
		}
	}
	return nil, ErrTooLong
}
