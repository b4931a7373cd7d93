package pkcs8

import (
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"fmt"
	"hash"

	"golang.org/x/crypto/scrypt"
)

// A file says itself how much work its passphrase costs, so a bad one could
// keep a processor busy for hours or eat the memory.
const (
	// MaxIterations of PBKDF2. OWASP recommends 600 000 at most; ten million
	// take a few seconds.
	MaxIterations = 10_000_000
	// maxScrypt bounds the memory, 128*N*r bytes, and the work, by p. OpenSSL
	// writes N=16384, r=8, p=1: 16 MiB.
	maxScryptMemory   = 256 << 20
	maxScryptParallel = 16
)

// CostError reports a key derivation that would take too long or too much
// memory.
type CostError struct {
	Derivation string // PBKDF2 or scrypt
	Limit      string // what is allowed
}

func (e *CostError) Error() string {
	return fmt.Sprintf("the private key asks for more work of %s than is allowed (%s): is the file genuine? If so, encrypt the key anew with fewer iterations", e.Derivation, e.Limit)
}

type pbkdf2Parameters struct {
	Salt       []byte
	Iterations int
	KeyLength  int       `asn1:"optional"`
	PRF        algorithm `asn1:"optional"`
}

type scryptParameters struct {
	Salt           []byte
	N, BlockSize   int
	Parallelism    int
	KeyLengthBytes int `asn1:"optional"`
}

// derivation makes the cipher's key.
type derivation func(passphrase []byte) ([]byte, error)

func readDerivation(a algorithm, size int) (derivation, error) {
	switch {
	case a.ID.Equal(oidPBKDF2):
		return readPBKDF2(a.Parameters.FullBytes, size)
	case a.ID.Equal(oidScrypt):
		return readScrypt(a.Parameters.FullBytes, size)
	}
	return nil, unsupported(a.ID)
}

func readPBKDF2(der []byte, size int) (derivation, error) {
	var p pbkdf2Parameters
	if err := parse(der, &p, "has malformed parameters of PBKDF2 (RFC 8018)"); err != nil {
		return nil, err
	}
	h, err := readPRF(p.PRF.ID)
	switch {
	case err != nil:
		return nil, err
	case len(p.Salt) == 0 || p.Iterations < 1:
		return nil, &FormatError{Reason: "has no salt or no iteration count"}
	case p.Iterations > MaxIterations:
		return nil, &CostError{"PBKDF2", fmt.Sprintf("%d iterations", MaxIterations)}
	case p.KeyLength != 0 && p.KeyLength != size:
		return nil, &FormatError{Reason: "has a key length that is not the cipher's"}
	}
	return func(passphrase []byte) ([]byte, error) {
		key, err := pbkdf2.Key(h, string(passphrase), p.Salt, p.Iterations, size)
		if err != nil { // FIPS mode refuses short salts and short keys
			return nil, &FormatError{Reason: "has parameters that this program's cryptography refuses", Err: err}
		}
		return key, nil
	}, nil
}

// readPRF names the hash of the HMAC; none means SHA-1 (RFC 8018, section A.2).
func readPRF(id asn1.ObjectIdentifier) (func() hash.Hash, error) {
	switch {
	case len(id) == 0, id.Equal(oidHMACSHA1):
		return sha1.New, nil
	case id.Equal(oidHMACSHA224):
		return sha256.New224, nil
	case id.Equal(oidHMACSHA256):
		return sha256.New, nil
	case id.Equal(oidHMACSHA384):
		return sha512.New384, nil
	case id.Equal(oidHMACSHA512):
		return sha512.New, nil
	}
	return nil, unsupported(id)
}

// readScrypt reads the parameters of RFC 7914, section 7.
func readScrypt(der []byte, size int) (derivation, error) {
	var p scryptParameters
	if err := parse(der, &p, "has malformed parameters of scrypt (RFC 7914)"); err != nil {
		return nil, err
	}
	const unit = 128
	switch {
	case p.N < 2 || p.N&(p.N-1) != 0 || p.BlockSize < 1 || p.Parallelism < 1:
		return nil, &FormatError{Reason: "has parameters that scrypt does not allow"}
	case p.N > maxScryptMemory/unit, p.BlockSize > maxScryptMemory/unit/p.N, p.Parallelism > maxScryptParallel:
		return nil, &CostError{"scrypt", fmt.Sprintf("%d MiB of memory and a parallelism of %d", maxScryptMemory>>20, maxScryptParallel)}
	case p.KeyLengthBytes != 0 && p.KeyLengthBytes != size:
		return nil, &FormatError{Reason: "has a key length that is not the cipher's"}
	}
	return func(passphrase []byte) ([]byte, error) {
		key, err := scrypt.Key(passphrase, p.Salt, p.N, p.BlockSize, p.Parallelism, size)
		if err != nil {
			return nil, &FormatError{Reason: "has parameters that scrypt does not allow", Err: err}
		}
		return key, nil
	}, nil
}
