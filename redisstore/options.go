package redisstore

import (
	"log/slog"
	"time"

	"github.com/msal-go/msal/cache"
	"github.com/redis/go-redis/v9"
)

// Options configures a Store. Client is required, and Cipher or
// InsecurePlainText.
type Options struct {
	// Client speaks to Redis. It stays the caller's, to be closed after the
	// store. Set ContextTimeoutEnabled, so that it gives up when the store
	// does. A *redis.Ring is refused, since its servers know nothing of
	// each other.
	Client redis.UniversalClient

	// Cipher seals the partitions, such as a cache.KeyRing whose keys all nodes
	// have: who can read Redis, its disk or its backups can else use the
	// tokens of everybody.
	Cipher cache.Cipher
	// InsecurePlainText keeps the tokens readable, without a Cipher.
	InsecurePlainText bool

	// Prefix begins every key, and the name of the channel in which changes
	// are announced: 1 to 100 characters of A-Z, a-z, 0-9 and ":._/-". Empty
	// means "msal:". Applications that are to share tokens have the same.
	Prefix string

	// MaxStaleness bounds how long a change by another node can go unnoticed.
	// Normally that is the time that an announcement takes, milliseconds; the
	// bound is for one that gets lost. Zero means 5 seconds. Negative asks
	// Redis every time.
	MaxStaleness time.Duration

	// Timeout bounds each question to Redis with all its repetitions. Zero
	// means 2 seconds.
	Timeout time.Duration
	// Outage says what Load and Keys do while Redis does not answer.
	Outage Outage
	// RetryEvery is how long Redis is left alone after it did not answer. Zero
	// means a second.
	RetryEvery time.Duration

	// Lifetime is how long after its last change Redis keeps a partition that
	// has no expiry of its own, as those with refresh tokens. Zero means 90
	// days, after which Entra's refresh tokens that nobody used have expired.
	// Negative keeps it for ever.
	Lifetime time.Duration
	// MaxValueBytes bounds a partition. Zero means 16 MiB, at most are 512 MiB.
	MaxValueBytes int

	// Logger gets a warning when announcements stop coming in, and when they
	// are back. Nil is silent.
	Logger *slog.Logger
}

// An Outage is what a store does while Redis does not answer. Changes always
// fail: package msal then hands the token out all the same, says so in
// Result.CacheErr and writes it later; and a sign-out that was not written is an
// error.
type Outage int

const (
	// FailClosed: Load and Keys return ErrUnavailable. Package msal goes on
	// with the tokens in its memory, and returns the error where it does not
	// know whether there is one.
	FailClosed Outage = iota
	// FailOpen: Load and Keys answer as if nothing had changed: a partition
	// that the caller does not have counts as absent. Package msal acquires its
	// tokens again, or asks for a sign-in.
	FailOpen
)

const (
	defaultPrefix   = "msal:"
	defaultMaxValue = 16 << 20
	maxValue        = 512 << 20 // of a Redis string
	maxPrefixLen    = 100
)

// complete checks the options and fills in what is zero.
func (o Options) complete() (Options, error) {
	switch _, ring := o.Client.(*redis.Ring); {
	case o.Client == nil:
		return o, &ConfigError{"Client", "give one, such as of redis.NewUniversalClient"}
	case ring:
		return o, &ConfigError{"Client", "a Ring loses partitions when a server fails; use Sentinel or a Cluster"}
	case o.Cipher == nil && !o.InsecurePlainText:
		return o, &ConfigError{"Cipher", "give one, such as a cache.KeyRing, or say InsecurePlainText"}
	case o.Cipher != nil && o.InsecurePlainText:
		return o, &ConfigError{"InsecurePlainText", "there is a Cipher; take one of the two out"}
	case o.MaxValueBytes < 0 || o.MaxValueBytes > maxValue:
		return o, &ConfigError{"MaxValueBytes", "give 1 to 536870912 bytes"}
	case o.Timeout < 0 || o.RetryEvery < 0:
		return o, &ConfigError{"Timeout", "times are positive, or zero for the default"}
	case o.Outage != FailClosed && o.Outage != FailOpen:
		return o, &ConfigError{"Outage", "give FailClosed or FailOpen"}
	case !prefixWorks(o.Prefix):
		return o, &ConfigError{"Prefix", `use up to 100 characters of A-Z, a-z, 0-9 and ":._/-"`}
	}
	orDefault(&o.Prefix, defaultPrefix)
	orDefault(&o.MaxStaleness, 5*time.Second)
	orDefault(&o.Timeout, 2*time.Second)
	orDefault(&o.RetryEvery, time.Second)
	orDefault(&o.Lifetime, 90*24*time.Hour)
	orDefault(&o.MaxValueBytes, defaultMaxValue)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

func orDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// prefixWorks keeps out what means something in a pattern or to a Cluster.
func prefixWorks(prefix string) bool {
	for i := range len(prefix) {
		switch b := prefix[i]; {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9':
		case b == ':', b == '.', b == '_', b == '/', b == '-':
		default:
			return false
		}
	}
	return len(prefix) <= maxPrefixLen
}
