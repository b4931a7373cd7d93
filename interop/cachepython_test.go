package interop

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cache"
)

// python finds an interpreter that has MSAL Extensions: the system's first, as
// Debian's packages are for it alone.
func python(t *testing.T) string {
	t.Helper()
	var cause error
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		path, err := exec.LookPath(name)
		if err == nil {
			err = exec.Command(path, "-c", "import msal_extensions").Run()
		}
		if err == nil {
			return path
		}
		cause = err
	}
	missing(t, "msal_extensions for Python", cause)
	return ""
}

const pythonShared = "MSAL_INTEROP_SHARED" // the file that ours and Python's processes share

// sharedStore opens the file as the family's partition.
func sharedStore(path string) (*cache.File, error) {
	return cache.NewFile(cache.FileOptions{Dir: filepath.Join(filepath.Dir(path), "own"), Shared: map[string]string{"msal": path}})
}

// shareFile is the life of a process of ours: it adds tokens and says so until
// its input ends.
func shareFile() error {
	store, err := sharedStore(os.Getenv(pythonShared))
	if err != nil {
		return err
	}
	tokens := msal.NewTokenCache(msal.CacheOptions{Store: store})
	done := make(chan struct{})
	go func() {
		defer close(done)
		bufio.NewScanner(os.Stdin).Scan()
	}()
	// MSAL Extensions for Python tries every quarter of a second, and goes on
	// without the lock after five seconds of bad luck: then nobody is safe. So
	// this leaves the lock free most of the time, as programs do.
	pause := time.NewTicker(150 * time.Millisecond)
	for i := 0; ; i++ {
		select {
		case <-done:
			return nil
		case <-pause.C:
		}
		name := fmt.Sprintf("go-%d", os.Getpid())
		info := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"uid":%q,"utid":"t"}`, name))
		token := fmt.Sprintf("%s-%d", name, i%50)
		response := fmt.Appendf(nil, `{"token_type":"Bearer","expires_in":3600,"client_info":%q,"access_token":"at-%s","refresh_token":"rt-%[2]s"}`, info, token)
		if err := tokens.Add(context.Background(), msal.TokenEvent{
			ClientID: token, TokenEndpoint: "https://login.example.com/tenant/oauth2/v2.0/token",
			GrantType: "authorization_code", Scopes: []string{"scope"}, Response: response,
		}); err != nil {
			return err
		}
		fmt.Println(token)
	}
}

// awaitToken waits until a file has a token whose text begins so.
func awaitToken(t *testing.T, ctx context.Context, path, prefix string) {
	t.Helper()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		if data, err := os.ReadFile(path); err == nil && strings.Contains(string(data), prefix) {
			return
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatal("no process of ours added a token")
		}
	}
}

// Processes of MSAL Extensions for Python and of ours add tokens to one file at
// the same time. All that any of them said it added is there in the end.
func TestProcessesOfMSALExtensionsForPythonShareAFile(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the script is written for the files of Linux and macOS")
	}
	interpreter := python(t)
	path := filepath.Join(t.TempDir(), "msal_token_cache.json")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	count := 8
	if testing.Short() {
		count = 3
	}
	var pythons, ours sync.WaitGroup
	var mu sync.Mutex
	said := map[string]bool{}
	listen := func(cmd *exec.Cmd) {
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%s: %v\n%s", filepath.Base(cmd.Path), err, stderr.String())
		}
		mu.Lock()
		defer mu.Unlock()
		for line := range strings.Lines(string(out)) {
			said[strings.TrimSpace(line)] = true
		}
	}
	stop, end, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stop.Close()
	for range 2 {
		cmd := child(t, ctx, "", pythonShared+"="+path)
		cmd.Stdin = stop
		ours.Go(func() { listen(cmd) })
	}
	awaitToken(t, ctx, path, "at-go-") // on a busy machine Python may else be done before ours begin
	pythons.Go(func() {
		listen(exec.CommandContext(ctx, interpreter, filepath.Join("python", "extensions.py"), path, "python", fmt.Sprint(count)))
	})
	pythons.Wait()
	end.Close()
	ours.Wait()

	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		AccessToken, RefreshToken map[string]struct{ Secret string }
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatalf("the file is garbled: %v", err)
	}
	there := map[string]bool{}
	for _, e := range file.AccessToken {
		there[e.Secret] = true
	}
	for _, e := range file.RefreshToken {
		there[e.Secret] = true
	}
	delete(said, "ready")
	if !said["python-0"] || len(said) <= count {
		t.Fatalf("only %d tokens were added", len(said))
	}
	for token := range said {
		if !there["at-"+token] || !there["rt-"+token] {
			t.Errorf("%s was added and is lost: access token %v, refresh token %v", token, there["at-"+token], there["rt-"+token])
		}
	}
	t.Logf("%d tokens of two libraries", len(said))
}
