package mint

import (
	"crypto/rand"
	"io"
	"sync"

	"github.com/msal-go/msal/emulator/internal/directory"
)

// Source makes identifiers and opaque handles. It is safe for concurrent use.
type Source struct {
	mu sync.Mutex
	r  io.Reader
}

// NewSource reads from r, or from crypto/rand when r is nil.
func NewSource(r io.Reader) *Source {
	if r == nil {
		r = rand.Reader
	}
	return &Source{r: r}
}

func (s *Source) bytes(n int) []byte {
	b := make([]byte, n)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := io.ReadFull(s.r, b); err != nil {
		// Going on with weaker values would hide it from a test that wants
		// the same values in each run.
		panic("emulator: Config.Random must not end or fail: " + err.Error())
	}
	return b
}

// UUID returns a random UUID of version 4.
func (s *Source) UUID() string {
	b := s.bytes(16)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return directory.FormatID([16]byte(b))
}

// Handle returns an unguessable handle with a prefix that says what it is.
func (s *Source) Handle(prefix string) string { return prefix + b64.EncodeToString(s.bytes(48)) }

// Short returns a 22-character token identifier.
func (s *Source) Short() string { return b64.EncodeToString(s.bytes(16)) }

// userCodeLetters has no vowels, so that no words appear, and no look-alikes.
const userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ23456789"

// UserCode returns nine characters for a person to type.
func (s *Source) UserCode() string {
	b := s.bytes(9)
	for i := range b {
		b[i] = userCodeLetters[int(b[i])%len(userCodeLetters)]
	}
	return string(b)
}
