package redisstore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/redisstore"
	"github.com/redis/go-redis/v9"
)

// Processes sign in, refresh and remove, say what they did, and are killed
// whenever it pleases. A fresh process must find what they said.
//
//	try USER SCOPE          from now on a newer token may be there
//	has USER SCOPE TOKEN    acknowledged
//	drop USER               from now on the user may be gone
//	dropped USER            acknowledged

const (
	lifeVariable   = "MSAL_TEST_LIFE"   // "live" or "tell": this process is one of them
	socketVariable = "MSAL_TEST_SOCKET" // of the server
	issuerVariable = "MSAL_TEST_ISSUER" // its key
	nameVariable   = "MSAL_TEST_NAME"   // of the process
	killsVariable  = "MSAL_KILLS"       // how many; the default is for every day
)

func TestMain(m *testing.M) {
	life := map[string]func(*killable) error{"live": (*killable).live, "tell": (*killable).tell}[os.Getenv(lifeVariable)]
	if life == nil {
		os.Exit(m.Run())
	}
	k, err := newKillable()
	if err == nil {
		err = life(k)
	}
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

// killable is one of the processes.
type killable struct {
	issuer *issuer
	svc    *msal.ConfidentialClient
}

func newKillable() (*killable, error) {
	is, err := newIssuer(os.Getenv(issuerVariable))
	if err != nil {
		return nil, err
	}
	c := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{os.Getenv(socketVariable)}, Password: password, ContextTimeoutEnabled: true})
	keys, err := cache.NewKeyRing(make([]byte, cache.KeySize))
	if err != nil {
		return nil, err
	}
	store, err := redisstore.New(redisstore.Options{Client: c, Cipher: keys, Timeout: patience})
	if err != nil {
		return nil, err
	}
	svc, err := msal.NewConfidentialClient(issuerClient, msal.Secret("secret"), msal.Options{
		Authority:  issuerHost + issuerTenant,
		Metadata:   msal.AuthorityMetadata{OpenIDConfiguration: is.openIDConfiguration()},
		HTTPClient: &http.Client{Transport: is},
		Cache:      msal.NewTokenCache(msal.CacheOptions{Store: store}),
	})
	return &killable{is, svc}, err
}

func account(user string) msal.Account { return msal.Account{HomeAccountID: user + "." + issuerTenant} }

// live does what users do, for ever.
func (k *killable) live() error {
	name, users := os.Getenv(nameVariable), map[string]string{}
	number, err := strconv.Atoi(strings.TrimPrefix(name, "p"))
	if err != nil {
		return err
	}
	const generation = 50 // processes that share users, so that partitions stay small
	for i := 0; ; i++ {
		scope, user := fmt.Sprintf("api://%s/%d", name, i), fmt.Sprintf("u%d-%d", number/generation, rand.IntN(5))
		var err error
		switch dice := rand.IntN(10); {
		case dice == 0:
			err = k.comeAndGo(fmt.Sprintf("%s-%d", name, i), scope)
		case dice < 5 && len(users) > 0:
			for old, user := range users { // any
				err = k.acquire(user, old, func() (msal.Result, error) {
					return k.svc.AcquireTokenSilent(context.Background(), msal.SilentRequest{Account: account(user), Scopes: []string{old}, ForceRefresh: true})
				})
				break
			}
		default:
			err = k.signIn(user, scope)
			users[scope] = user
		}
		if err != nil {
			return err
		}
	}
}

func (k *killable) acquire(user, scope string, f func() (msal.Result, error)) error {
	fmt.Println("try", user, scope)
	res, err := f()
	if err = errors.Join(err, res.CacheErr); err == nil {
		fmt.Println("has", user, scope, res.AccessToken)
	}
	return err
}

func (k *killable) signIn(user, scope string) error {
	return k.acquire(user, scope, func() (msal.Result, error) {
		return k.svc.AcquireTokenByRefreshToken(context.Background(), msal.RefreshTokenRequest{RefreshToken: k.issuer.token(user, ""), Scopes: []string{scope}})
	})
}

// comeAndGo is a user whom no other process knows.
func (k *killable) comeAndGo(user, scope string) error {
	if err := k.signIn(user, scope); err != nil {
		return err
	}
	fmt.Println("drop", user)
	err := k.svc.RemoveAccount(context.Background(), msal.RemoveAccountRequest{Account: account(user)})
	if err == nil {
		fmt.Println("dropped", user)
	}
	return err
}

// tell prints the token of each user and scope that comes in, or "none".
func (k *killable) tell() error {
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		user, scope, _ := strings.Cut(in.Text(), " ")
		res, err := k.svc.AcquireTokenSilent(context.Background(), msal.SilentRequest{Account: account(user), Scopes: []string{scope}})
		switch {
		case errors.Is(err, msal.ErrNoToken):
			fmt.Println(user, scope, "none")
		case err != nil:
			return err
		case res.Source != msal.FromCache:
			fmt.Println(user, scope, "lost") // only its refresh token is there
		default:
			fmt.Println(user, scope, res.AccessToken)
		}
	}
	return nil
}

