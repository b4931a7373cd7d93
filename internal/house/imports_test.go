package house

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// directions says which package of the library may import which of its own.
// Imports point one way: msal -> mechanisms -> wire; the emulator is an island.
// A package that is not in the table fails the test until it is added here.
var directions = map[string][]string{
	".": {
		"cache", "internal/acquire", "internal/assertion", "internal/authority", "internal/challenge", "internal/cloudshell", "internal/httpx",
		"internal/httpcache", "internal/idtoken", "internal/imds", "internal/loopback", "internal/oauth", "internal/openurl", "internal/pkcs8", "internal/telemetry",
		"internal/tokencache",
		"internal/wstrust",
	},

	// The road and the cache know nothing of OAuth and never see the network.
	"internal/acquire":    {},
	"internal/schema":     {},
	"internal/tokencache": {"internal/schema", "cache"},
	"cache":               {},
	"cache/storetest":     {"cache"},

	// The wire: authority -> oauth -> httpx.
	"internal/httpx":            {},
	"internal/httpcache":        {},
	"internal/telemetry":        {},
	"internal/challenge":        {},
	"internal/oauth":            {"internal/httpcache", "internal/httpx"},
	"internal/authority":        {"internal/authority/flight", "internal/httpcache", "internal/httpx", "internal/oauth"},
	"internal/authority/flight": {},
	"internal/idtoken":          {"internal/authority/flight", "internal/httpx"},
	"internal/assertion":        {"internal/pkcs8"},
	"internal/pkcs8":            {},
	"internal/imds":             {"internal/authority/flight"},
	"internal/wstrust":          {"internal/httpcache", "internal/httpx", "internal/oauth"},
	"internal/cloudshell":       {"internal/httpx"},

	// What the error numbers mean: a table for people. The client decides without
	// it.
	"aadsts": {},

	// The person's machine.
	"internal/loopback": {},
	"internal/openurl":  {},

	// The emulated identity platform. Its inner packages may use each other.
	"emulator":              {"emulator/internal/..."},
	"emulator/internal/...": {"emulator/internal/...", "aadsts"},
	"msaltest":              {"emulator"},

	// Programs to read and to run.
	"examples/...": {"."},

	"internal/house": {},
}

// thirdParty says which packages may link which modules. Everything else is
// the standard library.
var thirdParty = map[string][]string{
	"github.com/go-jose/go-jose/v4":      {"internal/assertion", "internal/idtoken"},
	"software.sslmate.com/src/go-pkcs12": {"internal/assertion"},
	"golang.org/x/crypto":                {"internal/pkcs8"},
	"github.com/golang-jwt/jwt/v5":       {"emulator", "emulator/internal/...", "msaltest"},
	"golang.org/x/net":                   {"emulator", "emulator/internal/...", "msaltest"},
}

// matches says whether a package is named by a pattern; "x/..." names
// everything below x.
func matches(pattern, pkg string) bool {
	if below, ok := strings.CutSuffix(pattern, "/..."); ok {
		return strings.HasPrefix(pkg, below+"/")
	}
	return pattern == pkg
}

func anyMatches(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, pkg) })
}

// sharedData is what the emulator may have in common with the rest: data, not
// behavior (docs/adr/0009). The client does not import it, so that a wrong row
// cannot make both sides agree.
var sharedData = []string{"aadsts"}

// isEmulator says whether a package is on the emulator's side, where nothing
// of the client may be used, not even by a test.
func isEmulator(pkg string) bool { return pkg == "emulator" || strings.HasPrefix(pkg, "emulator/") }

// importRule checks the import declarations of the library's files, on all
// platforms at once because it does not look at build constraints.
func importRule(files []source) []finding {
	var found []finding
	for _, s := range files {
		pkg := s.dir()
		allowed, known := allowedImports(pkg)
		if !known {
			found = append(found, finding{s.path, "package " + pkg + " is not in the table of import directions; add it to internal/house/imports_test.go"})
			continue
		}
		for _, spec := range s.file.Imports {
			target, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				continue
			}
			if why := forbidden(s, pkg, target, allowed); why != "" {
				found = append(found, s.found(spec, "%s", why))
			}
		}
	}
	return found
}

func allowedImports(pkg string) (allowed []string, known bool) {
	for pattern, list := range directions {
		if matches(pattern, pkg) {
			return list, true
		}
	}
	return nil, false
}

