package interop

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/msal-go/msal"
)

// Keys and certificates as OpenSSL writes them, through the API that people
// use. Every accepted one brings a token.

// keyPassphrase is not ASCII on purpose, and never shows.
const keyPassphrase = "pässe-never-shown"

// workshop is a folder with keys and certificates made by OpenSSL:
//
//	key.pem leaf.pem            RSA, certified by issuer.pem, certified by root.pem
//	ec.pem eccert.pem           P-256, self-signed
//	p384.pem p384cert.pem       P-384, self-signed
//	ed.pem edcert.pem           Ed25519, self-signed
//	short.pem shortcert.pem     RSA of 1024 bits, self-signed
func workshop(t *testing.T) string {
	t.Helper()
	program(t, "openssl")
	dir := t.TempDir()
	script(t, dir, `
		ca() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.pem -subj /CN=$1 -days 30 $2 $3 $4 $5; }
		ca root
		ca issuer -CA root.pem -CAkey root.key
		self() { openssl req -x509 -new -key $1.pem -out $1cert.pem -subj /CN=$1 -days 30; }
		openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem
		openssl req -x509 -new -key key.pem -out leaf.pem -subj "/CN=interop leaf" -days 30 -CA issuer.pem -CAkey issuer.key
		openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem; self ec
		openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out p384.pem; self p384
		openssl genpkey -algorithm ED25519 -out ed.pem; self ed
		openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out short.pem; self short`)
	return dir
}

// script runs a shell script in dir, with PASS in the environment.
func script(t *testing.T, dir, text string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t, "sh"), "-ec", text)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "PASS="+keyPassphrase)
	output(t, nil, cmd)
}

// opensslCase is a file that OpenSSL writes, and what becomes of it.
type opensslCase struct {
	name   string
	script string // writes the file "out"
	reason msal.CredentialReason
	hint   string // of the error
	chain  int    // certificates of an accepted one; 0 means 1
	sealed bool   // an accepted one needs the passphrase
}

