package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// scenario is one operation, of several subjects, at one size.
type scenario struct {
	name       string
	size       int   // tokens in the cache
	goroutines []int // how many do it at once
	peer       bool  // whether MSAL Go has the case, and its size is bearable
	limit      limit
	// make builds a subject: the floor, ours and the peer.
	make func(name string, size int) (subject, error)
}

// limit is what is expected of ours; zero is no expectation.
type limit struct {
	timesFloor float64
	nanos      float64
	noAllocs   bool
	// bound is what bounds the figure where it is missed.
	bound string
}

// subject is one thing to measure.
type subject struct {
	// do is one operation on the i-th token.
	do    func(ctx context.Context, i int) error
	close func() // nil: nothing to do
	// unasked reports how many requests were sent, for those that must send none.
	unasked func() int64
}

// row is the cost of an operation.
type row struct {
	Scenario   string  `json:"scenario"`
	Subject    string  `json:"subject"`
	Tokens     int     `json:"tokens"`
	Goroutines int     `json:"goroutines"`
	Nanos      float64 `json:"ns_per_op"`
	Allocs     float64 `json:"allocs_per_op"`
	Bytes      float64 `json:"bytes_per_op"`
	TimesFloor float64 `json:"times_floor,omitempty"` // median of the ratios within a round
	limit      limit
}

func (sc scenario) subjects() []string {
	if sc.peer {
		return []string{theFloor, ours, peer}
	}
	return []string{theFloor, ours}
}

// peerRounds are enough for what is orders of magnitude slower.
const peerRounds = 3

func (sc scenario) measure(ctx context.Context, s settings) ([]row, error) {
	var all []subject
	for _, name := range sc.subjects() {
		sub, err := sc.make(name, sc.size)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if sub.close != nil {
			defer sub.close()
		}
		all = append(all, sub)
	}
	// One order for all: the same tokens, unpredictable for the processor.
	order := rand.New(rand.NewPCG(1, uint64(sc.size))).Perm(max(sc.size, 1<<10))
	for i := range order {
		order[i] %= sc.size
	}
	var rows []row
	for _, goroutines := range sc.goroutines {
		costs, err := sc.race(ctx, s, all, order, goroutines)
		if err != nil {
			return nil, err
		}
		for i, name := range sc.subjects() {
			r := summarize(costs[i], costs[0])
			r.Scenario, r.Subject, r.Tokens, r.Goroutines, r.limit = sc.name, name, sc.size, goroutines, sc.limit
			rows = append(rows, r)
		}
	}
	for _, sub := range all {
		if sub.unasked != nil && sub.unasked() != 0 {
			return nil, fmt.Errorf("%d requests were sent while hits were measured", sub.unasked())
		}
	}
	return rows, nil
}

// race measures all subjects in turn: A B C A B C.
func (sc scenario) race(ctx context.Context, s settings, all []subject, order []int, goroutines int) ([][]cost, error) {
	costs := make([][]cost, len(all))
	for round := range s.rounds {
		runtime.GC() // not during the measurement
		for i, sub := range all {
			if i == 2 && round >= peerRounds {
				continue
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if sub.do == nil {
				costs[i] = append(costs[i], cost{nanos: math.NaN()})
				continue
			}
			c, err := measureOnce(ctx, sub, order, goroutines, s.slice)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", sc.subjects()[i], err)
			}
			costs[i] = append(costs[i], c)
		}
	}
	return costs, nil
}

type cost struct{ nanos, allocs, bytes float64 }

func summarize(costs, floor []cost) row {
	ratios := make([]float64, len(costs))
	for i := range costs {
		ratios[i] = costs[i].nanos / floor[i].nanos
	}
	return row{
		Nanos:      median(costs, func(c cost) float64 { return c.nanos }),
		Allocs:     median(costs, func(c cost) float64 { return c.allocs }),
		Bytes:      median(costs, func(c cost) float64 { return c.bytes }),
		TimesFloor: median(ratios, func(r float64) float64 { return r }),
	}
}

func median[T any](values []T, of func(T) float64) float64 {
	numbers := make([]float64, len(values))
	for i, v := range values {
		numbers[i] = of(v)
	}
	slices.Sort(numbers)
	if n := numbers[len(numbers)/2]; !math.IsNaN(n) {
		return n
	}
	return 0 // there is no such subject
}

// measureOnce does the operation for about as long as slice says.
func measureOnce(ctx context.Context, sub subject, order []int, goroutines int, slice time.Duration) (cost, error) {
	failures := make([]error, goroutines)
	var ops atomic.Int64
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	started := time.Now()
	deadline := started.Add(slice)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			n, err := until(ctx, sub.do, order[g*len(order)/goroutines:], deadline)
			ops.Add(int64(n))
			failures[g] = err
		})
	}
	wg.Wait()
	took := time.Since(started)
	runtime.ReadMemStats(&after)
	n := max(ops.Load(), 1)
	return cost{
		nanos:  float64(took.Nanoseconds()) / float64(n),
		allocs: float64((after.Mallocs - before.Mallocs) / uint64(n)), // whole ones: the measurement has a few itself
		bytes:  float64((after.TotalAlloc - before.TotalAlloc) / uint64(n)),
	}, errors.Join(failures...)
}

// until repeats do. It looks at the clock more rarely, the faster do is.
func until(ctx context.Context, do func(context.Context, int) error, order []int, deadline time.Time) (int, error) {
	n, batch, started := 0, 1, time.Now()
	for {
		for range batch {
			if err := do(ctx, order[n%len(order)]); err != nil {
				return n, err
			}
			n++
		}
		left := time.Until(deadline)
		if left <= 0 {
			return n, nil
		}
		if each := time.Since(started) / time.Duration(n); batch < 256 && left > 8*time.Duration(batch)*each {
			batch *= 2
		}
	}
}
