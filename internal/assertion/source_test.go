package assertion

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const (
	audience = "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token?a=1&b=2"
	clientID = "client-1"
)

// open splits a compact JWS without any library.
func open(t *testing.T, jwt string) (header, claims map[string]any, signed, signature []byte) {
	t.Helper()
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts", len(parts))
	}
	var raw [3][]byte
	for i, p := range parts {
		var err error
		if raw[i], err = base64.RawURLEncoding.DecodeString(p); err != nil {
			t.Fatalf("part %d is not unpadded base64url: %v", i, err)
		}
	}
	for i, to := range []*map[string]any{&header, &claims} {
		d := json.NewDecoder(strings.NewReader(string(raw[i])))
		d.UseNumber()
		if err := d.Decode(to); err != nil {
			t.Fatal(err)
		}
	}
	return header, claims, []byte(parts[0] + "." + parts[1]), raw[2]
}

func mustNew(t *testing.T, k Key) *Source {
	t.Helper()
	s, err := New(k)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func assert(t *testing.T, s *Source) string {
	t.Helper()
	jwt, err := s.Assertion(t.Context(), audience, clientID)
	if err != nil {
		t.Fatal(err)
	}
	return jwt
}

func TestAssertionHeader(t *testing.T) {
	t.Parallel()
	m := made()
	sha1Sum, sha256Sum := sha1.Sum(m.leaf.Raw), sha256.Sum256(m.leaf.Raw)
	ecSum := sha256.Sum256(m.selfEC.Raw)
	std, raw := base64.StdEncoding.EncodeToString, base64.RawURLEncoding.EncodeToString
	chain := []*x509.Certificate{m.leaf, m.issuer, m.root}
	for _, tc := range []struct {
		name string
		key  Key
		want map[string]any
	}{
		{"PS256", Key{Signer: m.rsa, Certificates: chain}, map[string]any{"alg": "PS256", "typ": "JWT", "x5t#S256": raw(sha256Sum[:])}},
		{"RS256", Key{Signer: m.rsa, Certificates: chain, Legacy: true}, map[string]any{"alg": "RS256", "typ": "JWT", "x5t": raw(sha1Sum[:])}},
		{"ES256", Key{Signer: m.ec, Certificates: []*x509.Certificate{m.selfEC}}, map[string]any{"alg": "ES256", "typ": "JWT", "x5t#S256": raw(ecSum[:])}},
		{"leaf", Key{Signer: m.rsa, Certificates: chain, X5C: Leaf}, map[string]any{"alg": "PS256", "typ": "JWT", "x5t#S256": raw(sha256Sum[:]), "x5c": []any{std(m.leaf.Raw)}}},
		{"chain, legacy", Key{Signer: m.rsa, Certificates: chain, X5C: Chain, Legacy: true}, map[string]any{"alg": "RS256", "typ": "JWT", "x5t": raw(sha1Sum[:]), "x5c": []any{std(m.leaf.Raw), std(m.issuer.Raw), std(m.root.Raw)}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			header, _, _, _ := open(t, assert(t, mustNew(t, tc.key)))
			if fmt.Sprint(header) != fmt.Sprint(tc.want) {
				t.Errorf("header = %v\nwant %v", header, tc.want)
			}
		})
	}
}

func TestAssertionClaims(t *testing.T) {
	m := made()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(1500 * time.Millisecond) // a time with a fraction
		now := time.Now().Unix()
		s := mustNew(t, Key{Signer: m.rsa, Certificates: []*x509.Certificate{m.selfRSA}})
		_, claims, _, _ := open(t, assert(t, s))
		if names := slices.Sorted(maps.Keys(claims)); !slices.Equal(names, []string{"aud", "exp", "iat", "iss", "jti", "nbf", "sub"}) {
			t.Errorf("claims = %v", names)
		}
		for name, want := range map[string]any{
			"aud": audience, "iss": clientID, "sub": clientID,
			"iat": json.Number(fmt.Sprint(now)), "nbf": json.Number(fmt.Sprint(now)), "exp": json.Number(fmt.Sprint(now + 600)),
		} {
			if claims[name] != want {
				t.Errorf("%s = %v, want %v", name, claims[name], want)
			}
		}
		if id := fmt.Sprint(claims["jti"]); !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) {
			t.Errorf("jti = %s", id)
		}
	})
}

