package tokencache

import "container/heap"

// expiryHeap finds the access token that expires first.
type expiryHeap []*token

func (h expiryHeap) Len() int           { return len(h) }
func (h expiryHeap) Less(i, j int) bool { return h[i].expiresOn < h[j].expiresOn }
func (h expiryHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].heap, h[j].heap = int32(i), int32(j)
}

// Push is for package heap; use push.
func (h *expiryHeap) Push(x any) {
	t := x.(*token)
	t.heap = int32(len(*h))
	*h = append(*h, t)
}

// Pop is for package heap; use remove.
func (h *expiryHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return t
}

func (h *expiryHeap) push(t *token)   { heap.Push(h, t) }
func (h *expiryHeap) remove(t *token) { heap.Remove(h, int(t.heap)) }

// recencyList is a queue in which a token that was used gets a second chance:
// close to the order of use, without writing on every read. It is a ring.
type recencyList struct {
	root token // between the back and the front
}

func (l *recencyList) init() { l.root.older, l.root.newer = &l.root, &l.root }

// push puts t at the back.
func (l *recencyList) push(t *token) {
	t.older, t.newer = l.root.older, &l.root
	t.older.newer, l.root.older = t, t
}

func (l *recencyList) remove(t *token) {
	t.older.newer, t.newer.older = t.newer, t.older
	t.older, t.newer = nil, nil
}

// victim returns the token to evict, of which there must be one. It is the newest
// only if there is no other: that one had no time to be used, and would go each
// time it comes where all others are in use. It looks at each token once, as
// readers may use them as quickly.
func (l *recencyList) victim() *token {
	newest := l.root.older
	for t := l.root.newer; t != newest; t = l.root.newer {
		if !t.used.Swap(false) {
			return t
		}
		l.remove(t)
		l.push(t)
	}
	l.remove(newest)
	l.push(newest)
	return l.root.newer
}

// trim drops the access tokens that have expired by now, and those above the
// limit. The caller holds Cache.mu.
func (c *Cache) trim(now int64) {
	for len(c.expiry) > 0 && c.expiry[0].expiresOn <= now {
		c.evict(c.expiry[0])
	}
	if c.limit < 0 {
		return
	}
	for len(c.expiry) > c.limit {
		c.evict(c.recent.victim())
	}
}

func (c *Cache) evict(t *token) {
	p := t.group.user.part
	c.remove(t)
	c.vacate(p)
}