// forbidden says why package pkg may not import target; "" when it may.
func forbidden(s source, pkg, target string, allowed []string) string {
	own, isOwn := ownPackage(target)
	switch {
	case isOwn && s.isTest():
		if own == pkg || !isEmulator(pkg) || isEmulator(own) || slices.Contains(sharedData, own) {
			return ""
		}
		return fmt.Sprintf("a test of the emulator imports %s; the emulator shares nothing with the client", own)
	case isOwn:
		if anyMatches(allowed, own) {
			return ""
		}
		return fmt.Sprintf("%s may not import %s (table of import directions)", pkg, own)
	case isStandard(target):
		if target == "net/http" && slices.Contains(noNetwork, pkg) && !s.isTest() {
			return pkg + " must not reach the network"
		}
		return ""
	}
	return forbiddenThirdParty(s, pkg, target)
}

func forbiddenThirdParty(s source, pkg, target string) string {
	for module, users := range thirdParty {
		if target != module && !strings.HasPrefix(target, module+"/") {
			continue
		}
		jose := strings.HasPrefix(module, "github.com/go-jose/")
		if anyMatches(users, pkg) || s.isTest() && !(jose && isEmulator(pkg)) {
			return ""
		}
		return fmt.Sprintf("%s may not link %s", pkg, module)
	}
	return fmt.Sprintf("%s is not a dependency of this library; see the allow-list in internal/house/imports_test.go", target)
}

func ownPackage(importPath string) (pkg string, ok bool) {
	if importPath == library {
		return ".", true
	}
	return strings.CutPrefix(importPath, library+"/")
}

// isStandard holds for import paths whose first element has no dot.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

func TestImportsPointOneWay(t *testing.T) {
	r := repo(t)
	report(t, importRule(r.goFiles(inLibrary(r))))
}

func TestImportRuleFires(t *testing.T) {
	file := func(imports ...string) string {
		return "package x\nimport (\n\"" + strings.Join(imports, "\"\n\"") + "\"\n)\n"
	}
	try(t, importRule, []specimen{
		{"unknown package", "internal/novelty/x.go", file("fmt"), 1},
		{"upward", "internal/oauth/x.go", file(library + "/internal/authority"), 1},
		{"downward", "internal/oauth/x.go", file(library+"/internal/httpx", "net/http"), 0},
		{"root from a mechanism", "internal/httpx/x.go", file(library), 1},
		{"network in the schema", "internal/schema/x.go", file("net/http"), 1},
		{"network in the cache", "internal/tokencache/x.go", file("net/http"), 1},
		{"emulator uses the client", "emulator/internal/mint/x.go", file(library + "/internal/httpx"), 1},
		{"emulator's test uses the client", "emulator/x_test.go", file(library), 1},
		{"emulator's test uses the client's JOSE", "emulator/x_test.go", file("github.com/go-jose/go-jose/v4"), 1},
		{"emulator uses shared data", "emulator/internal/endpoint/x.go", file(library + "/aadsts"), 0},
		{"client uses what the emulator shares", "x.go", file(library + "/aadsts"), 1},
		{"shared data with behavior", "aadsts/x.go", file(library + "/internal/oauth"), 1},
		{"client uses the emulator", "x.go", file(library + "/emulator"), 1},
		{"client's test uses the emulator", "x_test.go", file(library+"/emulator", library+"/msaltest"), 0},
		{"client uses the emulator's JOSE", "internal/idtoken/x.go", file("github.com/golang-jwt/jwt/v5"), 1},
		{"client's JOSE in its place", "internal/idtoken/x.go", file("github.com/go-jose/go-jose/v4/jwt"), 0},
		{"client's JOSE out of its place", "internal/oauth/x.go", file("github.com/go-jose/go-jose/v4"), 1},
		{"stranger", "internal/oauth/x.go", file("example.com/clever"), 1},
		{"stranger in a test", "internal/oauth/x_test.go", file("example.com/clever"), 1},
	})
}

// noNetwork are the packages that must never reach net/http, however deep.
var noNetwork = []string{"cache", "internal/acquire", "internal/schema", "internal/tokencache"}

// reachRule checks what a package links in the end.
func reachRule(pkgs []listedPackage) []finding {
	var found []finding
	for _, p := range pkgs {
		pkg, ok := ownPackage(p.ImportPath)
		if !ok {
			continue
		}
		for _, dep := range p.Deps {
			own, isOwn := ownPackage(dep)
			var why string
			switch {
			case slices.Contains(noNetwork, pkg) && dep == "net/http":
				why = "must not reach the network, but links net/http"
			case isEmulator(pkg) && isOwn && !isEmulator(own) && !slices.Contains(sharedData, own):
				why = "must share nothing with the client, but links " + own
			case isEmulator(pkg) && strings.HasPrefix(dep, "github.com/go-jose/"):
				why = "must not share the client's JOSE code, but links " + dep
			case pkg == "." && isOwn && slices.Contains(sharedData, own):
				why = "must not share data with the emulator, but links " + own
			case !isEmulator(pkg) && pkg != "msaltest" && isOwn && isEmulator(own):
				why = "must not link the emulator, but links " + own
			case !isEmulator(pkg) && pkg != "msaltest" && strings.HasPrefix(dep, "github.com/golang-jwt/"):
				why = "must not share the emulator's JOSE code, but links " + dep
			}
			if why != "" {
				found = append(found, finding{path.Clean(pkg), why})
			}
		}
	}
	return found
}

