package redisstore_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/cache/storetest"
	"github.com/msal-go/msal/redisstore"
	"github.com/redis/go-redis/v9"
)

// startAt starts a server at a TCP port as well. It may be taken by somebody
// between the look and the start, then the test fails.
func startAt(t *testing.T, port string, args ...string) *server {
	t.Helper()
	return startServer(t, append([]string{"--bind", "127.0.0.1", "--port", port}, args...)...)
}

func TestTLS(t *testing.T) {
	t.Parallel()
	certFile, keyFile, roots := certificate(t)
	port := freePorts(t, 1)[0]
	startServer(t, "--bind", "127.0.0.1", "--tls-port", port, "--tls-cert-file", certFile, "--tls-key-file", keyFile,
		"--tls-ca-cert-file", certFile, "--tls-auth-clients", "no")
	c := newClient(t, &redis.UniversalOptions{Addrs: []string{"127.0.0.1:" + port}, TLSConfig: &tls.Config{RootCAs: roots}})
	var n int
	storetest.Test(t, func(t *testing.T) cache.Store {
		n++
		return open(t, c, func(o *redisstore.Options) { o.Prefix = strconv.Itoa(n) + ":" })
	})
	stranger := newClient(t, &redis.UniversalOptions{Addrs: []string{"127.0.0.1:" + port}, TLSConfig: &tls.Config{}})
	_, _, err := open(t, stranger).Load(t.Context(), "x", "")
	wantKind(t, err, redisstore.ErrUnavailable)
	var unknown *tls.CertificateVerificationError
	if !errors.As(err, &unknown) {
		t.Errorf("%v does not say that the certificate is unknown", err)
	}
}

// certificate makes a certificate that is its own authority.
func certificate(t *testing.T) (certFile, keyFile string, roots *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "redis"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := errors.Join(os.WriteFile(certFile, certPEM, 0o600), os.WriteFile(keyFile, keyPEM, 0o600)); err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(certPEM)
	return certFile, keyFile, roots
}

