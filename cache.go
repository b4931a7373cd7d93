package msal

import (
	"log/slog"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/internal/acquire"
	"github.com/msal-go/msal/internal/tokencache"
)

// CacheOptions configures a TokenCache. The zero value keeps tokens in memory.
type CacheOptions struct {
	// Store keeps the tokens outside this process, such as in a file. Nil
	// keeps them in memory only; then nothing is ever serialized.
	Store cache.Store
	// MaxAccessTokens bounds the access tokens in memory; past it the least
	// recently used go. Zero means 500,000, a negative number no limit.
	// Refresh tokens and accounts are never dropped.
	MaxAccessTokens int
	// Logger gets warnings about the store. Nil is silent.
	Logger *slog.Logger
}

// A TokenCache holds tokens and accounts. Give the same one to every client
// that is to share them; a client that is given none makes its own.
//
// Finding a token takes the same time however many there are. A TokenCache is
// safe for concurrent use and must be made by NewTokenCache.
type TokenCache struct {
	index  *tokencache.Cache
	stored bool                 // whether there is a store, to which partitions matter
	road   acquire.Road[Result] // here, so that clients that share a cache share fetches
}

// NewTokenCache returns an empty cache over o.Store.
func NewTokenCache(o CacheOptions) *TokenCache {
	return &TokenCache{stored: o.Store != nil, index: tokencache.New(tokencache.Options{
		Store:           o.Store,
		MaxAccessTokens: o.MaxAccessTokens,
		Logger:          o.Logger,
	})}
}

// Marshal returns the whole cache in the JSON format that MSAL Python, .NET,
// Java, JavaScript and Go share. It holds secrets. Tokens acquired on behalf of
// a caller are left out, as they may answer only for that caller.
func (c *TokenCache) Marshal() ([]byte, error) {
	data, err := c.index.Marshal()
	if err != nil {
		return nil, &OpError{Op: "marshal the token cache", Kind: ErrCache, Err: err}
	}
	return data, nil
}

// Unmarshal replaces the content of the cache by what Marshal, or another
// library of the family, wrote. Members that this library does not know
// survive. On an error (ErrCache) the cache is as it was. A cache with a Store
// refuses: the store fills it.
func (c *TokenCache) Unmarshal(data []byte) error {
	if err := c.index.Unmarshal(data); err != nil {
		return &OpError{Op: "unmarshal the token cache", Kind: ErrCache, Hint: "nothing was changed", Err: err}
	}
	return nil
}
