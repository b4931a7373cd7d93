package authority

import (
	"context"
	"errors"

	"github.com/msal-go/msal/internal/httpcache"
	"github.com/msal-go/msal/internal/httpx"
)

// getter fetches a document.
type getter func(ctx context.Context, url string) (*httpx.Response, error)

var errForgotten = errors.New("the document is not in the memory")

// fetch finds the metadata of a in remembered documents, or else asks for it and
// remembers the documents. Remembered ones are checked like new ones; if they do
// not pass, they are asked for again.
func (r *Resolver) fetch(ctx context.Context, a Authority) (*Metadata, error) {
	if r.documents == nil {
		return r.fetchBy(ctx, a, r.ask)
	}
	if m, err := r.fetchBy(ctx, a, r.remembered); err == nil {
		return m, nil
	}
	seen := make(map[string][]byte)
	m, err := r.fetchBy(ctx, a, func(ctx context.Context, url string) (*httpx.Response, error) {
		res, err := r.ask(ctx, url)
		if err == nil {
			seen[url] = res.Body
		}
		return res, err
	})
	if err != nil {
		return nil, err // a portal's page, say, must not stay for a day
	}
	for url, body := range seen {
		r.documents.Put(documentKey(url), body, keepFor)
	}
	return m, nil
}

func (r *Resolver) ask(ctx context.Context, url string) (*httpx.Response, error) {
	return r.http.Get(ctx, url, acceptJSON())
}

func (r *Resolver) remembered(_ context.Context, url string) (*httpx.Response, error) {
	body, _, ok := r.documents.Get(documentKey(url))
	if !ok {
		return nil, errForgotten
	}
	return &httpx.Response{Status: 200, Body: body}, nil
}

func documentKey(url string) httpcache.Key { return httpcache.KeyOf("GET", url) }