func TestExtraClaimsAddAndOverride(t *testing.T) {
	t.Parallel()
	m := made()
	nested := map[string]any{"a": 1}
	extra := map[string]any{"client_ip": "192.0.2.1", "sub": "other", "nested": nested}
	s := mustNew(t, Key{Signer: m.rsa, Certificates: []*x509.Certificate{m.selfRSA}, Claims: extra})
	extra["client_ip"], nested["a"] = "changed", 2
	_, claims, _, _ := open(t, assert(t, s))
	if claims["client_ip"] != "192.0.2.1" || claims["sub"] != "other" || claims["iss"] != clientID || fmt.Sprint(claims["nested"]) != "map[a:1]" {
		t.Errorf("claims = %v", claims)
	}
}

func TestSignaturesVerifyWithTheStandardLibrary(t *testing.T) {
	t.Parallel()
	m := made()
	for _, wrapped := range []bool{false, true} {
		signer := func(k crypto.Signer) crypto.Signer {
			if wrapped {
				return device{k, k.Sign}
			}
			return k
		}
		for range 8 { // ECDSA numbers with leading zeros included, sooner or later
			_, _, signed, sig := open(t, assert(t, mustNew(t, Key{Signer: signer(m.rsa), Certificates: []*x509.Certificate{m.selfRSA}})))
			sum := sha256.Sum256(signed)
			if err := rsa.VerifyPSS(&m.rsa.PublicKey, crypto.SHA256, sum[:], sig, &rsa.PSSOptions{SaltLength: 32}); err != nil {
				t.Errorf("PS256: %v", err)
			}
			_, _, signed, sig = open(t, assert(t, mustNew(t, Key{Signer: signer(m.rsa), Certificates: []*x509.Certificate{m.selfRSA}, Legacy: true})))
			sum = sha256.Sum256(signed)
			if err := rsa.VerifyPKCS1v15(&m.rsa.PublicKey, crypto.SHA256, sum[:], sig); err != nil {
				t.Errorf("RS256: %v", err)
			}
			_, _, signed, sig = open(t, assert(t, mustNew(t, Key{Signer: signer(m.ec), Certificates: []*x509.Certificate{m.selfEC}})))
			sum = sha256.Sum256(signed)
			if len(sig) != 64 || !ecdsa.Verify(&m.ec.PublicKey, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
				t.Error("ES256 does not verify")
			}
		}
	}
}

func TestSignaturesVerifyWithOpenSSL(t *testing.T) {
	t.Parallel()
	openssl := findOpenSSL(t)
	m := made()
	for _, legacy := range []bool{false, true} {
		_, _, signed, sig := open(t, assert(t, mustNew(t, Key{Signer: m.rsa, Certificates: []*x509.Certificate{m.selfRSA}, Legacy: legacy})))
		dir := t.TempDir()
		write(t, dir, "cert.pem", certPEM(m.selfRSA))
		write(t, dir, "data", string(signed))
		write(t, dir, "sig", string(sig))
		public := run(t, dir, openssl, "x509", "-in", "cert.pem", "-noout", "-pubkey")
		write(t, dir, "pub.pem", public)
		args := []string{"dgst", "-sha256", "-verify", "pub.pem", "-signature", "sig"}
		if !legacy {
			args = append(args, "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32")
		}
		if out := run(t, dir, openssl, append(args, "data")...); !strings.Contains(out, "Verified OK") {
			t.Errorf("legacy=%t: %s", legacy, out)
		}
	}
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	var errors strings.Builder
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, errors.String())
	}
	return string(out)
}

func TestAssertionIsReusedUntilAMinuteBeforeItsEnd(t *testing.T) {
	m := made()
	synctest.Test(t, func(t *testing.T) {
		s := mustNew(t, Key{Signer: m.ec, Certificates: []*x509.Certificate{m.selfEC}})
		first := assert(t, s)
		time.Sleep(9*time.Minute - time.Nanosecond)
		if assert(t, s) != first {
			t.Error("signed again within nine minutes")
		}
		time.Sleep(time.Nanosecond)
		second := assert(t, s)
		if second == first {
			t.Error("an assertion with one minute left was handed out")
		}
		if other, _ := s.Assertion(t.Context(), "https://other/token", clientID); other == second {
			t.Error("shared between audiences")
		}
		if other, _ := s.Assertion(t.Context(), audience, "client-2"); other == second {
			t.Error("shared between clients")
		}
	})
}

func TestConcurrentCallersShareOneSignature(t *testing.T) {
	m := made()
	synctest.Test(t, func(t *testing.T) {
		var signs atomic.Int32
		slow := device{m.ec, func(r io.Reader, d []byte, o crypto.SignerOpts) ([]byte, error) {
			signs.Add(1)
			time.Sleep(time.Second)
			return m.ec.Sign(r, d, o)
		}}
		s := mustNew(t, Key{Signer: slow, Certificates: []*x509.Certificate{m.selfEC}})
		var mu sync.Mutex
		var wg sync.WaitGroup
		seen := map[string]int{}
		for range 50 {
			wg.Go(func() {
				jwt := assert(t, s)
				mu.Lock()
				seen[jwt]++
				mu.Unlock()
			})
		}
		wg.Wait()
		if signs.Load() != 1 || len(seen) != 1 {
			t.Errorf("%d signatures, %d different assertions", signs.Load(), len(seen))
		}
	})
}