func TestNothingIsReachedByDetour(t *testing.T) {
	for _, goos := range []string{"linux", "windows", "darwin"} {
		t.Run(goos, func(t *testing.T) {
			pkgs := goList(t, []string{"GOOS=" + goos, "CGO_ENABLED=0"}, "./...")
			if len(pkgs) < 2 {
				t.Fatalf("go list found %d packages", len(pkgs))
			}
			report(t, reachRule(pkgs))
		})
	}
}

func TestReachRuleFires(t *testing.T) {
	for pkg, dep := range map[string]string{
		library + "/internal/tokencache":    "net/http",
		library + "/internal/schema":        "net/http",
		library + "/emulator":               library + "/internal/oauth",
		library + "/emulator/internal/mint": "github.com/go-jose/go-jose/v4",
		library:                             library + "/emulator",
		library + "/internal/idtoken":       "github.com/golang-jwt/jwt/v5",
	} {
		if got := reachRule([]listedPackage{{ImportPath: pkg, Deps: []string{"fmt", dep}}}); len(got) != 1 {
			t.Errorf("%s -> %s: %d findings, want 1", pkg, dep, len(got))
		}
	}
	if got := reachRule([]listedPackage{{ImportPath: library, Deps: []string{library + "/aadsts"}}}); len(got) != 1 {
		t.Errorf("the client links shared data: %d findings, want 1", len(got))
	}
	innocent := []listedPackage{{ImportPath: library + "/emulator", Deps: []string{library + "/aadsts"}}, {ImportPath: library + "/msaltest", Deps: []string{library + "/emulator", "github.com/golang-jwt/jwt/v5", "net/http"}}}
	if got := reachRule(innocent); len(got) != 0 {
		t.Errorf("findings about an innocent package: %v", got)
	}
}

// borders are the internal packages of the library that another module may use
// all the same. A command is always built with the library version that it
// was released with; a library that others import is not. It edits and merges
// token caches, for which there is no public API: internal/schema.
var borders = map[string][]string{
	"cmd/msal": {"internal/openurl", "internal/schema"},
}

// borderRule keeps the other modules to the library's public packages. They
// could import its internal packages, since their paths lie below it, but are
// released apart from it: an internal change would break a released module.
func borderRule(r repository, files []source) []finding {
	var found []finding
	for _, s := range files {
		home := r.moduleOf(s.path)
		for _, spec := range s.file.Imports {
			target, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				continue
			}
			own, isOwn := ownPackage(target)
			if !isOwn || r.moduleOf(own+"/x").dir == home.dir || anyMatches(borders[home.dir], own) {
				continue
			}
			if strings.HasPrefix(own, "internal/") || strings.Contains(own, "/internal/") || strings.HasSuffix(own, "/internal") {
				found = append(found, s.found(spec, "module %s imports %s; other modules use public packages only", home.dir, own))
			}
		}
	}
	return found
}

func TestOtherModulesUsePublicPackages(t *testing.T) {
	r := repo(t)
	report(t, borderRule(r, r.goFiles(func(s source) bool { return r.moduleOf(s.path).dir != "." })))
}

func TestBorderRuleFires(t *testing.T) {
	r := repository{modules: []module{{".", library}, {"cmd/msal", library + "/cmd/msal"}}}
	try(t, func(files []source) []finding { return borderRule(r, files) }, []specimen{
		{"library's internal package", "cmd/msal/x.go", "package main\nimport _ \"" + library + "/internal/oauth\"\n", 1},
		{"emulator's internal package", "cmd/msal/x.go", "package main\nimport _ \"" + library + "/emulator/internal/mint\"\n", 1},
		{"lent package", "cmd/msal/x.go", "package main\nimport _ \"" + library + "/internal/openurl\"\n", 0},
		{"own internal package", "cmd/msal/x.go", "package main\nimport _ \"" + library + "/cmd/msal/internal/cli\"\n", 0},
		{"public package", "cmd/msal/x.go", "package main\nimport _ \"" + library + "/emulator\"\n", 0},
	})
}
