// Package redisstore keeps a token cache in Redis, for an application that runs
// on more than one machine: who signs in at one is signed in at all.
//
// Each partition is one value under one key, sealed by a cache.Cipher. Writing is
// compare-and-set, so that concurrent processes lose nothing. A server that is
// down, slow, full or a replica gives typed errors, and a value that was lost is
// acquired again: never is a token taken for another.
//
// The client is go-redis', for a single server, Sentinel or Cluster, by TLS or a
// Unix socket. Redis 5.0 or newer is needed, or what speaks its protocol with
// Lua scripts.
package redisstore
