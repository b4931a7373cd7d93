package pkcs8

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const passphrase = "correct-horse"

func stored(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		t.Fatalf("%s is not PEM", name)
	}
	return block.Bytes
}

func TestReadsWhatOpenSSLWrote(t *testing.T) {
	t.Parallel()
	plain := stored(t, "plain.pem")
	for _, name := range []string{"aes256-sha256", "aes192-sha512", "aes128-sha1", "des3-sha256", "scrypt"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sealed := stored(t, name+".pem")
			got, err := Decrypt(sealed, []byte(passphrase))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, plain) {
				t.Error("another key came out")
			}
			for _, wrong := range []string{"", "Correct-horse", passphrase + " "} {
				if got, err := Decrypt(sealed, []byte(wrong)); !errors.Is(err, ErrPassphrase) || got != nil {
					t.Errorf("with passphrase %q: err = %v, want ErrPassphrase", wrong, err)
				}
			}
		})
	}
}

func TestReadsWhatTheOpenSSLOfThisMachineWrites(t *testing.T) {
	t.Parallel()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("openssl is not installed; ./test.sh --install fetches it")
		}
		t.Skip("openssl is not installed")
	}
	const key = "testdata/plain.pem"
	for _, options := range []string{
		"", "-v2 aes-128-cbc", "-v2 aes-192-cbc", "-v2 aes-256-cbc", "-v2 des3",
		"-v2prf hmacWithSHA1", "-v2prf hmacWithSHA224", "-v2prf hmacWithSHA256", "-v2prf hmacWithSHA384", "-v2prf hmacWithSHA512",
		"-iter 1", "-iter 100000", "-scrypt", "-scrypt_N 1024 -scrypt_r 4 -scrypt_p 2",
	} {
		t.Run(options, func(t *testing.T) {
			t.Parallel()
			const odd = "pass phräse\U0001F511" // bytes as they are: no Unicode normalization
			args := append([]string{"pkcs8", "-topk8", "-in", key, "-outform", "DER", "-passout", "pass:" + odd}, strings.Fields(options)...)
			sealed, err := exec.CommandContext(t.Context(), openssl, args...).Output()
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decrypt(sealed, []byte(odd))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := x509.ParsePKCS8PrivateKey(got); err != nil {
				t.Error(err)
			}
		})
	}
}

