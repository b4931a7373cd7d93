package wstrust

import (
	"encoding/json"
	"time"

	"github.com/msal-go/msal/internal/httpcache"
)

// keepFor is how long an answer about a domain is believed, as in MSAL Python.
const keepFor = 24 * time.Hour

// recall fills v with what was remembered under key.
func (c *Client) recall(key httpcache.Key, v any) bool {
	if c.Memory == nil {
		return false
	}
	data, _, ok := c.Memory.Get(key)
	return ok && json.Unmarshal(data, v) == nil
}

// remember keeps v: what was understood of a document, as these are often longer
// than a memory takes.
func (c *Client) remember(key httpcache.Key, v any) {
	if c.Memory == nil {
		return
	}
	if data, err := json.Marshal(v); err == nil {
		c.Memory.Put(key, data, keepFor)
	}
}

// usable reports whether a realm is worth remembering: its addresses are ones
// that will be asked. What a captive portal says must not stay for a day.
func (r Realm) usable() bool {
	for _, address := range [...]string{r.MetadataURL, r.ActiveURL} {
		if _, ok := secure(address); address != "" && !ok {
			return false
		}
	}
	return true
}
