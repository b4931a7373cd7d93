package redisstore_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
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

// lateNetwork keeps the commands that write, for whoever delivers them later.
type lateNetwork struct {
	counter
	kept chan []any
}

func (l *lateNetwork) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if strings.HasPrefix(cmd.Name(), "eval") && strings.Contains(fmt.Sprintf("%s", cmd.Args()), "of alice") {
			l.kept <- cmd.Args()
			<-ctx.Done()
			cmd.SetErr(ctx.Err())
			return ctx.Err()
		}
		return next(ctx, cmd)
	}
}

func TestWriteThatArrivesLateBringsNobodyBack(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	admin, c, late := srv.client(t), srv.client(t), &lateNetwork{kept: make(chan []any, 1)}
	plain := func(o *redisstore.Options) { o.Cipher, o.InsecurePlainText = nil, true }
	mustPut(t, open(t, admin), "other", "so that the server knows the script")
	c.AddHook(late)
	_, err := put(t.Context(), open(t, c, plain, brisk), "x", "of alice")
	wantKind(t, err, redisstore.ErrUnavailable)
	s := open(t, admin, plain)
	_, err = s.Update(t.Context(), "x", func(old []byte) ([]byte, time.Time, error) { return nil, time.Time{}, nil })
	if err != nil {
		t.Fatalf("signing out: %v", err)
	}
	if answer, err := admin.Do(t.Context(), <-late.kept...).Int(); answer != 0 || err != nil {
		t.Errorf("the late command gives %d, %v; want that it was not done", answer, err)
	}
	if value, _ := mustLoad(t, s, "x"); value != "" {
		t.Errorf("a late command wrote %q after the user signed out", value)
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
