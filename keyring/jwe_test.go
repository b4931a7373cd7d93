package keyring

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

// testKey is a key that the kernel might keep.
type testKey struct {
	key  []byte
	lost int // the number of one that was there before
}

func (k *testKey) find() ([]byte, int, error) { return k.key, 7, nil }

func (k *testKey) gone(serial int) bool { return k.lost != 0 && serial == k.lost }

func (k *testKey) make() ([]byte, int, error) {
	if k.key == nil {
		k.key = bytes.Repeat([]byte{5}, azidentityKeySize)
	}
	return k.find()
}

// The vector of RFC 7518 appendix B.1 has additional data, so of it only the
// ciphertext can be ours, not the tag.
func TestTheCiphertextIsThatOfTheRFC(t *testing.T) {
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	key := unhex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
	iv := unhex("1af38c2dc2b96ffdd86694092341bc04")
	sealed, _, err := sealCBC(key, iv, []byte("A cipher system must not be required to be secret, and it must be able to fall into the hands of the enemy without inconvenience"))
	if err != nil {
		t.Fatal(err)
	}
	if want := unhex("c80edfa32ddf39d5ef00c0b468834279"); !bytes.Equal(sealed[:16], want) || len(sealed) != 144 {
		t.Errorf("%d bytes that begin with %x, want 144 with %x", len(sealed), sealed[:16], want)
	}
}

func TestSealedCachesComeBack(t *testing.T) {
	c := azidentityJWE{&testKey{}}
	for size := range 70 {
		value := bytes.Repeat([]byte{'x'}, size)
		text, err := c.encode(value)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(text, []byte("eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2Iiwia2lkIjoiNyJ9..")) {
			t.Fatalf("it begins with %.80s", text)
		}
		if got, err := c.decode(text); err != nil || !bytes.Equal(got, value) {
			t.Errorf("%d bytes: %q, %v", size, got, err)
		}
	}
}

func TestACacheWhoseKeyIsGoneIsEmpty(t *testing.T) {
	text, err := azidentityJWE{&testKey{}}.encode([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if value, err := (azidentityJWE{&testKey{}}).decode(text); value != nil || err != nil {
		t.Errorf("%q, %v", value, err)
	}
}

// The key that is there is number 7.
func TestOnlyTheNumberOfAKeyThatIsGoneExcusesAWrongSeal(t *testing.T) {
	k := &testKey{lost: 6}
	good, err := azidentityJWE{k}.encode([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	_, sealed, _ := bytes.Cut(good, []byte("."))
	k.key = bytes.Repeat([]byte{6}, azidentityKeySize)
	for id, want := range map[string]error{"6": nil, "7": ErrDamaged, "8": ErrDamaged, "": ErrDamaged, "-3": ErrDamaged, "4294967302": ErrDamaged} {
		header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"dir","enc":"A128CBC-HS256","kid":"` + id + `"}`))
		value, err := azidentityJWE{k}.decode([]byte(header + "." + string(sealed)))
		if value != nil || !errors.Is(err, want) {
			t.Errorf("kid %q: %q, %v; want %v", id, value, err, want)
		}
	}
}

func TestAWrongSealIsDamage(t *testing.T) {
	k := &testKey{}
	good, err := azidentityJWE{k}.encode([]byte(`{"AccessToken":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(good), ".")
	with := func(i int, part string) string {
		changed := append([]string(nil), parts...)
		changed[i] = part
		return strings.Join(changed, ".")
	}
	for name, text := range map[string]string{
		"json":             `{"AccessToken":{}}`,
		"four parts":       strings.Join(parts[:4], "."),
		"encrypted key":    with(1, "AAAA"),
		"no base64":        with(3, "!"),
		"padded base64":    with(4, parts[4]+"=="),
		"header no JSON":   with(0, "AAAA"),
		"other encryption": with(0, "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0"),
		"short vector":     with(2, "AAAA"),
		"no ciphertext":    with(3, ""),
		"other ciphertext": with(3, strings.Repeat("A", 43)),
		"no tag":           with(4, ""),
		"other tag":        with(4, strings.Repeat("A", 22)),
	} {
		if _, err := (azidentityJWE{k}).decode([]byte(text)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v, want ErrDamaged", name, err)
		}
	}
	if _, err := (azidentityJWE{&testKey{key: bytes.Repeat([]byte{6}, azidentityKeySize)}}).decode(good); !errors.Is(err, ErrDamaged) {
		t.Errorf("another key: %v, want ErrDamaged", err)
	}
}

func FuzzSealedCache(f *testing.F) {
	k := &testKey{}
	good, err := azidentityJWE{k}.encode([]byte("value"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("e30....."))
	f.Fuzz(func(t *testing.T, text []byte) {
		value, err := azidentityJWE{k}.decode(text)
		if err != nil && !errors.Is(err, ErrDamaged) || err == nil && !bytes.Equal(value, []byte("value")) {
			t.Errorf("%q, %v", value, err)
		}
	})
}
