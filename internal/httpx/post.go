package httpx

import (
	"context"
	"net/http"
)

// Post sends body as h describes it, without the x-client-* headers: it is for
// services outside the identity platform, which are told nothing about this
// program. h is not changed. The errors are those of Get.
func (c *Client) Post(ctx context.Context, target, body string, h http.Header) (*Response, error) {
	return c.exchange(ctx, http.MethodPost, target, body, cloneHeader(h))
}
