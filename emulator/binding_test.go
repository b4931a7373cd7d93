package emulator_test

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/msal-go/msal/emulator"
)

func popKey(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// sshKey is a public key as a JWK.
func sshKey(key *rsa.PublicKey) string {
	text, err := json.Marshal(map[string]string{"kty": "RSA", "kid": "k", "n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()), "e": "AQAB"})
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestAccessTokensAreBoundToTheKeyOfTheClient(t *testing.T) {
	t.Parallel()
	f := start(t)
	got := f.token(daemon("token_type", "pop", "req_cnf", popKey(`{"kid":"k1","xms_ksl":"sw"}`)))
	claims, _ := f.verify(got.text("access_token"))
	cnf, _ := claims["cnf"].(map[string]any)
	if got.text("token_type") != "pop" || cnf["kid"] != "k1" {
		t.Errorf("got token_type %q and cnf %v", got.text("token_type"), cnf)
	}
	for name, changes := range map[string][]string{"said so": {"token_type", "Bearer"}, "not said": nil} {
		plain := f.token(daemon(changes...))
		if claims, _ := f.verify(plain.text("access_token")); plain.text("token_type") != "Bearer" || claims["cnf"] != nil {
			t.Errorf("bearer, %s: got token_type %q and cnf %v", name, plain.text("token_type"), claims["cnf"])
		}
	}
}

func TestUnusableKeysOfClientsAreRefused(t *testing.T) {
	t.Parallel()
	f := start(t)
	good := sshKey(&signingKey().PublicKey)
	for name, c := range map[string]struct {
		kind, cnf string
		code      int
	}{
		"no key":                          {"pop", "-", 900144},
		"no type":                         {"-", popKey(`{"kid":"k"}`), 900144},
		"another type":                    {"mac", popKey(`{"kid":"k"}`), 90013},
		"a bearer token with a key":       {"bearer", popKey(`{"kid":"k"}`), 90013},
		"pop: not encoded":                {"pop", `{"kid":"k"}`, 90013},
		"pop: padded":                     {"pop", base64.URLEncoding.EncodeToString([]byte(`{"kid":"kkk"}`)), 90013},
		"pop: no kid":                     {"pop", popKey(`{}`), 90013},
		"pop: a whole key":                {"pop", popKey(good), 90013},
		"pop: kid is a number":            {"pop", popKey(`{"kid":1}`), 90013},
		"pop: two objects":                {"pop", popKey(`{"kid":"k"}{}`), 90013},
		"ssh-cert: encoded":               {"ssh-cert", popKey(good), 90013},
		"ssh-cert: not a key":             {"ssh-cert", `{"kid":"k"}`, 90013},
		"ssh-cert: a key of another kind": {"ssh-cert", `{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"}`, 90013},
		"ssh-cert: a short key":           {"ssh-cert", `{"kty":"RSA","n":"AQAB","e":"AQAB"}`, 90013},
		"ssh-cert: no exponent":           {"ssh-cert", strings.Replace(good, "AQAB", "", 1), 90013},
		"ssh-cert: a private key":         {"ssh-cert", strings.Replace(good, "{", `{"d":"AQAB",`, 1), 90013},
		"ssh-cert: a member twice":        {"ssh-cert", strings.Replace(good, "{", `{"kty":"RSA",`, 1), 90013},
		"ssh-cert: another spelling":      {"ssh-cert", strings.Replace(good, "kty", "KTY", 1), 90013},
		"pop: kid twice":                  {"pop", popKey(`{"kid":"k","kid":"l"}`), 90013},
		"pop: another spelling":           {"pop", popKey(`{"KID":"k"}`), 90013},
		"ssh-cert: padded":                {"ssh-cert", strings.Replace(good, `AQAB"`, `AQ=="`, 1), 90013},
	} {
		refused(t, name, f.post(tokenURL, daemon("token_type", c.kind, "req_cnf", c.cnf)), 400, "invalid_request", c.code)
	}
}

// OpenSSH reads the certificate, and says for whom it is.
func TestSSHCertificateIsOneToOpenSSH(t *testing.T) {
	t.Parallel()
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("ssh-keygen is not installed; ./test.sh --install fetches it")
		}
		t.Skip("ssh-keygen is not installed; ./test.sh --install fetches it")
	}
	f := start(t)
	got := f.token(with(refreshWith("-"), "grant_type", "password", "client_id", emulator.DesktopClientID, "username", emulator.DefaultUser,
		"password", emulator.DefaultPassword, "scope", "https://pas.windows.net/CheckMyAccess/Linux/.default",
		"token_type", "ssh-cert", "req_cnf", sshKey(&mustRSA(t).PublicKey), "key_id", "k"))
	if got.text("token_type") != "ssh-cert" {
		t.Fatalf("got token_type %q", got.text("token_type"))
	}
	file := filepath.Join(t.TempDir(), "id-cert.pub")
	if err := os.WriteFile(file, []byte("ssh-rsa-cert-v01@openssh.com "+got.text("access_token")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), keygen, "-L", "-f", file).CombinedOutput()
	if err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	for _, want := range []string{"user certificate", `Key ID: "` + emulator.DefaultUser + `"`, "rsa-sha2-256", "permit-pty", "\n                " + emulator.DefaultUser + "\n"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("ssh-keygen does not say %q:\n%s", want, out)
		}
	}
}
