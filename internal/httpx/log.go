package httpx

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// CorrelationHeader carries the id that ties a request to the service's logs.
const CorrelationHeader = "client-request-id"

// logExchange writes the one debug line of an exchange. Queries, headers and
// bodies stay out: they hold credentials and personal data.
func (c *Client) logExchange(ctx context.Context, method string, u *url.URL, h http.Header, res *Response, err error, took time.Duration) {
	if !c.log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", method),
		slog.String("host", u.Host),
		slog.String("path", logPath(u)),
		slog.Duration("duration", took),
		slog.String("correlation_id", h.Get(CorrelationHeader)),
	}
	if res != nil {
		attrs = append(attrs, slog.Int("status", res.Status))
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	c.log.LogAttrs(ctx, slog.LevelDebug, "http exchange", attrs...)
}

// logPath is the path without segments that look like a user name: the user
// realm request has one in its path.
func logPath(u *url.URL) string {
	segments := strings.Split(u.EscapedPath(), "/")
	for i, s := range segments {
		if strings.Contains(s, "@") || strings.Contains(s, "%40") || i > 0 && segments[i-1] == "userrealm" {
			segments[i] = "(user)"
		}
	}
	return strings.Join(segments, "/")
}