// ledger is what the processes said.
type ledger struct {
	mu      sync.Mutex
	has     map[string]string // by "USER SCOPE"
	trying  map[string]bool
	dropped map[string]bool // by user: true when it is certain
	lines   int
}

func (l *ledger) note(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := strings.Fields(line)
	switch {
	case len(w) == 3 && w[0] == "try":
		l.trying[w[1]+" "+w[2]] = true
	case len(w) == 4 && w[0] == "has":
		l.has[w[1]+" "+w[2]] = w[3]
		l.trying[w[1]+" "+w[2]] = false
		l.lines++
	case len(w) == 2 && w[0] == "drop":
		l.dropped[w[1]] = false
	case len(w) == 2 && w[0] == "dropped":
		l.dropped[w[1]] = true
		l.lines++
	}
}

// wrong says what is wrong with a token that a fresh process found; "" if nothing.
func (l *ledger) wrong(is *issuer, about, found string) string {
	user, scope, _ := strings.Cut(about, " ")
	gone, leaving := l.dropped[user]
	acknowledged := l.has[about]
	if gone {
		if found != "none" {
			return "a user who was removed is still there"
		}
		return ""
	}
	if found == "none" || found == "lost" {
		if acknowledged == "" || leaving {
			return ""
		}
		return "it was acknowledged and is lost"
	}
	of, what, made, ok := is.read(found)
	if !ok || of != user || what != scope {
		return "it is garbled, or another's"
	}
	if acknowledged == "" || found == acknowledged {
		return ""
	}
	if _, _, before, _ := is.read(acknowledged); made > before && l.trying[about] {
		return "" // the process was killed before it could say so
	}
	return "it is not the one that was acknowledged last"
}

func kills(t *testing.T) int {
	if n, err := strconv.Atoi(os.Getenv(killsVariable)); err == nil {
		return n
	}
	switch {
	case testing.Short():
		return 10
	case os.Getenv("CI") == "true":
		return 501
	}
	return 60
}

func TestKilledProcessesLoseNothingTheyAcknowledged(t *testing.T) {
	t.Parallel()
	srv := startServer(t, durable()...)
	key, err := newIssuerKey()
	if err != nil {
		t.Fatal(err)
	}
	is, err := newIssuer(key)
	if err != nil {
		t.Fatal(err)
	}
	seed, n := uint64(time.Now().UnixNano()), kills(t)
	t.Logf("%d kills, seed %d", n, seed)
	l := &ledger{has: map[string]string{}, trying: map[string]bool{}, dropped: map[string]bool{}}
	const atOnce = 3
	var wg sync.WaitGroup
	for i := range atOnce {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		wg.Go(func() {
			for j := i; j < n; j += atOnce {
				liveAndDie(t, l, process(srv, key, "live", fmt.Sprintf("p%d", j)), time.Duration(random.Int64N(int64(40*time.Millisecond))))
			}
		})
	}
	wg.Wait()
	// The server too: what it acknowledged is on its disk.
	srv.kill()
	srv.start(t)
	tell := process(srv, key, "tell", "fresh")
	var asked strings.Builder
	for about := range l.trying {
		asked.WriteString(about + "\n")
	}
	tell.Stdin = strings.NewReader(asked.String())
	out, err := tell.Output()
	if err != nil {
		t.Fatalf("the fresh process: %v\n%.2000s", err, out)
	}
	answers, bad := 0, 0
	for line := range strings.Lines(string(out)) {
		w := strings.Fields(line)
		if len(w) != 3 {
			t.Fatalf("the fresh process says %q", line)
		}
		answers++
		if what := l.wrong(is, w[0]+" "+w[1], w[2]); what != "" && bad < 20 {
			bad++
			t.Errorf("%s %s: %s", w[0], w[1], what)
		}
	}
	t.Logf("%d acknowledged changes, %d tokens of %d tried were looked for", l.lines, answers, len(l.trying))
	if answers != len(l.trying) || l.lines == 0 {
		t.Errorf("%d answers for %d questions, %d acknowledged", answers, len(l.trying), l.lines)
	}
}

// process is a fresh process with a life of its own.
func process(srv *server, key, life, name string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), lifeVariable+"="+life, nameVariable+"="+name, socketVariable+"="+srv.socket, issuerVariable+"="+key)
	return cmd
}

// liveAndDie runs a process, kills it a while after its first word, and notes
// what it said.
func liveAndDie(t *testing.T, l *ledger, cmd *exec.Cmd, rest time.Duration) {
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Error(err)
		return
	}
	killer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer func() { killer.Stop() }()
	in := bufio.NewReader(out)
	for first := true; ; first = false {
		line, err := in.ReadString('\n')
		if err != nil {
			break // a line that was not finished was not said
		}
		if first {
			killer.Reset(rest)
		}
		if strings.HasPrefix(line, "error:") {
			t.Errorf("a process: %s", line)
		}
		l.note(line)
	}
	_ = cmd.Wait() // it was killed
}