// startCluster starts three primaries that share the slots.
func startCluster(t *testing.T) (nodes []*server, addrs []string) {
	t.Helper()
	ports := freePorts(t, 6)
	for i := range 3 {
		nodes = append(nodes, startAt(t, ports[i], "--cluster-enabled", "yes", "--cluster-port", ports[3+i], "--cluster-node-timeout", "1000",
			"--cluster-require-full-coverage", "no", "--cluster-config-file", "nodes"))
		addrs = append(addrs, "127.0.0.1:"+ports[i])
	}
	first := nodes[0].client(t)
	for i, n := range nodes {
		c := n.client(t)
		if err := c.Do(t.Context(), "CLUSTER", "ADDSLOTSRANGE", i*16384/3, (i+1)*16384/3-1).Err(); err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			if err := first.Do(t.Context(), "CLUSTER", "MEET", "127.0.0.1", ports[i], ports[3+i]).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, n := range nodes {
		c := n.client(t)
		eventually(t, "the cluster", func() bool {
			info := c.ClusterInfo(t.Context()).Val()
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:3")
		})
	}
	return nodes, addrs
}

func TestCluster(t *testing.T) {
	t.Parallel()
	nodes, addrs := startCluster(t)
	c := newClient(t, &redis.UniversalOptions{Addrs: addrs})
	if _, ok := c.(*redis.ClusterClient); !ok {
		t.Fatalf("the client is a %T", c)
	}
	n := 0
	storetest.Test(t, func(t *testing.T) cache.Store {
		n++
		return open(t, c, func(o *redisstore.Options) { o.Prefix = strconv.Itoa(n) + ":" })
	})

	// Both nodes of the application hear of changes on all nodes of the cluster.
	forAnHour := func(o *redisstore.Options) { o.MaxStaleness = time.Hour }
	counted := &counter{}
	other := newClient(t, &redis.UniversalOptions{Addrs: addrs})
	other.AddHook(counted)
	a, b := open(t, c, forAnHour, brisk), open(t, other, forAnHour, brisk)
	settle(t, b, counted)
	for i := range 20 {
		key := fmt.Sprintf("k%d", i)
		v := mustPut(t, a, key, "one")
		if _, now := mustLoad(t, b, key); now != v {
			t.Fatalf("version %q; want %q", now, v)
		}
		mustPut(t, a, key, "two")
		eventually(t, "the change to show", func() bool { _, now, _ := b.Load(t.Context(), key, v); return now != v })
	}

	if where, err := a.SetAside(t.Context(), "k0", []byte("two")); err != nil || where == "" {
		t.Errorf("SetAside = %q, %v", where, err)
	}

	// A node that is down takes its own partitions with it, and no others.
	nodes[0].kill()
	worked, failed := 0, 0
	eventually(t, "the cluster to know", func() bool {
		worked, failed = 0, 0
		for i := 1; i < 20; i++ {
			value, _, err := a.Load(t.Context(), fmt.Sprintf("k%d", i), "")
			switch {
			case err != nil:
				wantKind(t, err, redisstore.ErrUnavailable)
				failed++
			case string(value) != "two":
				t.Fatalf("k%d is %q", i, value)
			default:
				worked++
			}
		}
		return worked > 8
	})
	t.Logf("one of three nodes down: %d of 19 partitions work", worked)
	if failed == 0 {
		t.Error("the node that is down had no partition")
	}
}

func TestSentinelFailsOver(t *testing.T) {
	t.Parallel()
	ports := freePorts(t, 3)
	primary := startAt(t, ports[0])
	replica := startAt(t, ports[1], "--replicaof", "127.0.0.1 "+ports[0])
	r := replica.client(t)
	eventually(t, "the replica", func() bool {
		return strings.Contains(r.Info(t.Context(), "replication").Val(), "master_link_status:up")
	})
	conf := filepath.Join(t.TempDir(), "sentinel.conf")
	text := fmt.Sprintf("port %s\nbind 127.0.0.1\nsentinel monitor tokens 127.0.0.1 %s 1\nsentinel auth-pass tokens %s\n"+
		"sentinel down-after-milliseconds tokens 300\nsentinel failover-timeout tokens 2000\n", ports[2], ports[0], password)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	sentinel := startSentinel(t, conf, ports[2])
	eventually(t, "the sentinel to find the replica", func() bool {
		return strings.Contains(sentinel.Info(t.Context(), "sentinel").Val(), "slaves=1")
	})

	failover := func() redis.UniversalClient {
		return newClient(t, &redis.UniversalOptions{MasterName: "tokens", Addrs: []string{"127.0.0.1:" + ports[2]}})
	}
	a, b := open(t, failover(), brisk), open(t, failover(), brisk)
	v := mustPut(t, a, "x", "one")
	if err := primary.client(t).Do(t.Context(), "WAIT", 1, patience.Milliseconds()).Err(); err != nil {
		t.Fatal(err)
	}
	primary.kill()
	eventually(t, "the failover", func() bool {
		value, now, err := a.Load(t.Context(), "x", "")
		if err != nil {
			wantKind(t, err, redisstore.ErrUnavailable)
			return false
		}
		if string(value) != "one" || now != v {
			t.Fatalf("after the failover: %q, %q; want what was replicated", value, now)
		}
		_, err = put(t.Context(), a, "x", "two")
		if err != nil && !errors.Is(err, redisstore.ErrUnavailable) {
			wantKind(t, err, redisstore.ErrReadOnly)
		}
		return err == nil
	})
	// The other node hears of what is written now, or asks.
	eventually(t, "the other node", func() bool {
		value, _, err := b.Load(t.Context(), "x", "")
		return err == nil && string(value) == "two"
	})
}

// startSentinel starts a Sentinel and returns a client of it.
func startSentinel(t *testing.T, conf, port string) redis.UniversalClient {
	t.Helper()
	s := &server{path: program(t), dir: filepath.Dir(conf), args: []string{conf, "--sentinel"}, socket: "127.0.0.1:" + port}
	s.startWith(t, func() redis.UniversalClient {
		c := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{s.socket}})
		t.Cleanup(func() { _ = c.Close() })
		return c
	})
	t.Cleanup(s.kill)
	c := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{s.socket}})
	t.Cleanup(func() { _ = c.Close() })
	return c
}
