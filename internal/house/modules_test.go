package house

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// dependencies are the third-party modules that a go.mod here may require
// directly, each with the reason why it is worth its weight.
var dependencies = map[string]string{
	// The library and its emulator.
	"github.com/go-jose/go-jose/v4":      "JOSE of the client: signs assertions, verifies ID tokens",
	"github.com/golang-jwt/jwt/v5":       "JOSE of the emulator, so that both sides share no code",
	"software.sslmate.com/src/go-pkcs12": "reads PFX files, which the standard library does not",
	"golang.org/x/crypto":                "scrypt of encrypted private keys, which the standard library lacks",
	"golang.org/x/net":                   "HTML parser of the robot browser and of page tests",

	// The command line.
	"github.com/rogpeppe/go-internal": "testscript: the command line's tests, which double as its manual",
	"github.com/spf13/cobra":          "commands, flags, completion and generated reference",
	"github.com/spf13/pflag":          "flag types in the signatures of cobra",
	"go.yaml.in/yaml/v3":              "emulator configuration in YAML; the library itself reads JSON",
	"golang.org/x/sys":                "pseudo-terminals of the tests that press Ctrl-C; DPAPI and the kernel's keys in keyring",
	"golang.org/x/term":               "passwords are typed without echo",

	// The satellites: each is linked only by who imports it.
	"github.com/redis/go-redis/v9": "speaks to Redis for redisstore; 9.23 wants a newer Go than the library",
	// The keyrings.
	"github.com/ebitengine/purego": "links the macOS Keychain at run time, without cgo",
	"github.com/godbus/dbus/v5":    "the Secret Service of Linux speaks D-Bus",

	// The strangers and the benchmark, never linked by the library.
	"github.com/AzureAD/microsoft-authentication-library-for-go": "official client, run unmodified against the emulator and measured beside ours",
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity":           "official credential library, run unmodified against the emulator",
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity/cache":     "its persistent cache, which keyring opens too",
	"github.com/Azure/azure-sdk-for-go/sdk/azcore":               "types in the signatures of azidentity",
	"github.com/coreos/go-oidc/v3":                               "independent verifier of the emulator's ID tokens",
	"golang.org/x/oauth2":                                        "what go-oidc's flows are driven with",
	"github.com/chromedp/chromedp":                               "drives a real Chromium",
	"github.com/chromedp/cdproto":                                "the protocol types of chromedp",
	"github.com/ThalesGroup/crypto11":                            "keys of PKCS #11 tokens as crypto.Signer, the way most Go programs open them",
	"github.com/miekg/pkcs11":                                    "error codes of PKCS #11, and what crypto11 stands on",
	"github.com/google/go-tpm":                                   "commands of a TPM 2.0",
}

// libraryDependencies are the only ones that the root go.mod may name, even
// indirectly: who imports the library gets these and no more.
var libraryDependencies = []string{
	"github.com/go-jose/go-jose/v4", "github.com/golang-jwt/jwt/v5", "software.sslmate.com/src/go-pkcs12",
	"golang.org/x/",
}

// libraryGo is the go line of the root module: the oldest toolchain that the
// library is tested with.
const libraryGo = "1.25"

// A goMod is what the rules read of a go.mod file.
type goMod struct {
	dir       string
	Go        string
	Toolchain string
	Require   []struct {
		Path     string
		Indirect bool
	}
	Replace []struct {
		Old, New struct{ Path, Version string }
	}
}

