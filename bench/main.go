// Command bench compares this library with MSAL Go and with a floor: the same
// tokens in a bare Go map under a read-write lock. Everything runs in one
// process, interleaved, so that a drifting machine slows all alike: quote the
// ratios.
//
//	go run -C bench .            the whole table, about a minute
//	go run -C bench . -quick     a few seconds, rough
//	go run -C bench . -check     exit 1 if an expectation is missed
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// settings say how long and how much is measured.
type settings struct {
	sizes    []int         // tokens in the cache
	peerMax  int           // largest size that is measured with MSAL Go, which scans
	rounds   int           // each subject is measured once a round
	slice    time.Duration // length of one measurement
	herd     int           // simultaneous cold callers
	latency  time.Duration // of the service, for the herd
	starting int           // new clients per round, for the first token
}

func full() settings {
	return settings{sizes: []int{1, 100, 10_000, 100_000, 1_000_000}, peerMax: 10_000, rounds: 7,
		slice: 150 * time.Millisecond, herd: 100, latency: 50 * time.Millisecond, starting: 50}
}

func quick() settings {
	return settings{sizes: []int{1, 100, 1000}, peerMax: 1000, rounds: 3,
		slice: 10 * time.Millisecond, herd: 100, latency: 50 * time.Millisecond, starting: 5}
}

// report is everything that was measured.
type report struct {
	Machine string  `json:"machine"`
	Hits    []hit   `json:"hits"`
	Herds   []herd  `json:"herds"`
	Starts  []start `json:"first_token"`
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	isQuick := flags.Bool("quick", false, "measure little, in seconds")
	asJSON := flags.Bool("json", false, "print JSON instead of tables")
	check := flags.Bool("check", false, "exit 1 if an expectation is missed")
	if err := flags.Parse(args); err != nil {
		return 64
	}
	s := full()
	if *isQuick {
		s = quick()
	}
	r, err := measureAll(ctx, s, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	if *asJSON {
		enc := json.NewEncoder(stdout)
		enc.SetIndent("", "  ")
		err = enc.Encode(r)
	} else {
		err = r.print(stdout)
	}
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	missed := r.missed()
	for _, m := range missed {
		fmt.Fprintln(stderr, "missed:", m)
	}
	if *check && len(missed) > 0 {
		return 1
	}
	return 0
}

func measureAll(ctx context.Context, s settings, progress io.Writer) (report, error) {
	r := report{Machine: fmt.Sprintf("%s, %s/%s, %d cores", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())}
	for _, size := range s.sizes {
		fmt.Fprintf(progress, "cache hit among %d tokens ...\n", size)
		hits, err := measureHits(ctx, s, size)
		if err != nil {
			return r, err
		}
		r.Hits = append(r.Hits, hits...)
	}
	fmt.Fprintf(progress, "%d simultaneous cold callers ...\n", s.herd)
	var err error
	if r.Herds, err = measureHerds(ctx, s); err != nil {
		return r, err
	}
	fmt.Fprintln(progress, "first token of a new client ...")
	r.Starts, err = measureStarts(ctx, s)
	return r, err
}

// missed lists the expectations that did not hold: a hit costs at most three
// times the floor and one allocation, and a herd sends one request.
func (r report) missed() []string {
	var list []string
	for _, h := range r.Hits {
		if h.Subject != ours {
			continue
		}
		if h.TimesFloor > 3 {
			list = append(list, fmt.Sprintf("hit among %d tokens, %d goroutines: %.1f times the floor, want at most 3", h.Tokens, h.Goroutines, h.TimesFloor))
		}
		if h.Allocs > 1 {
			list = append(list, fmt.Sprintf("hit among %d tokens, %d goroutines: %.0f allocations, want at most 1", h.Tokens, h.Goroutines, h.Allocs))
		}
	}
	for _, h := range r.Herds {
		if h.Subject == ours && h.Requests != 1 {
			list = append(list, fmt.Sprintf("%d cold callers sent %d requests, want 1", h.Callers, h.Requests))
		}
	}
	return list
}
