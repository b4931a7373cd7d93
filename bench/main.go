// Command bench compares this library with MSAL Go and with a floor: the least
// that anything of the kind can do, with a Go map, net/http and encoding/json.
// Everything runs in one process, interleaved, so that a drifting machine slows
// all alike: quote the ratios.
//
//	go run -C bench .                    the whole table, a few minutes
//	go run -C bench . -quick             a few seconds, rough
//	go run -C bench . -check             exit 1 if an expectation is missed
//	go run -C bench . -write ../docs     write performance.md and performance.svg
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
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
	sizes      []int         // tokens in the cache
	peerMax    int           // largest size that is measured with MSAL Go, which scans
	busySizes  []int         // those that are measured with many goroutines
	goroutines []int         // how many
	rounds     int           // each subject is measured once a round
	slice      time.Duration // length of one measurement
	loads      []int         // tokens that are read at once, or written with each change
	neighbors  int           // other partitions of a store
	herd       int           // simultaneous callers
	latency    time.Duration // of the service, for herds
}

func full() settings {
	return settings{sizes: []int{1, 100, 10_000, 100_000, 1_000_000}, peerMax: 100_000, busySizes: []int{100, 10_000},
		goroutines: []int{2, 8, 64}, rounds: 15, slice: 20 * time.Millisecond, loads: []int{10, 1000, 10_000, 100_000},
		neighbors: 10_000, herd: 100, latency: 50 * time.Millisecond}
}

func quick() settings {
	return settings{sizes: []int{1, 100}, peerMax: 100, busySizes: []int{100}, goroutines: []int{8}, rounds: 3,
		slice: 2 * time.Millisecond, loads: []int{10, 100}, neighbors: 10, herd: 100, latency: 50 * time.Millisecond}
}

// report is everything that was measured.
type report struct {
	Machine  string   `json:"machine"`
	Date     string   `json:"date"`
	Command  string   `json:"command"`
	Versions []string `json:"versions"`
	Busy     string   `json:"busy,omitempty"` // why the figures should not be quoted
	Rows     []row    `json:"rows"`
	Herds    []herd   `json:"herds"`
	Memory   []memory `json:"memory"`
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	isQuick := flags.Bool("quick", false, "measure little, in seconds")
	asJSON := flags.Bool("json", false, "print JSON instead of tables")
	check := flags.Bool("check", false, "exit 1 if an expectation is missed")
	only := flags.String("only", "", "measure the scenarios whose name begins so")
	folder := flags.String("write", "", "write performance.md and performance.svg into this folder")
	if err := flags.Parse(args); err != nil {
		return 64
	}
	s := full()
	if *isQuick {
		s = quick()
	}
	r, err := measureAll(ctx, s, *only, stderr)
	r.Command = strings.TrimSpace("go run -C bench . " + strings.Join(args, " "))
	if err == nil {
		err = r.output(stdout, *asJSON, *folder)
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

func (r report) output(stdout io.Writer, asJSON bool, folder string) error {
	if folder != "" {
		if err := r.write(folder); err != nil {
			return err
		}
	}
	if !asJSON {
		return r.print(stdout)
	}
	enc := json.NewEncoder(stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

func measureAll(ctx context.Context, s settings, only string, progress io.Writer) (report, error) {
	r := newReport()
	for _, sc := range scenarios(s) {
		if !strings.HasPrefix(sc.name, only) {
			continue
		}
		fmt.Fprintf(progress, "%s, %d tokens ...\n", sc.name, sc.size)
		rows, err := sc.measure(ctx, s)
		if err != nil {
			return r, fmt.Errorf("%s, %d tokens: %w", sc.name, sc.size, err)
		}
		r.Rows = append(r.Rows, rows...)
	}
	if only != "" {
		return r, nil
	}
	fmt.Fprintln(progress, "memory, and simultaneous callers ...")
	var err error
	if r.Memory, err = measureMemory(s); err != nil {
		return r, err
	}
	r.Herds, err = measureHerds(ctx, s)
	return r, err
}