func TestCallerWhoGivesUpDoesNotFailOthers(t *testing.T) {
	m := made()
	synctest.Test(t, func(t *testing.T) {
		slow := device{m.ec, func(r io.Reader, d []byte, o crypto.SignerOpts) ([]byte, error) {
			time.Sleep(time.Minute)
			return m.ec.Sign(r, d, o)
		}}
		s := mustNew(t, Key{Signer: slow, Certificates: []*x509.Certificate{m.selfEC}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			start := time.Now()
			if _, err := s.Assertion(ctx, audience, clientID); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
				t.Errorf("first caller: %v after %v", err, time.Since(start))
			}
		})
		synctest.Wait()
		wg.Go(func() { assert(t, s) })
		wg.Wait()
		if _, err := s.Assertion(ctx, audience, clientID); err != nil {
			t.Errorf("what is there needs no waiting: %v", err)
		}
	})
}

func TestFailedSignatureIsReportedAndNotKept(t *testing.T) {
	t.Parallel()
	m := made()
	broken := errors.New("token removed")
	fail := true
	dev := device{m.ec, func(r io.Reader, d []byte, o crypto.SignerOpts) ([]byte, error) {
		if fail {
			return nil, broken
		}
		return m.ec.Sign(r, d, o)
	}}
	s := mustNew(t, Key{Signer: dev, Certificates: []*x509.Certificate{m.selfEC}})
	_, err := s.Assertion(t.Context(), audience, clientID)
	var se *SignError
	if !errors.As(err, &se) || !errors.Is(err, broken) || err.Error() != "signing the client assertion: token removed" {
		t.Fatalf("err = %v, want *SignError", err)
	}
	fail = false
	assert(t, s)
}

