package house

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// root is the repository as seen from this folder; go test runs tests in the
// folder of their package.
const root = "../.."

// library is the import path of the root module.
const library = "github.com/msal-go/msal"

// A finding is one broken rule at one place.
type finding struct {
	where string // path, or path:line
	what  string // what is wrong and what to do about it
}

// A source is one file of the repository.
type source struct {
	path string // slash-separated, from the root of the repository
	text []byte
	fset *token.FileSet
	file *ast.File // nil unless the file is Go and parses
}

func (s source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }
func (s source) dir() string  { return path.Dir(s.path) }

// at names the place of a syntax node.
func (s source) at(n ast.Node) string {
	return lineOf(s.path, s.fset.Position(n.Pos()).Line)
}

// lineOf names a line of a file.
func lineOf(path string, line int) string { return fmt.Sprintf("%s:%d", path, line) }

// found makes a finding about a syntax node.
func (s source) found(n ast.Node, format string, args ...any) finding {
	return finding{s.at(n), fmt.Sprintf(format, args...)}
}

// A repository is every file that git tracks or would track.
type repository struct {
	files   []source
	modules []module
}

// A module is one go.mod of the repository.
type module struct {
	dir  string // slash-separated; "." for the root module
	path string
}

// load reads the repository once for all tests of this package.
var load = sync.OnceValues(readRepository)

func repo(t *testing.T) repository {
	t.Helper()
	r, err := load()
	if err != nil {
		t.Fatalf("read the repository: %v", err)
	}
	return r
}

// goFiles are the Go files of all modules; with want, those that it accepts.
func (r repository) goFiles(want func(source) bool) []source {
	var out []source
	for _, f := range r.files {
		if f.file != nil && (want == nil || want(f)) {
			out = append(out, f)
		}
	}
	return out
}

// packages groups the Go files of each folder, with and without tests.
func (r repository) packages(want func(source) bool) map[string][]source {
	out := map[string][]source{}
	for _, f := range r.goFiles(want) {
		out[f.dir()] = append(out[f.dir()], f)
	}
	return out
}

// moduleOf is the innermost module that holds a path.
func (r repository) moduleOf(p string) module {
	best := module{}
	for _, m := range r.modules {
		inside := m.dir == "." || strings.HasPrefix(p, m.dir+"/")
		if inside && (best.dir == "" || best.dir == "." || len(m.dir) > len(best.dir)) {
			best = m
		}
	}
	return best
}

func inLibrary(r repository) func(source) bool {
	return func(s source) bool { return r.moduleOf(s.path).dir == "." && !strings.HasPrefix(s.path, ".") }
}

func readRepository() (repository, error) {
	names, err := trackedFiles()
	if err != nil {
		return repository{}, err
	}
	var r repository
	for _, name := range names {
		info, err := os.Lstat(filepath.Join(root, filepath.FromSlash(name)))
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, not yet committed
		}
		if err != nil {
			return repository{}, err
		}
		if !info.Mode().IsRegular() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return repository{}, err
		}
		r.files = append(r.files, parsed(name, text))
		if path.Base(name) == "go.mod" {
			r.modules = append(r.modules, module{path.Dir(name), modulePath(text)})
		}
	}
	return r, nil
}

func parsed(name string, text []byte) source {
	s := source{path: name, text: text, fset: token.NewFileSet()}
	if strings.HasSuffix(name, ".go") {
		// A file that does not parse fails the build; the rules leave it out.
		if f, err := parser.ParseFile(s.fset, name, text, parser.ParseComments); err == nil {
			s.file = f
		}
	}
	return s
}

func modulePath(gomod []byte) string {
	for line := range bytes.Lines(gomod) {
		if f := strings.Fields(string(line)); len(f) == 2 && f[0] == "module" {
			return f[1]
		}
	}
	return ""
}

// trackedFiles lists what git tracks or would track. Outside a git checkout it
// walks the tree and leaves out what .gitignore would.
func trackedFiles() ([]string, error) {
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	if out, err := cmd.Output(); err == nil {
		names := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
		slices.Sort(names)
		return slices.Compact(names), nil
	}
	var names []string
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains([]string{".git", ".tools", "node_modules"}, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(root, p)
		names = append(names, filepath.ToSlash(rel))
		return err
	})
	return names, err
}

// A listed package is what the rules read of go list's answer.
type listedPackage struct {
	ImportPath string
	Name       string
	Export     string
	Standard   bool
	Deps       []string
}

// goList asks the go command about packages, from the root module.
func goList(t *testing.T, env []string, args ...string) []listedPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-e", "-json=ImportPath,Name,Export,Standard,Deps"}, args...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	var pkgs []listedPackage
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listedPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatalf("go list %s: its answer: %v", strings.Join(args, " "), err)
		}
		pkgs = append(pkgs, p)
	}
}

// report fails the test with every finding.
func report(t *testing.T, found []finding) {
	t.Helper()
	for _, f := range found {
		t.Errorf("%s: %s", f.where, f.what)
	}
}

// A specimen is a bad (or good) example that a rule is tried on.
type specimen struct {
	name string
	path string // default: x/x.go
	text string
	want int // findings
}

// try applies a rule to each specimen and compares the number of findings.
func try(t *testing.T, rule func([]source) []finding, specimens []specimen) {
	t.Helper()
	for _, sp := range specimens {
		t.Run(sp.name, func(t *testing.T) {
			name := sp.path
			if name == "" {
				name = "x/x.go"
			}
			s := parsed(name, []byte(sp.text))
			if strings.HasSuffix(name, ".go") && s.file == nil {
				t.Fatalf("the specimen does not parse:\n%s", sp.text)
			}
			if got := rule([]source{s}); len(got) != sp.want {
				t.Errorf("%d findings, want %d: %v", len(got), sp.want, got)
			}
		})
	}
}

// files is the syntax tree as go/types wants it.
func (s source) files() []*ast.File { return []*ast.File{s.file} }
