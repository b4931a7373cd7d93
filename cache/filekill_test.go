package cache_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/msal-go/msal/cache"
)

// Processes add lines to one partition and say so, and are killed whenever it
// pleases. What they said must be there.

const (
	childVariable = "MSAL_TEST_STORE" // the folder; says that this process is one of them
	killsVariable = "MSAL_KILLS"      // how many; the default is for every day
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		addForever(dir, os.Getenv("MSAL_TEST_NAME"))
	}
	os.Exit(m.Run())
}

// addForever is the life of one of the processes.
func addForever(dir, name string) {
	s, err := cache.NewFile(cache.FileOptions{Dir: dir})
	for i := 0; err == nil; i++ {
		line := name + "." + strconv.Itoa(i)
		_, err = s.Update(context.Background(), "msal", func(old []byte) ([]byte, time.Time, error) {
			return append(old, line+"\n"...), time.Time{}, nil
		})
		if err == nil {
			fmt.Println(line)
		}
	}
	fmt.Println("error:", err)
	os.Exit(1)
}

func TestKilledProcessesLoseNothingTheyAcknowledged(t *testing.T) {
	t.Parallel()
	kills := 60
	if os.Getenv("CI") == "true" {
		kills = 500
	}
	if n, err := strconv.Atoi(os.Getenv(killsVariable)); err == nil {
		kills = n
	}
	if testing.Short() {
		kills = 10
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("%d kills, seed %d", kills, seed)
	dir := t.TempDir()
	const atOnce = 3
	var wg sync.WaitGroup
	lines := make([][]string, atOnce)
	for i := range atOnce {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		wg.Go(func() {
			for j := range kills / atOnce {
				patience := time.Duration(random.Int64N(int64(30 * time.Millisecond)))
				lines[i] = append(lines[i], liveAndDie(t, dir, fmt.Sprintf("%d-%d", i, j), patience)...)
			}
		})
	}
	wg.Wait()
	s := openFile(t, cache.FileOptions{Dir: dir})
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
	count := 0
	for _, l := range lines {
		for _, line := range l {
			count++
			if !there[line+"\n"] {
				t.Errorf("%q was acknowledged and is lost", line)
			}
		}
	}
	t.Logf("%d acknowledged lines, %d in the store", count, len(there))
	if count == 0 {
		t.Error("no process got to write anything")
	}
}

// liveAndDie runs a process for a while after its first word, kills it, and
// returns what it said.
func liveAndDie(t *testing.T, dir, name string, patience time.Duration) []string {
	exe, err := os.Executable()
	if err != nil {
		t.Error(err)
		return nil
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childVariable+"="+dir, "MSAL_TEST_NAME="+name)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Error(err)
		return nil
	}
	killer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer killer.Stop()
	var said []string
	for scan := bufio.NewScanner(out); scan.Scan(); {
		if strings.HasPrefix(scan.Text(), "error:") {
			t.Errorf("process %s: %s", name, scan.Text())
		}
		said = append(said, scan.Text())
	}
	_ = cmd.Wait() // it was killed
	return said
}
