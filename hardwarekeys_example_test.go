package msal_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// vaultKey signs by a service that keeps the key to itself, here in the manner
// of Azure Key Vault
// (learn.microsoft.com/rest/api/keyvault/keys/sign/sign). It is safe for
// concurrent use.
type vaultKey struct {
	url    string           // of a version of the key
	client *http.Client     // proves itself to the vault, and has a time-out
	public crypto.PublicKey // from the certificate
}

func (k *vaultKey) Public() crypto.PublicKey { return k.public }

func (k *vaultKey) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	alg, err := k.algorithm(opts)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]string{"alg": alg, "value": base64.RawURLEncoding.EncodeToString(digest)})
	if err != nil {
		return nil, err
	}
	resp, err := k.client.Post(k.url+"/sign?api-version=7.4", "application/json", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the vault answers HTTP %d", resp.StatusCode)
	}
	var answer struct {
		Value string `json:"value"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<16)).Decode(&answer); err != nil {
		return nil, err
	}
	signature, err := base64.RawURLEncoding.DecodeString(answer.Value)
	if err != nil || alg != "ES256" {
		return signature, err
	}
	// The vault answers in the form of RFC 7518 section 3.4, crypto.Signer in ASN.1.
	half := len(signature) / 2
	return asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])})
}

// algorithm is the name of RFC 7518 for what is asked for.
func (k *vaultKey) algorithm(opts crypto.SignerOpts) (string, error) {
	_, isEC := k.public.(*ecdsa.PublicKey)
	_, isPSS := opts.(*rsa.PSSOptions)
	switch {
	case opts.HashFunc() != crypto.SHA256:
		return "", errors.New("only SHA-256 is supported")
	case isEC:
		return "ES256", nil
	case isPSS:
		return "PS256", nil
	}
	return "RS256", nil
}

// A key in Azure Key Vault, or another service that signs, is a crypto.Signer
// of a few lines. It signs once in a while: assertions are reused for minutes.
func ExampleCertificate_vault() {
	private := testKey()
	vault := newSigningService(private) // stands in for https://NAME.vault.azure.net
	defer vault.Close()
	key := &vaultKey{url: vault.URL + "/keys/daemon/1", client: vault.Client(), public: private.Public()}

	// The certificate of the key is registered for the application.
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "daemon"}, NotBefore: now, NotAfter: now.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key) // signed in the vault
	if err != nil {
		log.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		log.Fatal(err)
	}
	entra, err := emulator.New(withCertificate(cert))
	if err != nil {
		log.Fatal(err)
	}

	svc, err := msal.NewConfidentialClient(emulator.DaemonClientID, msal.Certificate{Key: key, Chain: []*x509.Certificate{cert}}, msal.Options{
		Authority:  "https://login.microsoftonline.com/" + emulator.DefaultTenantID,
		HTTPClient: entra.Client(), // a real program leaves it out
	})
	if err != nil {
		log.Fatal(err)
	}
	res, err := svc.AcquireTokenForClient(context.Background(), msal.ForClientRequest{Scopes: []string{"api://tasks/.default"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.TokenType, "from", res.Source)
	// Output:
	// the vault signs RS256
	// the vault signs PS256
	// Bearer from identity_provider
}

// newSigningService is a small server that signs what it is asked to.
func newSigningService(key crypto.Signer) *httptest.Server {
	return httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Alg   string `json:"alg"`
			Value string `json:"value"`
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || r.URL.Path != "/keys/daemon/1/sign" {
			http.Error(w, "no such key", http.StatusNotFound)
			return
		}
		fmt.Println("the vault signs", asked.Alg)
		digest, err := base64.RawURLEncoding.DecodeString(asked.Value)
		if err != nil {
			http.Error(w, "no digest", http.StatusBadRequest)
			return
		}
		var how crypto.SignerOpts = crypto.SHA256
		if asked.Alg == "PS256" {
			how = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
		}
		signature, err := key.Sign(rand.Reader, digest, how)
		if err != nil {
			http.Error(w, "cannot sign", http.StatusInternalServerError)
			return
		}
		if asked.Alg == "ES256" {
			signature = sideBySide(signature)
		}
		json.NewEncoder(w).Encode(map[string]string{"kid": "https://" + r.Host + "/keys/daemon/1", "value": base64.RawURLEncoding.EncodeToString(signature)})
	}))
}

// sideBySide is an ECDSA signature in the form of RFC 7518 section 3.4.
func sideBySide(der []byte) []byte {
	var numbers struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &numbers); err != nil {
		return nil
	}
	out := make([]byte, 64)
	numbers.R.FillBytes(out[:32])
	numbers.S.FillBytes(out[32:])
	return out
}
