package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"time"
)

// hit is the cost of one token from the cache.
type hit struct {
	Subject    string  `json:"subject"`
	Tokens     int     `json:"tokens"`
	Goroutines int     `json:"goroutines"`
	Nanos      float64 `json:"ns_per_op"`
	Allocs     float64 `json:"allocs_per_op"`
	Bytes      float64 `json:"bytes_per_op"`
	TimesFloor float64 `json:"times_floor"` // median of the ratios within a round
}

// herd is what simultaneous callers without a token cause.
type herd struct {
	Subject  string        `json:"subject"`
	Callers  int           `json:"callers"`
	Requests int64         `json:"requests"`
	Took     time.Duration `json:"took_ns"`
}

// start is the cost of a new client and its first token, in process.
type start struct {
	Subject  string  `json:"subject"`
	Nanos    float64 `json:"ns"`
	Requests int64   `json:"requests"`
}

type maker func(client *http.Client, sets [][]string) (subject, error)

func subjects(size int, s settings) []maker {
	if size > s.peerMax {
		return []maker{newFloor, newOurs}
	}
	return []maker{newFloor, newOurs, newPeer}
}

func measureHits(ctx context.Context, s settings, size int) ([]hit, error) {
	svc := &service{}
	sets := scopeSets(size)
	var all []subject
	for _, maker := range subjects(size, s) {
		sub, err := maker(svc.client(), sets)
		if err != nil {
			return nil, err
		}
		all = append(all, sub)
	}
	filled := svc.tokens.Load()
	// One order for all: the same tokens, unpredictable for the processor.
	order := rand.New(rand.NewPCG(1, uint64(size))).Perm(max(size, 1<<10))
	var hits []hit
	for _, goroutines := range []int{1, 2} {
		costs := make([][]cost, len(all))
		for range s.rounds {
			runtime.GC()
			for i, sub := range all {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				c, err := timeHits(ctx, sub, sets, order, goroutines, s.slice)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", sub.name, err)
				}
				costs[i] = append(costs[i], c)
			}
		}
		for i, sub := range all {
			hits = append(hits, summarize(sub.name, size, goroutines, costs[i], costs[0]))
		}
	}
	if n := svc.tokens.Load() - filled; n != 0 {
		return nil, fmt.Errorf("%d token requests were sent while hits were measured", n)
	}
	return hits, nil
}

type cost struct{ nanos, allocs, bytes float64 }

func summarize(name string, size, goroutines int, costs, floor []cost) hit {
	h := hit{Subject: name, Tokens: size, Goroutines: goroutines}
	ratios := make([]float64, len(costs))
	for i := range costs {
		ratios[i] = costs[i].nanos / floor[i].nanos
	}
	h.Nanos = median(costs, func(c cost) float64 { return c.nanos })
	h.Allocs = median(costs, func(c cost) float64 { return c.allocs })
	h.Bytes = median(costs, func(c cost) float64 { return c.bytes })
	h.TimesFloor = median(ratios, func(r float64) float64 { return r })
	return h
}

func median[T any](values []T, of func(T) float64) float64 {
	numbers := make([]float64, len(values))
	for i, v := range values {
		numbers[i] = of(v)
	}
	slices.Sort(numbers)
	return numbers[len(numbers)/2]
}

// timeHits acquires tokens for about as long as slice says.
func timeHits(ctx context.Context, sub subject, sets [][]string, order []int, goroutines int, slice time.Duration) (cost, error) {
	var mu sync.Mutex
	var failures []error
	var ops int
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	started := time.Now()
	deadline := started.Add(slice)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			n, err := hitUntil(ctx, sub, sets, order[g*len(order)/goroutines:], deadline)
			mu.Lock()
			defer mu.Unlock()
			ops += n
			if err != nil {
				failures = append(failures, err)
			}
		})
	}
	wg.Wait()
	took := time.Since(started)
	runtime.ReadMemStats(&after)
	return cost{
		nanos:  float64(took.Nanoseconds()) / float64(ops),
		allocs: float64(int((after.Mallocs - before.Mallocs)) / max(ops, 1)),
		bytes:  float64(int((after.TotalAlloc - before.TotalAlloc)) / max(ops, 1)),
	}, errors.Join(failures...)
}

func hitUntil(ctx context.Context, sub subject, sets [][]string, order []int, deadline time.Time) (int, error) {
	for n := 0; ; {
		for range 64 { // the clock is looked at only now and then
			t, err := sub.acquire(ctx, sets[order[n%len(order)]%len(sets)])
			if err != nil || t == "" {
				return n, fmt.Errorf("no token: %w", err)
			}
			n++
		}
		if time.Now().After(deadline) {
			return n, nil
		}
	}
}

func measureHerds(ctx context.Context, s settings) ([]herd, error) {
	var herds []herd
	for _, maker := range []maker{newFloor, newOurs, newPeer} {
		svc := &service{latency: s.latency}
		sub, err := maker(svc.client(), nil)
		if err != nil {
			return nil, err
		}
		started := time.Now()
		failures := make([]error, s.herd)
		var wg sync.WaitGroup
		for i := range s.herd {
			wg.Go(func() { _, failures[i] = sub.acquire(ctx, []string{"api://cold/.default"}) })
		}
		wg.Wait()
		if err := errors.Join(failures...); err != nil {
			return nil, err
		}
		herds = append(herds, herd{sub.name, s.herd, svc.tokens.Load(), time.Since(started)})
	}
	return herds, nil
}

func measureStarts(ctx context.Context, s settings) ([]start, error) {
	makers := []maker{newFloor, newOurs, newPeer}
	nanos := make([][]float64, len(makers))
	starts := make([]start, len(makers))
	for range s.rounds {
		for i, maker := range makers {
			svc := &service{}
			client := svc.client()
			began := time.Now()
			for range s.starting {
				sub, err := maker(client, nil)
				if err != nil {
					return nil, err
				}
				if _, err := sub.acquire(ctx, []string{"api://first/.default"}); err != nil {
					return nil, err
				}
				starts[i].Subject = sub.name
			}
			nanos[i] = append(nanos[i], float64(time.Since(began).Nanoseconds())/float64(s.starting))
			starts[i].Requests = svc.total.Load() / int64(s.starting)
		}
	}
	for i := range starts {
		starts[i].Nanos = median(nanos[i], func(n float64) float64 { return n })
	}
	return starts, nil
}