func moduleRule(m goMod) []finding {
	file := path.Join(m.dir, "go.mod")
	var found []finding
	add := func(what string) { found = append(found, finding{file, what}) }
	isLibrary := m.dir == "."
	if isLibrary && m.Go != libraryGo && m.Go != libraryGo+".0" {
		add("the library's go line is " + libraryGo + ", not " + m.Go + "; raising it is a decision of its own")
	}
	if m.Toolchain != "" {
		add("no toolchain line: the go line says what is needed")
	}
	for _, r := range m.Require {
		own := strings.HasPrefix(r.Path+"/", library+"/")
		if isLibrary && !libraryMayRequire(r.Path) {
			add("the library may not require " + r.Path)
			continue
		}
		if _, listed := dependencies[r.Path]; !listed && !r.Indirect && !own {
			add(r.Path + " is not in the list of dependencies in internal/house/modules_test.go; add it with its reason, or do without it")
		}
	}
	for _, r := range m.Replace {
		local := strings.HasPrefix(r.New.Path+"/", "./") || strings.HasPrefix(r.New.Path+"/", "../")
		if isLibrary || !local || !strings.HasPrefix(r.Old.Path+"/", library+"/") {
			add("replace " + r.Old.Path + " => " + r.New.Path + ": only modules of this repository are replaced, by a relative path, and not in the root module")
		}
	}
	return found
}

func libraryMayRequire(module string) bool {
	for _, d := range libraryDependencies {
		if module == d || strings.HasSuffix(d, "/") && strings.HasPrefix(module, d) {
			return true
		}
	}
	return false
}

func TestModulesRequireOnlyWhatIsListed(t *testing.T) {
	r := repo(t)
	if len(r.modules) == 0 {
		t.Fatal("no go.mod found")
	}
	for _, m := range r.modules {
		var out bytes.Buffer
		cmd := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json")
		cmd.Dir = filepath.Join(root, filepath.FromSlash(m.dir))
		cmd.Stdout = &out
		if err := cmd.Run(); err != nil {
			t.Errorf("%s: go mod edit: %v", m.dir, err)
			continue
		}
		mod := goMod{dir: m.dir}
		if err := json.Unmarshal(out.Bytes(), &mod); err != nil {
			t.Fatal(err)
		}
		report(t, moduleRule(mod))
		want := library
		if m.dir != "." {
			want += "/" + m.dir
		}
		if m.path != want {
			t.Errorf("%s: the module is called %s, want %s", m.dir, m.path, want)
		}
	}
}

func TestModuleRuleFires(t *testing.T) {
	for name, tc := range map[string]struct {
		dir, text string
		want      int
	}{
		"older go line":          {".", `{"Go":"1.24"}`, 1},
		"newer go line":          {".", `{"Go":"1.26.0"}`, 1},
		"right go line":          {".", `{"Go":"1.25.0"}`, 0},
		"newer go line outside":  {"bench", `{"Go":"1.26.0"}`, 0},
		"toolchain line":         {"bench", `{"Go":"1.26.0","Toolchain":"go1.26.8"}`, 1},
		"stranger":               {"bench", `{"Require":[{"Path":"example.com/clever"}]}`, 1},
		"stranger behind others": {"bench", `{"Require":[{"Path":"example.com/clever","Indirect":true}]}`, 0},
		"indirect in library":    {".", `{"Go":"1.25","Require":[{"Path":"example.com/clever","Indirect":true}]}`, 1},
		"bench's in library":     {".", `{"Go":"1.25","Require":[{"Path":"github.com/chromedp/chromedp"}]}`, 1},
		"own module":             {"bench", `{"Require":[{"Path":"github.com/msal-go/msal"}],"Replace":[{"Old":{"Path":"github.com/msal-go/msal"},"New":{"Path":".."}}]}`, 0},
		"replaced stranger":      {"bench", `{"Replace":[{"Old":{"Path":"golang.org/x/net"},"New":{"Path":"example.com/fork"}}]}`, 1},
		"replace in library":     {".", `{"Go":"1.25","Replace":[{"Old":{"Path":"github.com/msal-go/msal/x"},"New":{"Path":"./x"}}]}`, 1},
	} {
		mod := goMod{dir: tc.dir}
		if err := json.Unmarshal([]byte(tc.text), &mod); err != nil {
			t.Fatal(err)
		}
		if got := moduleRule(mod); len(got) != tc.want {
			t.Errorf("%s: %d findings, want %d: %v", name, len(got), tc.want, got)
		}
	}
}
