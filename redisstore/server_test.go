package redisstore_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/redisstore"
	"github.com/redis/go-redis/v9"
)

// patience bounds waiting for another process.
const patience = 30 * time.Second

const password = "correct-horse"

// program finds redis-server. "./test.sh --install" installs it; tests skip
// without it, but never with CI=true.
func program(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	switch {
	case err == nil:
		return path
	case os.Getenv("CI") == "true":
		t.Fatalf("redis-server is missing: %v", err)
	default:
		t.Skipf("redis-server is missing: %v; ./test.sh --install installs it", err)
	}
	return ""
}

// A server is a redis-server of this test's own.
type server struct {
	path   string
	dir    string
	socket string
	args   []string

	mu  sync.Mutex
	cmd *exec.Cmd
	log bytes.Buffer
}

// startServer starts a server with a password at a Unix socket, and with more
// arguments. It ends with the test.
func startServer(t testing.TB, args ...string) *server {
	t.Helper()
	path := program(t)
	dir, err := os.MkdirTemp("", "redis-") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &server{path: path, dir: dir, socket: filepath.Join(dir, "s")}
	s.args = append([]string{
		"--port", "0", "--unixsocket", s.socket, "--unixsocketperm", "700", "--requirepass", password, "--masterauth", password,
		"--save", "", "--dir", dir, "--enable-debug-command", "yes",
	}, args...)
	s.start(t)
	t.Cleanup(s.kill)
	return s
}

// durable are the arguments of a server that loses nothing that it acknowledged.
func durable() []string {
	return []string{"--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"}
}

func (s *server) start(t testing.TB) {
	t.Helper()
	s.startWith(t, func() redis.UniversalClient { return s.client(t) })
}

// startWith waits until a client reaches the server.
func (s *server) startWith(t testing.TB, client func() redis.UniversalClient) {
	t.Helper()
	s.mu.Lock()
	s.cmd = exec.Command(s.path, s.args...)
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.dir, &s.log, &s.log
	err := s.cmd.Start()
	s.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	c := client()
	eventually(t, "redis-server to start", func() bool { return c.Ping(t.Context()).Err() == nil })
}

// kill ends the server as a power failure does.
func (s *server) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait() // it was killed
		s.cmd = nil
	}
}

// client is a client at the Unix socket.
func (s *server) client(t testing.TB) redis.UniversalClient {
	t.Helper()
	return newClient(t, &redis.UniversalOptions{Addrs: []string{s.socket}})
}

func newClient(t testing.TB, o *redis.UniversalOptions) redis.UniversalClient {
	t.Helper()
	o.Password, o.ContextTimeoutEnabled = password, true
	c := redis.NewUniversalClient(o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// eventually waits for another process.
func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !f(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// ring seals for all stores of a test.
func ring(t testing.TB) *cache.KeyRing {
	t.Helper()
	r, err := cache.NewKeyRing(bytes.Repeat([]byte{7}, cache.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// open returns a store that seals, unless change says otherwise. It is closed
// before its client.
func open(t testing.TB, c redis.UniversalClient, change ...func(*redisstore.Options)) *redisstore.Store {
	t.Helper()
	o := redisstore.Options{Client: c, Cipher: ring(t)}
	for _, f := range change {
		f(&o)
	}
	s, err := redisstore.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// put writes a value that is kept.
func put(ctx context.Context, s cache.Store, key, value string) (cache.Version, error) {
	return s.Update(ctx, key, func([]byte) ([]byte, time.Time, error) { return []byte(value), time.Time{}, nil })
}

func mustPut(t testing.TB, s cache.Store, key, value string) cache.Version {
	t.Helper()
	v, err := put(t.Context(), s, key, value)
	if err != nil {
		t.Fatalf("Update: %v", err)
	}
	return v
}

func mustLoad(t testing.TB, s cache.Store, key string) (string, cache.Version) {
	t.Helper()
	value, v, err := s.Load(t.Context(), key, "")
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return string(value), v
}

// wantKind checks that an error is typed and says what it should.
func wantKind(t testing.TB, err, kind error) {
	t.Helper()
	var typed *redisstore.Error
	if !errors.As(err, &typed) || !errors.Is(err, kind) {
		t.Errorf("the error is %v; want a *redisstore.Error that is %q", err, kind)
	}
}

// freePorts are ports that nobody listens on. They are below those that systems
// give to connections and to listeners at port 0, who would take them before the
// server starts, or while it is down.
func freePorts(t testing.TB, n int) []string {
	t.Helper()
	var ports []string
	for try := 0; len(ports) < n; try++ {
		port := strconv.Itoa(10_000 + rand.IntN(20_000))
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err == nil {
			defer l.Close() // all of them are different
			ports = append(ports, port)
		} else if try > 1000 {
			t.Fatal(err)
		}
	}
	return ports
}