func TestWrongSignatureIsNoticed(t *testing.T) {
	t.Parallel()
	m := made()
	for name, sign := range map[string]func(io.Reader, []byte, crypto.SignerOpts) ([]byte, error){
		"PKCS 1 instead of PSS": func(r io.Reader, d []byte, _ crypto.SignerOpts) ([]byte, error) {
			return m.rsa.Sign(r, d, crypto.SHA256)
		},
		"longest salt": func(r io.Reader, d []byte, _ crypto.SignerOpts) ([]byte, error) {
			return m.rsa.Sign(r, d, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto, Hash: crypto.SHA256})
		},
		"other key": func(r io.Reader, d []byte, o crypto.SignerOpts) ([]byte, error) { return m.rsaOther.Sign(r, d, o) },
		"empty":     func(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, nil },
	} {
		s := mustNew(t, Key{Signer: device{m.rsa, sign}, Certificates: []*x509.Certificate{m.selfRSA}})
		_, err := s.Assertion(t.Context(), audience, clientID)
		var se *SignError
		if !errors.As(err, &se) || !errors.Is(err, ErrWrongSignature) {
			t.Errorf("%s: err = %v, want *SignError", name, err)
		}
	}
	for _, legacy := range []bool{true, false} {
		key, cert := crypto.Signer(m.rsa), m.selfRSA
		if !legacy {
			key, cert = m.ec, m.selfEC
		}
		garbage := device{key, func(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return []byte("garbage"), nil }}
		s := mustNew(t, Key{Signer: garbage, Certificates: []*x509.Certificate{cert}, Legacy: legacy})
		if _, err := s.Assertion(t.Context(), audience, clientID); !errors.Is(err, ErrWrongSignature) {
			t.Errorf("garbage, legacy=%t: err = %v", legacy, err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	m := made()
	certs := func(c ...*x509.Certificate) []*x509.Certificate { return c }
	var nilRSA *rsa.PrivateKey
	var nilEC *ecdsa.PrivateKey
	p384 := certify("p384", &m.ecOther.PublicKey, nil, m.ecOther)
	short := certify("short", &m.rsaShort.PublicKey, m.root, m.ec)
	edCert := certify("ed", m.ed.Public(), m.root, m.ec)
	for _, tc := range []struct {
		name string
		key  Key
		want any // sentinel or pointer to a type
		hint string
	}{
		{"no key", Key{Certificates: certs(m.leaf)}, ErrNoKey, "PRIVATE KEY"},
		{"nil RSA key", Key{Signer: nilRSA, Certificates: certs(m.leaf)}, ErrNoKey, "PRIVATE KEY"},
		{"nil EC key", Key{Signer: nilEC, Certificates: certs(m.leaf)}, ErrNoKey, "PRIVATE KEY"},
		{"no certificate", Key{Signer: m.rsa}, ErrNoCertificate, "registered"},
		{"nil certificate", Key{Signer: m.rsa, Certificates: certs(nil)}, ErrNoCertificate, "registered"},
		{"nil in chain", Key{Signer: m.rsa, Certificates: certs(m.leaf, nil)}, ErrNoCertificate, "registered"},
		{"unparsed certificate", Key{Signer: m.rsa, Certificates: certs(&x509.Certificate{PublicKey: &m.rsa.PublicKey})}, ErrNoCertificate, "parsed"},
		{"other key", Key{Signer: m.rsaOther, Certificates: certs(m.leaf)}, new(*KeyMismatchError), "belong together"},
		{"other kind of key", Key{Signer: m.ec, Certificates: certs(m.leaf)}, new(*KeyMismatchError), "belong together"},
		{"leaf last", Key{Signer: m.rsa, Certificates: certs(m.issuer, m.leaf)}, new(*KeyMismatchError), "number 2"},
		{"short RSA", Key{Signer: m.rsaShort, Certificates: certs(short)}, new(*KeyTypeError), "1024 bits"},
		{"P-384", Key{Signer: m.ecOther, Certificates: certs(p384)}, new(*KeyTypeError), "P-384"},
		{"Ed25519", Key{Signer: m.ed, Certificates: certs(edCert)}, new(*KeyTypeError), "Ed25519"},
		{"legacy EC", Key{Signer: m.ec, Certificates: certs(m.selfEC), Legacy: true}, new(*KeyTypeError), "RS256"},
		{"x5c", Key{Signer: m.rsa, Certificates: certs(m.leaf), X5C: 7}, ErrX5C, "Leaf"},
		{"claims", Key{Signer: m.rsa, Certificates: certs(m.leaf), Claims: map[string]any{"f": func() {}}}, new(*ClaimsError), `"f"`},
	} {
		s, err := New(tc.key)
		if s != nil || err == nil {
			t.Errorf("%s: accepted", tc.name)
			continue
		}
		if sentinel, ok := tc.want.(error); ok && !errors.Is(err, sentinel) || !ok && !errors.As(err, tc.want) {
			t.Errorf("%s: err = %T %v, want %T", tc.name, err, err, tc.want)
		}
		if !shows(err, tc.hint) {
			t.Errorf("%s: %q does not say %q", tc.name, err, tc.hint)
		}
	}
}

func TestExpiredCertificateIsReportedAndStillSigns(t *testing.T) {
	m := made()
	synctest.Test(t, func(t *testing.T) {
		s := mustNew(t, Key{Signer: m.rsa, Certificates: []*x509.Certificate{m.selfRSA}})
		end := m.selfRSA.NotAfter
		for at, want := range map[time.Time]bool{end.Add(-time.Second): false, end: false, end.Add(time.Second): true} {
			if until, expired := s.Expired(at); expired != want || !until.Equal(end) {
				t.Errorf("at %v: %v, %t", at, until, expired)
			}
		}
		time.Sleep(time.Until(end.Add(time.Hour)))
		assert(t, s)
	})
}

func TestMemoIsBounded(t *testing.T) {
	m := made()
	synctest.Test(t, func(t *testing.T) {
		// Only the bookkeeping matters here, so the signatures are spared.
		s := mustNew(t, Key{Signer: m.ec, Certificates: []*x509.Certificate{m.selfEC}})
		done := make(chan struct{})
		close(done)
		for i := range maxMemo {
			s.memo[identity{fmt.Sprint(i), clientID}] = &entry{done: done, jwt: "x", until: time.Now().Add(time.Duration(i+1) * time.Minute)}
		}
		assert(t, s)
		if _, there := s.memo[identity{"0", clientID}]; there || len(s.memo) != maxMemo {
			t.Errorf("%d entries; the one that expires first is there: %t", len(s.memo), there)
		}
		time.Sleep(100*time.Minute + time.Second)
		assert(t, s)
		if n := len(s.memo); n != maxMemo-99 {
			t.Errorf("%d entries after 99 more of %d and our own have expired", n, maxMemo)
		}
	})
}

// shows reports whether an error's text has text in it: for hints that must be
// there and secrets that must not.
func shows(err error, text string) bool { return strings.Contains(fmt.Sprint(err), text) }

// findOpenSSL returns the path of the stranger that judges what is signed here.
func findOpenSSL(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("openssl is not installed; ./test.sh --install fetches it")
		}
		t.Skip("openssl is not installed")
	}
	return path
}
