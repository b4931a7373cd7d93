package cache

import (
	"bytes"
	"crypto/sha256"
	"strconv"
	"strings"
	"time"
)

// frameMark begins a file of the store's own folder. Behind it come the time at
// which the partition expires, in nanoseconds since 1970 or 0 for never, a line
// break, and the value as it is.
const frameMark = "msal-partition 1 "

// frameLine bounds the rest of that line.
const frameLine = 32

// frame makes a file's content of a partition.
func frame(value []byte, expires time.Time) []byte {
	var until int64
	if !expires.IsZero() {
		until = max(expires.UnixNano(), 1)
	}
	data := make([]byte, 0, len(frameMark)+21+len(value))
	data = append(data, frameMark...)
	data = strconv.AppendInt(data, until, 10)
	data = append(data, '\n')
	return append(data, value...)
}

// unframe takes the content of a file apart.
func unframe(data []byte) (value []byte, expires time.Time, ok bool) {
	rest, ok := bytes.CutPrefix(data, []byte(frameMark))
	if !ok {
		return nil, time.Time{}, false
	}
	end := bytes.IndexByte(rest[:min(len(rest), frameLine)], '\n')
	if end < 0 {
		return nil, time.Time{}, false
	}
	line, value := rest[:end], rest[end+1:]
	until, err := strconv.ParseInt(string(line), 10, 64)
	if err != nil || until < 0 || len(value) == 0 {
		return nil, time.Time{}, false
	}
	if until > 0 {
		expires = time.Unix(0, until)
	}
	return value, expires, true
}

// stamp tells the states of a file apart, as far as looking at it from outside
// can. The zero stamp is of no file.
type stamp struct {
	id       uint64 // of the file itself; zero where the system does not tell
	modified int64  // nanoseconds since 1970
	size     int64
}

func (s stamp) version() Version {
	var b strings.Builder
	for i, n := range [...]uint64{s.id, uint64(s.modified), uint64(s.size)} {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(strconv.FormatUint(n, 36))
	}
	return Version(b.String())
}

// digestVersion is the version of a file that others write to. What it looks
// like from outside does not tell two of their writes apart.
func digestVersion(data []byte) Version {
	sum := sha256.Sum256(data)
	return Version(sum[:])
}
