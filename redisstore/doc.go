// Package redisstore keeps a token cache in Redis, for an application that runs
// on more than one machine: who signs in at one is signed in at all.
//
// Each partition is one value under one key, sealed by a cache.Cipher. Writing is
// compare-and-set, so that concurrent processes lose nothing. A server that is
// down, slow, full or a replica gives typed errors, and a value that was lost is
// acquired again: never is a token taken for another.
//
// The client is go-redis', for a single server, Sentinel or Cluster, by TLS or a
// Unix socket. It is tested with Redis 7.0; servers that speak its protocol need
// Lua scripts and publish/subscribe. README.md says what happens when Redis is
// down, what a user takes in memory, and which rights the store needs.
package redisstore