// sealed builds an EncryptedPrivateKeyInfo with any parameters.
func sealed(t testing.TB, kdf, cipher algorithm, data []byte) []byte {
	t.Helper()
	return encode(t, encryptedKey{algorithm{oidPBES2, value(t, pbes2Parameters{kdf, cipher})}, data})
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	der, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func value(t testing.TB, v any) asn1.RawValue { return asn1.RawValue{FullBytes: encode(t, v)} }

func TestBadInputIsRefused(t *testing.T) {
	t.Parallel()
	salt, iv, data := []byte("saltsalt"), make([]byte, 16), make([]byte, 32)
	aes := algorithm{oidAES256, value(t, iv)}
	pbkdf := func(p pbkdf2Parameters) algorithm { return algorithm{oidPBKDF2, value(t, p)} }
	good := pbkdf(pbkdf2Parameters{Salt: salt, Iterations: 1})
	scrypt := func(n, r, p, length int) algorithm {
		return algorithm{oidScrypt, value(t, scryptParameters{salt, n, r, p, length})}
	}
	truncated := stored(t, "aes256-sha256.pem")
	null := asn1.RawValue{FullBytes: []byte{5, 0}}
	for _, tc := range []struct {
		name string
		der  []byte
		want any
	}{
		{"empty", nil, new(*FormatError)},
		{"text", []byte("secret"), new(*FormatError)},
		{"too large", make([]byte, maxInput+1), new(*FormatError)},
		{"not encrypted", stored(t, "plain.pem"), new(*FormatError)},
		{"cut", truncated[:len(truncated)-5], new(*FormatError)},
		{"more behind", append(bytes.Clone(truncated), 0), new(*FormatError)},
		{"old scheme", stored(t, "pbe-sha1-3des.pem"), new(*AlgorithmError)},
		{"unknown scheme", encode(t, encryptedKey{algorithm{asn1.ObjectIdentifier{1, 2, 3}, null}, data}), new(*AlgorithmError)},
		{"no parameters", encode(t, encryptedKey{algorithm{oidPBES2, null}, data}), new(*FormatError)},
		{"unknown cipher", sealed(t, good, algorithm{asn1.ObjectIdentifier{1, 2, 3}, value(t, iv)}, data), new(*AlgorithmError)},
		{"unknown derivation", sealed(t, algorithm{asn1.ObjectIdentifier{1, 2, 3}, null}, aes, data), new(*AlgorithmError)},
		{"unknown hash", sealed(t, pbkdf(pbkdf2Parameters{Salt: salt, Iterations: 1, PRF: algorithm{ID: asn1.ObjectIdentifier{1, 2, 3}, Parameters: null}}), aes, data), new(*AlgorithmError)},
		{"no iterations", sealed(t, pbkdf(pbkdf2Parameters{Salt: salt}), aes, data), new(*FormatError)},
		{"negative iterations", sealed(t, pbkdf(pbkdf2Parameters{Salt: salt, Iterations: -1}), aes, data), new(*FormatError)},
		{"no salt", sealed(t, pbkdf(pbkdf2Parameters{Iterations: 1}), aes, data), new(*FormatError)},
		{"other key length", sealed(t, pbkdf(pbkdf2Parameters{Salt: salt, Iterations: 1, KeyLength: 16}), aes, data), new(*FormatError)},
		{"days of work", sealed(t, pbkdf(pbkdf2Parameters{Salt: salt, Iterations: MaxIterations + 1}), aes, data), new(*CostError)},
		{"malformed PBKDF2", sealed(t, algorithm{oidPBKDF2, null}, aes, data), new(*FormatError)},
		{"scrypt takes all memory", sealed(t, scrypt(1<<30, 8, 1, 0), aes, data), new(*CostError)},
		{"scrypt takes all memory by blocks", sealed(t, scrypt(2, 1<<30, 1, 0), aes, data), new(*CostError)},
		{"scrypt takes all day", sealed(t, scrypt(1024, 8, 1<<20, 0), aes, data), new(*CostError)},
		{"scrypt N is no power of two", sealed(t, scrypt(1000, 8, 1, 0), aes, data), new(*FormatError)},
		{"scrypt without blocks", sealed(t, scrypt(1024, 0, 1, 0), aes, data), new(*FormatError)},
		{"scrypt key length", sealed(t, scrypt(1024, 8, 1, 7), aes, data), new(*FormatError)},
		{"malformed scrypt", sealed(t, algorithm{oidScrypt, null}, aes, data), new(*FormatError)},
		{"short vector", sealed(t, good, algorithm{oidAES256, value(t, iv[:8])}, data), new(*FormatError)},
		{"no vector", sealed(t, good, algorithm{oidAES256, null}, data), new(*FormatError)},
		{"half a block", sealed(t, good, aes, data[:24]), new(*FormatError)},
		{"nothing within", sealed(t, good, aes, nil), new(*FormatError)},
		{"noise within", sealed(t, good, aes, data), ErrPassphrase},
	} {
		got, err := Decrypt(tc.der, []byte(passphrase))
		if got != nil || err == nil {
			t.Errorf("%s: accepted", tc.name)
			continue
		}
		if sentinel, ok := tc.want.(error); ok && !errors.Is(err, sentinel) || !ok && !errors.As(err, tc.want) {
			t.Errorf("%s: err = %T %v, want %T", tc.name, err, err, tc.want)
		}
		if strings.Contains(err.Error(), passphrase) {
			t.Errorf("%s: the error shows the passphrase", tc.name)
		}
	}
}

func TestOldSchemesAreNamedWithTheRemedy(t *testing.T) {
	t.Parallel()
	_, err := Decrypt(stored(t, "pbe-sha1-3des.pem"), []byte(passphrase))
	var ae *AlgorithmError
	if !errors.As(err, &ae) || ae.Name != "PBE-SHA1-3DES" || !ae.Weak || !strings.Contains(err.Error(), "openssl pkcs8 -topk8") {
		t.Errorf("err = %v", err)
	}
}

func FuzzDecrypt(f *testing.F) {
	for _, name := range []string{"aes256-sha256", "aes192-sha512", "aes128-sha1", "pbe-sha1-3des", "plain"} {
		f.Add(stored(f, name+".pem"))
	}
	f.Add(sealed(f, algorithm{oidScrypt, value(f, scryptParameters{[]byte("salt"), 2, 1, 1, 32})}, algorithm{oidAES256, value(f, make([]byte, 16))}, make([]byte, 32)))
	f.Fuzz(func(t *testing.T, der []byte) {
		if expensive(der) {
			return
		}
		plain, err := Decrypt(der, []byte(passphrase))
		if err == nil && len(plain) >= len(der) || err != nil && plain != nil {
			t.Error("more came out than went in, or something beside an error")
		}
	})
}

// expensive finds the parameters that are allowed but would slow a fuzzer down.
func expensive(der []byte) bool {
	var s encryptedKey
	var p pbes2Parameters
	if parse(der, &s, "") != nil || parse(s.Algorithm.Parameters.FullBytes, &p, "") != nil {
		return false
	}
	var k pbkdf2Parameters
	var c scryptParameters
	return parse(p.Derivation.Parameters.FullBytes, &k, "") == nil && k.Iterations > 10_000 ||
		parse(p.Derivation.Parameters.FullBytes, &c, "") == nil && (c.N > 4096 || c.BlockSize > 64)
}