func (tc opensslCase) check(t *testing.T, dir string, parse func([]byte, msal.Secret) (msal.Certificate, error)) {
	t.Helper()
	script(t, dir, "rm -f out; "+tc.script)
	data, err := os.ReadFile(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	cert, err := parse(data, keyPassphrase)
	if err == nil {
		_, err = msal.NewConfidentialClient("id", cert, msal.Options{})
	}
	if tc.reason != "" {
		wantRefusal(t, err, tc.reason, tc.hint)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(cert.Chain) != max(tc.chain, 1) {
		t.Errorf("the chain has %d certificates, want %d", len(cert.Chain), max(tc.chain, 1))
	}
	for i, issuer := range cert.Chain[1:] {
		if err := cert.Chain[i].CheckSignatureFrom(issuer); err != nil {
			t.Errorf("certificate %d does not certify the one before: %v", i+1, err)
		}
	}
	cert.SendX5C = msal.X5CChain
	assertionCase{credential: cert}.assertion(t) // which brings a token
	if tc.sealed {
		_, err = parse(data, keyPassphrase+" ")
		wantRefusal(t, err, msal.CredentialPassphrase, "passphrase is wrong")
	}
}

// wantRefusal fails unless err has the reason and the hint, and no secret.
func wantRefusal(t *testing.T, err error, reason msal.CredentialReason, hint string) {
	t.Helper()
	var refused *msal.CredentialError
	if !errors.As(err, &refused) || refused.Reason != reason || !errors.Is(err, msal.ErrConfiguration) {
		t.Fatalf("got %T %v, want a *CredentialError with reason %q", err, err, reason)
	}
	text := err.Error() // here the text is what is tested: people read it
	if !strings.Contains(text, hint) {
		t.Errorf("got %q, want the hint %q", text, hint)
	}
	if strings.Contains(text, "never-shown") {
		t.Error("the error shows the passphrase")
	}
}

func TestPFXFilesOfOpenSSL(t *testing.T) {
	const (
		export = `openssl pkcs12 -export -passout env:PASS -out out `
		rsa    = export + `-inkey key.pem -in leaf.pem `
		anew   = "-keypbe AES-256-CBC"
		signs  = "RSA key of at least 2048 bits"
	)
	dir := workshop(t)
	for _, tc := range []opensslCase{
		{name: "modern", script: rsa},
		{name: "legacy", script: rsa + `-legacy`},
		{name: "legacy, strong certificates", script: rsa + `-legacy -descert`},
		{name: "legacy, RC2 for the key", script: rsa + `-legacy -keypbe PBE-SHA1-RC2-128 -certpbe PBE-SHA1-RC2-128`},
		{name: "SHA-1 MAC", script: rsa + `-macalg sha1`},
		{name: "SHA-512 MAC", script: rsa + `-macalg sha512`},
		{name: "MAC of one iteration", script: rsa + `-nomaciter`},
		{name: "one iteration", script: rsa + `-noiter`},
		{name: "AES-128 and AES-192", script: rsa + `-keypbe AES-128-CBC -certpbe AES-192-CBC`},
		{name: "key not encrypted", script: rsa + `-keypbe NONE`},
		{name: "certificates not encrypted", script: rsa + `-certpbe NONE`},
		{name: "nothing encrypted", script: rsa + `-keypbe NONE -certpbe NONE`},
		{name: "key usage signature", script: rsa + `-keysig`},
		{name: "key usage exchange", script: rsa + `-keyex`},
		{name: "names", script: rsa + `-name "my app" -caname issuer -CSP "Microsoft Enhanced RSA and AES Cryptographic Provider"`},
		{name: "chain", script: rsa + `-certfile issuer.pem`, chain: 2},
		{name: "chain from the root", script: `cat root.pem issuer.pem >ca.pem; ` + rsa + `-certfile ca.pem`, chain: 3},
		{name: "leaf between its issuers", script: `cat issuer.pem leaf.pem root.pem >all.pem; ` + export + `-inkey key.pem -in all.pem`, chain: 3},
		{name: "P-256", script: export + `-inkey ec.pem -in eccert.pem`},

		{name: "P-384", script: export + `-inkey p384.pem -in p384cert.pem`, reason: msal.CredentialKeyType, hint: signs},
		{name: "Ed25519", script: export + `-inkey ed.pem -in edcert.pem`, reason: msal.CredentialKeyType, hint: signs},
		{name: "short RSA", script: export + `-inkey short.pem -in shortcert.pem`, reason: msal.CredentialKeyType, hint: "has 1024 bits"},
		{name: "no MAC", script: rsa + `-nomac`, reason: msal.CredentialEncryption, hint: "without -nomac"},
		{name: "MD5 MAC", script: rsa + `-macalg md5`, reason: msal.CredentialEncryption, hint: anew},
		{name: "SHA-384 MAC", script: rsa + `-macalg sha384`, reason: msal.CredentialEncryption, hint: anew},
		{name: "ARIA certificates", script: rsa + `-certpbe aria-128-cbc`, reason: msal.CredentialEncryption, hint: anew},
		{name: "RC4 key", script: rsa + `-legacy -keypbe PBE-SHA1-RC4-128`, reason: msal.CredentialMalformed, hint: anew},
		{name: "no key", script: export + `-nokeys -in leaf.pem`, reason: msal.CredentialNoKey, hint: "with its private key"},
		{name: "no certificate", script: export + `-nocerts -inkey key.pem -in key.pem`, reason: msal.CredentialNoCertificate, hint: "together with it"},
		{name: "base64", script: rsa + `&& base64 out >b64 && mv b64 out`, reason: msal.CredentialMalformed, hint: "decoded first"},
		{name: "another password", script: strings.Replace(rsa, "env:PASS", "pass:other", 1), reason: msal.CredentialPassphrase, hint: "passphrase is wrong"},
		{name: "empty password", script: strings.Replace(rsa, "env:PASS", "pass:", 1), reason: msal.CredentialPassphrase, hint: "passphrase is wrong"},
	} {
		tc.sealed = true
		t.Run(tc.name, func(t *testing.T) { tc.check(t, dir, msal.ParsePFX) })
	}
}

func TestEncryptedKeysOfOpenSSL(t *testing.T) {
	const (
		leaf   = `; cat k.pem leaf.pem >out`
		seal   = `openssl pkcs8 -topk8 -in key.pem -passout env:PASS -out k.pem `
		legacy = seal + `-provider default -provider legacy `
		advice = "-v2 aes-256-cbc"
	)
	dir := workshop(t)
	for _, tc := range []opensslCase{
		{name: "default", script: seal + leaf},
		{name: "3DES", script: seal + `-v2 des3` + leaf},
		{name: "AES-128", script: seal + `-v2 aes-128-cbc` + leaf},
		{name: "AES-192", script: seal + `-v2 aes-192-cbc` + leaf},
		{name: "AES-256", script: seal + `-v2 aes-256-cbc` + leaf},
		{name: "PRF SHA-1", script: seal + `-v2prf hmacWithSHA1` + leaf},
		{name: "PRF SHA-224", script: seal + `-v2prf hmacWithSHA224` + leaf},
		{name: "PRF SHA-256", script: seal + `-v2prf hmacWithSHA256` + leaf},
		{name: "PRF SHA-384", script: seal + `-v2prf hmacWithSHA384` + leaf},
		{name: "PRF SHA-512", script: seal + `-v2prf hmacWithSHA512` + leaf},
		{name: "scrypt", script: seal + `-scrypt` + leaf},
		{name: "P-256", script: `openssl pkcs8 -topk8 -in ec.pem -passout env:PASS -out k.pem; cat k.pem eccert.pem >out`},
		{name: "from a PFX file, with bag attributes", script: `openssl pkcs12 -export -inkey key.pem -in leaf.pem -certfile issuer.pem -name app -passout env:PASS -out a.pfx
			openssl pkcs12 -in a.pfx -passin env:PASS -passout env:PASS -out out; grep -q "Bag Attributes" out`, chain: 2},

		{name: "Ed25519", script: `openssl pkcs8 -topk8 -in ed.pem -passout env:PASS -out k.pem; cat k.pem edcert.pem >out`, reason: msal.CredentialKeyType, hint: "Ed25519"},
		{name: "Camellia", script: seal + `-v2 camellia-256-cbc` + leaf, reason: msal.CredentialEncryption, hint: advice},
		{name: "AES in another mode", script: seal + `-v2 aes-256-ofb` + leaf, reason: msal.CredentialEncryption, hint: advice},
		{name: "RC2", script: legacy + `-v2 rc2` + leaf, reason: msal.CredentialEncryption, hint: "RC2-CBC is not secure"},
		{name: "DES", script: legacy + `-v2 des` + leaf, reason: msal.CredentialEncryption, hint: "DES-CBC is not secure"},
		{name: "PRF MD5", script: seal + `-v2prf hmacWithMD5` + leaf, reason: msal.CredentialEncryption, hint: advice},
		{name: "version 1, 3DES", script: seal + `-v1 PBE-SHA1-3DES` + leaf, reason: msal.CredentialEncryption, hint: "PBE-SHA1-3DES is not secure"},
		{name: "version 1, MD5 and DES", script: legacy + `-v1 PBE-MD5-DES` + leaf, reason: msal.CredentialEncryption, hint: "PBE-MD5-DES is not secure"},
		{name: "RFC 1423, RSA", script: `openssl rsa -in key.pem -traditional -aes256 -passout env:PASS -out k.pem` + leaf, reason: msal.CredentialEncryption, hint: "RFC 1423"},
		{name: "RFC 1423, EC", script: `openssl ec -in ec.pem -aes128 -passout env:PASS -out k.pem; cat k.pem eccert.pem >out`, reason: msal.CredentialEncryption, hint: "openssl pkcs8 -topk8"},
		{name: "another passphrase", script: strings.Replace(seal, "env:PASS", "pass:other", 1) + leaf, reason: msal.CredentialPassphrase, hint: "passphrase is wrong"},
		{name: "certificate of another key", script: seal + `; cat k.pem eccert.pem >out`, reason: msal.CredentialMismatch, hint: "belong together"},
	} {
		tc.sealed = true
		t.Run(tc.name, func(t *testing.T) { tc.check(t, dir, msal.ParseEncryptedCertificate) })
	}
}

func TestPEMFilesOfOpenSSL(t *testing.T) {
	const (
		joined = `cat key.pem leaf.pem | `
		bom    = `printf '\357\273\277'; `
		key    = ` -out k.pem; cat k.pem leaf.pem >out`
	)
	dir := workshop(t)
	parse := func(data []byte, _ msal.Secret) (msal.Certificate, error) { return msal.ParseCertificate(data) }
	for _, tc := range []opensslCase{
		{name: "key and certificate", script: `cat key.pem leaf.pem >out`},
		{name: "certificates around the key", script: `cat root.pem key.pem issuer.pem leaf.pem >out`, chain: 3},
		{name: "PKCS #1", script: `openssl rsa -in key.pem -traditional` + key},
		{name: "SEC 1 with parameters", script: `openssl ecparam -name prime256v1 -genkey -out x.pem; openssl req -x509 -new -key x.pem -subj /CN=x -out c.pem; cat x.pem c.pem >out`},
		{name: "key in words", script: `openssl rsa -in key.pem -traditional -text` + key},
		{name: "certificate in words", script: `openssl x509 -in leaf.pem -text >c.pem; cat key.pem c.pem >out`},
		{name: "trusted certificate", script: `openssl x509 -in leaf.pem -trustout -setalias app -addtrust clientAuth >c.pem; grep -q TRUSTED c.pem; cat key.pem c.pem >out`},
		{name: "bag attributes", script: `openssl pkcs12 -export -inkey key.pem -in leaf.pem -name app -passout env:PASS -out a.pfx; openssl pkcs12 -in a.pfx -passin env:PASS -nodes -out out; grep -q friendlyName out`},
		{name: "CRLF", script: joined + `sed 's/$/\r/' >out`},
		{name: "byte order mark", script: `{ ` + bom + `cat key.pem leaf.pem; } >out`},
		{name: "two files, each with a mark", script: `{ ` + bom + `cat key.pem; ` + bom + `cat leaf.pem; } >out`},
		{name: "blanks at the ends of lines", script: joined + `sed 's/$/  /' >out`},
		{name: "no last line end", script: joined + `head -c -1 >out`},

		{name: "UTF-16", script: joined + `iconv -t UTF-16 >out`, reason: msal.CredentialMalformed, hint: "UTF-16"},
		{name: "UTF-16, big end first", script: joined + `iconv -t UTF-16BE >out`, reason: msal.CredentialMalformed, hint: "UTF-16"},
		{name: "indented", script: joined + `sed 's/^/  /' >out`, reason: msal.CredentialMalformed, hint: "well-formed"},
		{name: "DER", script: `openssl rsa -in key.pem -outform DER -out out`, reason: msal.CredentialMalformed, hint: "BEGIN"},
		{name: "encrypted", script: `openssl pkcs8 -topk8 -in key.pem -passout env:PASS` + key, reason: msal.CredentialPassphrase, hint: "give its passphrase"},
		{name: "request instead of certificate", script: `openssl req -new -key key.pem -subj /CN=x -out c.pem; cat key.pem c.pem >out`, reason: msal.CredentialNoCertificate, hint: "registered"},
		{name: "PKCS #7 instead of certificate", script: `openssl crl2pkcs7 -nocrl -certfile leaf.pem -out c.pem; cat key.pem c.pem >out`, reason: msal.CredentialNoCertificate, hint: "registered"},
		{name: "Ed25519", script: `cat ed.pem edcert.pem >out`, reason: msal.CredentialKeyType, hint: "Ed25519"},
		{name: "Ed448", script: `openssl genpkey -algorithm ED448` + key, reason: msal.CredentialKeyType, hint: "Ed448"},
		{name: "X25519", script: `openssl genpkey -algorithm X25519` + key, reason: msal.CredentialKeyType, hint: "X25519"},
		{name: "X448", script: `openssl genpkey -algorithm X448` + key, reason: msal.CredentialKeyType, hint: "X448"},
		{name: "DSA", script: dsaKey + `; cat x.pem leaf.pem >out`, reason: msal.CredentialKeyType, hint: "DSA"},
		{name: "P-384", script: `cat p384.pem p384cert.pem >out`, reason: msal.CredentialKeyType, hint: "P-384"},
		{name: "secp256k1", script: `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1` + key, reason: msal.CredentialKeyType, hint: "curve 1.3.132.0.10"},
		{name: "explicit curve", script: `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit` + key, reason: msal.CredentialKeyType, hint: "parameters instead of its name"},
		{name: "RSA-PSS", script: `openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048` + key, reason: msal.CredentialKeyType, hint: "RSA-PSS"},
		{name: "short RSA", script: `cat short.pem shortcert.pem >out`, reason: msal.CredentialKeyType, hint: "has 1024 bits"},
		{name: "two keys", script: `cat key.pem ec.pem leaf.pem >out`, reason: msal.CredentialSeveralKeys, hint: "leave only the one"},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.check(t, dir, parse) })
	}
}

// dsaKey uses the smallest parameters: larger ones take seconds to find.
const dsaKey = `openssl genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:1024 -out p.pem; openssl genpkey -paramfile p.pem -out x.pem`
