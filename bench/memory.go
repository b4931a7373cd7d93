package main

import (
	"context"
	"runtime"
	"slices"

	"github.com/msal-go/msal"
)

// memory is what one token more takes, its own bytes included.
type memory struct {
	Kind       string  `json:"kind"`
	Subject    string  `json:"subject"`
	Tokens     int     `json:"tokens"`
	Bytes      float64 `json:"bytes_per_token"`
	TimesFloor float64 `json:"times_floor"`
}

// measureMemory fills caches and looks at what stays after a collection.
func measureMemory(s settings) ([]memory, error) {
	size := min(slices.Max(s.sizes), 100_000)
	data := content{}.json(size)
	var list []memory
	for _, name := range []string{theFloor, ours, peer} {
		before := inUse()
		kept, err := fill(name, data, size)
		if err != nil {
			return nil, err
		}
		m := memory{Kind: "application", Subject: name, Tokens: size, Bytes: (inUse() - before) / float64(size)}
		runtime.KeepAlive(kept)
		m.TimesFloor = m.Bytes / (append(list, m))[0].Bytes
		list = append(list, m)
	}
	runtime.KeepAlive(data)
	return list, nil
}

// fill returns what holds the tokens.
func fill(name string, data []byte, size int) (any, error) {
	switch name {
	case theFloor:
		keys := make([]string, size)
		for i := range keys {
			keys[i] = appScope(i)
		}
		return newFloor((&service{}).client(), "", keys, 1), nil
	case ours:
		cache := msal.NewTokenCache(msal.CacheOptions{MaxAccessTokens: -1})
		return cache, cache.Unmarshal(data)
	}
	client, err := newPeer((&service{}).client(), data)
	if err == nil {
		_, err = client.Account(context.Background(), "nobody") // makes it ask for its cache
	}
	return client, err
}

func inUse() float64 {
	runtime.GC()
	runtime.GC() // what the first one left to finish
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
