package redisstore_test

import (
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/cache/storetest"
	"github.com/msal-go/msal/redisstore"
)

func TestStoreKeepsTheContract(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	c := s.client(t)
	for name, change := range map[string]func(*redisstore.Options){
		"sealed":          func(*redisstore.Options) {},
		"plain text":      func(o *redisstore.Options) { o.Cipher, o.InsecurePlainText = nil, true },
		"asks every time": func(o *redisstore.Options) { o.MaxStaleness = -1 },
		"never expires":   func(o *redisstore.Options) { o.Lifetime = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var n atomic.Int64
			storetest.Test(t, func(t *testing.T) cache.Store {
				return open(t, c, change, func(o *redisstore.Options) {
					o.Prefix = strings.ReplaceAll(name, " ", "-") + ":" + strconv.FormatInt(n.Add(1), 10) + ":"
				})
			})
		})
	}
}

func TestTimeToLiveFollowsTheExpiry(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	c := srv.client(t)
	s := open(t, c, func(o *redisstore.Options) { o.Lifetime = 48 * time.Hour })
	hour := time.Now().Add(time.Hour)
	if _, err := s.Update(t.Context(), "app", func([]byte) ([]byte, time.Time, error) { return []byte("x"), hour, nil }); err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, "user", "x")
	for key, want := range map[string]time.Duration{"msal:app": time.Hour, "msal:user": 48 * time.Hour} {
		if ttl := c.PTTL(t.Context(), key).Val(); ttl > want+time.Second || ttl < want-time.Minute {
			t.Errorf("%s lives for %v; want %v", key, ttl, want)
		}
	}
	brief := open(t, c, func(o *redisstore.Options) { o.Lifetime = time.Microsecond })
	mustPut(t, brief, "brief", "x")
	if ttl := c.PTTL(t.Context(), "msal:brief").Val(); ttl == -1 {
		t.Error("a partition with a Lifetime of a microsecond lives for ever")
	}
	forever := open(t, c, func(o *redisstore.Options) { o.Lifetime = -1 })
	mustPut(t, forever, "user", "y")
	if ttl := c.PTTL(t.Context(), "msal:user").Val(); ttl != -1 {
		t.Errorf("the partition lives for %v; want for ever", ttl)
	}
}
