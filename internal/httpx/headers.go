package httpx

import (
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// SKU names this library in the x-client-sku header. It is our own name, never
// that of an official library.
const SKU = "msal-go"

// libCapability tells the service that Retry-After and HTTP 429 are obeyed.
const libCapability = "retry-after, h429"

// maxRetryAfter bounds what RetryAfter believes.
const maxRetryAfter = 24 * time.Hour

// standardHeaders are those that every token and device request carries.
func standardHeaders(cfg Config) http.Header {
	h := http.Header{}
	set := func(name, value string) {
		if value = printable(value); value != "" {
			h.Set(name, value)
		}
	}
	set("x-client-sku", SKU)
	set("x-client-ver", cfg.Version)
	set("x-client-os", clientOS(runtime.GOOS))
	set("x-ms-lib-capability", libCapability)
	set("x-app-name", cfg.AppName)
	set("x-app-ver", cfg.AppVersion)
	return h
}

// clientOS maps Go's system names to those that MSAL libraries send.
func clientOS(goos string) string {
	if goos == "windows" {
		return "win32"
	}
	return goos // linux, darwin, ... are spelled alike
}

// printable drops control characters, which a header value cannot hold: a line
// break in an application's name must not fail every request.
func printable(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s))
}

// RetryAfter reads the Retry-After header (RFC 9110, section 10.2.3): whole
// seconds or an HTTP date, relative to now. It returns zero when the header is
// missing, malformed or in the past, and at most 24 hours.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value == "" {
		return 0
	}
	if strings.Trim(value, "0123456789") == "" {
		seconds, err := strconv.ParseInt(value, 10, 32)
		if err != nil { // only digits, so it is out of range
			return maxRetryAfter
		}
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(date.Sub(now), 0), maxRetryAfter)
}
