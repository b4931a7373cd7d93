package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// A FileError reports a file or folder of a File store that cannot be used. It
// answers errors.Is for the errors of package io/fs, ErrNotPlain, ErrTooLarge
// and ErrLocked.
type FileError struct {
	Op   string // what was tried
	Path string // of what; never a secret
	Hint string // what to do
	Err  error
}

func (e *FileError) Error() string {
	text := "cache: " + e.Op
	if e.Path != "" {
		text += " " + e.Path
	}
	text = fmt.Sprintf("%s: %v", text, e.Err)
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// What makes a file unusable.
var (
	// ErrNotPlain: a link or a device is where a file or folder should be.
	ErrNotPlain = errors.New("it is not a plain file or folder")
	// ErrTooLarge: the file cannot be a partition.
	ErrTooLarge = errors.New("it is larger than any token cache")
	// ErrLocked: another process held the lock for longer than one that works.
	ErrLocked = errors.New("another process does not give up the lock")

	errNoPath  = errors.New("there is no path")
	errForeign = errors.New("it belongs to somebody else")
	errForced  = errors.New("others can write into the folder")
)

const hintFolder = "is the disk full, or the folder somebody else's?"

// bare drops the path from an error of package os, as FileError has it.
func bare(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		return link.Err
	}
	return err
}
