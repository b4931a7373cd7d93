package redisstore_test

import (
	"crypto/rand"
	"fmt"
	"log"
	"os"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/redisstore"
	"github.com/redis/go-redis/v9"
)

func Example() {
	client := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs: []string{"localhost:6379"}, Password: os.Getenv("REDIS_PASSWORD"), ContextTimeoutEnabled: true,
	})
	defer client.Close()
	key := make([]byte, cache.KeySize) // in a program: from where all nodes find it
	if _, err := rand.Read(key); err != nil {
		log.Fatal(err)
	}
	keys, err := cache.NewKeyRing(key)
	if err != nil {
		log.Fatal(err)
	}
	store, err := redisstore.New(redisstore.Options{Client: client, Cipher: keys})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	svc, err := msal.NewConfidentialClient("client-id", msal.Secret("client-secret"), msal.Options{
		Authority: "https://login.microsoftonline.com/contoso.com",
		Cache:     msal.NewTokenCache(msal.CacheOptions{Store: store}),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(svc, "with the", store)
	// Output: client client-id of https://login.microsoftonline.com/contoso.com with the Redis store msal:
}

// Sentinel finds the primary, also after a failover; a Cluster needs only some of
// its nodes.
func ExampleNew() {
	sentinels := redis.NewUniversalClient(&redis.UniversalOptions{
		MasterName: "tokens", Addrs: []string{"a.example:26379", "b.example:26379", "c.example:26379"}, ContextTimeoutEnabled: true,
	})
	defer sentinels.Close()
	cluster := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs: []string{"a.example:6379", "b.example:6379"}, ContextTimeoutEnabled: true,
	})
	defer cluster.Close()
	keys, err := cache.NewKeyRing(make([]byte, cache.KeySize))
	if err != nil {
		log.Fatal(err)
	}
	for _, client := range []redis.UniversalClient{sentinels, cluster} {
		store, err := redisstore.New(redisstore.Options{Client: client, Cipher: keys, Outage: redisstore.FailOpen})
		if err != nil {
			log.Fatal(err)
		}
		defer store.Close()
	}
	_, err = redisstore.New(redisstore.Options{Client: cluster})
	fmt.Println(err)
	// Output: redisstore: Options.Cipher: give one, such as a cache.KeyRing, or say InsecurePlainText
}
