package cache_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cache"
)

// Processes add lines to one partition and say so, and are killed whenever it
// pleases. What they said must be there.

const (
	childVariable  = "MSAL_TEST_STORE"  // the folder; says that this process is one of them
	nameVariable   = "MSAL_TEST_NAME"   // what tells it from the others
	workVariable   = "MSAL_TEST_WORK"   // "accounts", "full disk" or nothing
	sealedVariable = "MSAL_TEST_SEALED" // whether the files are sealed
	killsVariable  = "MSAL_KILLS"       // how many; the default is for every day
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		s, err := killedStore(dir)
		if err == nil {
			fmt.Println("ready")
			switch os.Getenv(workVariable) {
			case "accounts":
				err = signInAndOut(s, os.Getenv(nameVariable))
			case "full disk":
				err = useFullDisk(s)
			default:
				err = addForever(s, os.Getenv(nameVariable))
			}
		}
		if err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// killedStore is what the processes share: files, sealed if there is a key.
func killedStore(dir string) (cache.Store, error) {
	s, err := cache.NewFile(cache.FileOptions{Dir: dir})
	if err != nil || os.Getenv(sealedVariable) == "" {
		return s, err
	}
	r, err := cache.OpenKeyFile(context.Background(), dir+".key")
	if err != nil {
		return nil, err
	}
	return cache.Encrypted(s, r), nil
}

// addForever is the life of one of the processes.
func addForever(s cache.Store, name string) error {
	for i := 0; ; i++ {
		line := name + "." + strconv.Itoa(i)
		if _, err := s.Update(context.Background(), "msal", func(old []byte) ([]byte, time.Time, error) {
			return append(old, line+"\n"...), time.Time{}, nil
		}); err != nil {
			return err
		}
		fmt.Println(line)
	}
}

// signInAndOut is another one: it says "+" and the name of who was signed in, "?"
// before it signs somebody out, and "-" behind.
func signInAndOut(s cache.Store, name string) error {
	tokens := msal.NewTokenCache(msal.CacheOptions{Store: s})
	app, err := msal.NewPublicClient("client", msal.Options{Cache: tokens})
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		who := name + "." + strconv.Itoa(i)
		info := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"uid":%q,"utid":"t"}`, who))
		if err := tokens.Add(context.Background(), msal.TokenEvent{
			ClientID: "client", TokenEndpoint: "https://login.microsoftonline.com/common/oauth2/v2.0/token",
			GrantType: "authorization_code", Scopes: []string{"scope"},
			Response: fmt.Appendf(nil, `{"expires_in":3600,"client_info":%q,"access_token":"at-%s","refresh_token":"rt-%[2]s"}`, info, who),
		}); err != nil {
			return err
		}
		fmt.Println("+" + who)
		if i%3 != 2 {
			continue
		}
		fmt.Println("?" + who)
		if err := app.RemoveAccount(context.Background(), msal.RemoveAccountRequest{Account: msal.Account{HomeAccountID: who + ".t"}}); err != nil {
			return err
		}
		fmt.Println("-" + who)
	}
}

// kills is how many processes die in one test.
func kills(t *testing.T) int {
	n := 60
	if os.Getenv("CI") == "true" {
		n = 500
	}
	if given, err := strconv.Atoi(os.Getenv(killsVariable)); err == nil {
		n = given
	}
	if testing.Short() {
		n = 10
	}
	return n
}

// liveAndDieAll kills processes, some at once, and returns what they said.
func liveAndDieAll(t *testing.T, kills int, env ...string) []string {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("%d kills, seed %d", kills, seed)
	const atOnce = 3
	var wg sync.WaitGroup
	said := make([][]string, atOnce)
	for i := range atOnce {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		wg.Go(func() {
			for j := range (kills + atOnce - 1) / atOnce {
				patience := time.Duration(random.Int64N(int64(30 * time.Millisecond)))
				name := nameVariable + "=" + fmt.Sprintf("%d-%d", i, j)
				said[i] = append(said[i], liveAndDie(t, patience, append(env, name)...)...)
			}
		})
	}
	wg.Wait()
	return slices.Concat(said...)
}

func TestKilledProcessesLoseNothingTheyAcknowledged(t *testing.T) {
	for name, sealed := range map[string]string{"file": "", "sealed file": "yes"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(sealedVariable, sealed)
			dir := filepath.Join(t.TempDir(), "store")
			said := liveAndDieAll(t, kills(t), childVariable+"="+dir)
			s, err := killedStore(dir)
			if err != nil {
				t.Fatal(err)
			}
			value, _, err := s.Load(t.Context(), "msal", "")
			if err != nil {
				t.Fatal(err)
			}
			there := map[string]bool{}
			for line := range strings.Lines(string(value)) {
				if there[line] || strings.Count(line, ".") != 1 || !strings.HasSuffix(line, "\n") {
					t.Fatalf("the line %q is garbled or there twice", line)
				}
				there[line] = true
			}
			for _, line := range said {
				if !there[line+"\n"] {
					t.Errorf("%q was acknowledged and is lost", line)
				}
			}
			t.Logf("%d acknowledged lines, %d in the store", len(said), len(there))
			if len(said) == 0 {
				t.Error("no process got to write anything")
			}
		})
	}
}

func TestKilledProcessesSignPeopleInAndOut(t *testing.T) {
	t.Setenv(sealedVariable, "yes")
	dir := filepath.Join(t.TempDir(), "store")
	said := liveAndDieAll(t, kills(t), childVariable+"="+dir, workVariable+"=accounts")
	s, err := killedStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	value, _, err := s.Load(t.Context(), "msal", "")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		AccessToken, RefreshToken map[string]struct{ Secret string }
	}
	if err := json.Unmarshal(value, &file); err != nil {
		t.Fatalf("the partition is garbled: %v", err)
	}
	there := map[string]bool{}
	for _, m := range []map[string]struct{ Secret string }{file.AccessToken, file.RefreshToken} {
		for _, e := range m {
			there[e.Secret] = true
		}
	}
	last := map[string]byte{}
	for _, line := range said {
		last[line[1:]] = line[0]
	}
	count := map[byte]int{}
	for who, state := range last {
		count[state]++
		access, refresh := there["at-"+who], there["rt-"+who]
		switch {
		case state == '+' && !(access && refresh):
			t.Errorf("%s signed in and is lost: %v, %v", who, access, refresh)
		case state == '-' && (access || refresh):
			t.Errorf("%s signed out and is back: %v, %v", who, access, refresh)
		case access != refresh:
			t.Errorf("%s is half there: %v, %v", who, access, refresh)
		}
	}
	t.Logf("%d signed in, %d out, %d killed on the way", count['+'], count['-'], count['?'])
	if count['+'] == 0 {
		t.Error("nobody got to sign in")
	}
}

// liveAndDie runs a process for a while after its first word, kills it, and
// returns what it said.
func liveAndDie(t *testing.T, patience time.Duration, env ...string) []string {
	exe, err := os.Executable()
	if err != nil {
		t.Error(err)
		return nil
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Error(err)
		return nil
	}
	killer := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer killer.Stop()
	var said []string
	for read := bufio.NewReader(out); ; {
		line, err := read.ReadString('\n')
		if err != nil {
			break // a line without its end was not said
		}
		switch line = strings.TrimSuffix(line, "\n"); {
		case line == "ready":
			killer.Reset(patience)
		case strings.HasPrefix(line, "error:"):
			t.Errorf("process %v: %s", env, line)
		default:
			said = append(said, line)
		}
	}
	_ = cmd.Wait() // it was killed
	return said
}
