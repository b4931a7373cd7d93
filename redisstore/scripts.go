package redisstore

import "github.com/redis/go-redis/v9"

// scripts are what runs inside Redis: atomically, and on a primary also where
// the client reads from replicas. Each touches one key, so that it runs in a
// Cluster.
type scripts struct {
	load     *redis.Script
	swap     *redis.Script
	remove   *redis.Script
	setAside *redis.Script
}

func newScripts() scripts {
	return scripts{
		load: redis.NewScript(loadScript), swap: redis.NewScript(swapScript),
		remove: redis.NewScript(removeScript), setAside: redis.NewScript(setAsideScript),
	}
}

// answerYes is what swap and setAside return when it was done; zero is that they
// lost a race. Load returns a number instead of a value that is too large, or
// that is not there.
const answerYes = 1

// loadScript returns the value; only its head if that begins as the caller says
// (ARGV[1]); 0 if it is longer than ARGV[2]; and the server's time in milliseconds
// if there is none.
const loadScript = `
local mark = ARGV[1]
if mark ~= '' and redis.call('GETRANGE', KEYS[1], 0, #mark - 1) == mark then
	return redis.call('GETRANGE', KEYS[1], 0, ` + headLenText + ` - 1)
end
if redis.call('STRLEN', KEYS[1]) > tonumber(ARGV[2]) then return 0 end
local value = redis.call('GET', KEYS[1])
if value then return value end
` + timeScript + `
return now`

// timeScript reads the server's clock.
const timeScript = `local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)`

// swapScript replaces the value (by ARGV[3], or by nothing) if it begins with
// ARGV[1], or there is none and ARGV[1] is empty. ARGV[2] is how the new one
// begins: a client that repeats the command, because the answer got lost, finds
// it there and is told that it was done. ARGV[4] is the time to live in
// milliseconds, zero for ever. The announcement (ARGV[6] in channel ARGV[5]) is
// part of the script: no change is without it, not even that of a process that is
// killed at once. It comes first, so that a user without the right to announce
// changes nothing.
//
// A partition is only made before ARGV[7], by the server's clock: a network that
// delivers the command when its sender has long given up must not bring back a
// user who has signed out meanwhile. A partition that is there has a version for
// that.
const swapScript = `
local have = redis.call('GETRANGE', KEYS[1], 0, ` + markLenText + ` - 1)
if have == ARGV[2] and have ~= '' then return 1 end
if have ~= ARGV[1] then return 0 end
if have == '' and ARGV[3] == '' then return 1 end
if have == '' then
	` + timeScript + `
	if now >= tonumber(ARGV[7]) then return 0 end
end
redis.call('PUBLISH', ARGV[5], ARGV[6])
if ARGV[3] == '' then
	redis.call('DEL', KEYS[1])
elseif ARGV[4] == '0' then
	redis.call('SET', KEYS[1], ARGV[3])
else
	redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
end
return 1`

// removeScript deletes the value, whatever it is, and announces that.
const removeScript = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 1 end
redis.call('PUBLISH', ARGV[1], ARGV[2])
redis.call('DEL', KEYS[1])
return 1`

// setAsideScript renames the key to KEYS[2] if the value after the head is
// ARGV[1], and lets it live for ARGV[2] milliseconds. ARGV[3] and ARGV[4] are the
// announcement.
const setAsideScript = `
local value = redis.call('GET', KEYS[1])
if not value or string.sub(value, ` + headLenText + ` + 1) ~= ARGV[1] then return 0 end
redis.call('PUBLISH', ARGV[3], ARGV[4])
redis.call('RENAME', KEYS[1], KEYS[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 1`

// The lengths of frame.go, for the scripts; a test compares them.
const (
	markLenText = "32"
	headLenText = "48"
)
