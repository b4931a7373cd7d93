package redisstore_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/msal-go/msal/redisstore"
	"github.com/redis/go-redis/v9"
)

// repeater sends every command twice, as a client does whose answer got lost.
type repeater struct{ counter }

func (*repeater) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if err := next(ctx, cmd); err != nil {
			return err
		}
		return next(ctx, cmd)
	}
}

func TestRepeatedCommandChangesNothingTwice(t *testing.T) {
	t.Parallel()
	c := startServer(t).client(t)
	c.AddHook(&repeater{})
	s := open(t, c)
	runs := 0
	for range 20 {
		_, err := s.Update(t.Context(), "x", func(old []byte) ([]byte, time.Time, error) {
			runs++
			n, _ := strconv.Atoi(string(old)) // absent counts as zero
			return strconv.AppendInt(nil, int64(n+1), 10), time.Time{}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if value, _ := mustLoad(t, s, "x"); value != "20" || runs != 20 {
		t.Errorf("after 20 updates: %q, in %d runs", value, runs)
	}
	if err := s.Delete(t.Context(), "x"); err != nil {
		t.Error(err)
	}
}

func TestClientThatIsClosedFirstIsATypedError(t *testing.T) {
	t.Parallel()
	c := startServer(t).client(t)
	s := open(t, c)
	mustPut(t, s, "x", "one")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	_, _, err := s.Load(t.Context(), "x", "")
	wantKind(t, err, redisstore.ErrClosed)
}
