package house

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The Go code of every Markdown file compiles. A block fenced as ```go is
//
//   - a file, when it begins with "package";
//   - declarations, when it parses as such;
//   - else statements: the body of a function that may or may not return an
//     error, and that is given the variables of snippetGiven.
//
// The latter two import by themselves what snippetImports lists. Variables
// that a snippet leaves unused are forgiven. Blocks in other languages, and
// Go that is not ours (another library's), are fenced without "go".
const snippetGiven = `
	ctx context.Context, t *testing.T, w http.ResponseWriter, r *http.Request,
	app *msal.PublicClient, svc *msal.ConfidentialClient, account msal.Account, scopes []string,
	tenantID, callback, bearer string, signer crypto.Signer, chain []*x509.Certificate,
	flow msal.AuthCodeFlow, session interface{ Save(any) error }, key []byte,
`

// snippetImports are the packages that a snippet need not import.
func snippetImports() map[string]string {
	imports := map[string]string{
		"msal": library, "cache": library + "/cache", "storetest": library + "/cache/storetest",
		"emulator": library + "/emulator", "msaltest": library + "/msaltest",
		"redisstore": library + "/redisstore", "redis": "github.com/redis/go-redis/v9",
	}
	for _, std := range []string{
		"bytes", "context", "crypto", "crypto/rsa", "crypto/tls", "crypto/x509", "encoding/json", "encoding/pem", "errors", "fmt", "io", "log", "log/slog",
		"net/http", "net/http/httptest", "net/url", "os", "os/exec", "path/filepath", "strings", "sync", "testing", "testing/synctest", "time",
	} {
		imports[path.Base(std)] = std
	}
	return imports
}

// A snippet is one fenced block of Go.
type snippet struct {
	where string
	text  string
}

// snippets cuts the Go blocks out of Markdown files.
func snippets(files []source) []snippet {
	var out []snippet
	for _, s := range files {
		if path.Ext(s.path) != ".md" {
			continue
		}
		fence, isGo := "", false
		var text strings.Builder
		n, begin := 0, 0
		for line := range strings.Lines(string(s.text)) {
			n++
			mark := fenceOf(line)
			info := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), mark))
			switch {
			case fence == "" && mark != "":
				fence, isGo, begin = mark, slices.Contains(strings.Fields(info), "go"), n
				text.Reset()
			case fence != "" && info == "" && mark != "" && strings.HasPrefix(mark, fence):
				if isGo {
					out = append(out, snippet{lineOf(s.path, begin), text.String()})
				}
				fence = ""
			case fence != "":
				text.WriteString(line)
			}
		}
		if fence != "" {
			out = append(out, snippet{lineOf(s.path, begin), "the block is never closed"})
		}
	}
	return out
}

// checkSnippet compiles one snippet; the error is that of the reading that
// came closest.
func checkSnippet(imp types.Importer, text string) error {
	file := regexp.MustCompile(`(?m)\A(\s*(//.*)?\n)*package `)
	if file.MatchString(text) {
		return typeCheck(imp, text, nil)
	}
	if _, err := parser.ParseFile(token.NewFileSet(), "", "package snippet;"+text, 0); err == nil {
		return typeCheck(imp, "package snippet;"+text, snippetImports())
	}
	head := "package snippet; func _(" + snippetGiven + ")"
	withError := typeCheck(imp, head+" error { {"+text+"\n}; return nil }", snippetImports())
	if withError == nil || typeCheck(imp, head+" { {"+text+"\n} }", snippetImports()) == nil {
		return nil
	}
	return withError
}

func typeCheck(imp types.Importer, text string, imports map[string]string) error {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "", text, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	if imports != nil {
		addImports(f, imports)
	}
	var problems []error
	conf := types.Config{
		Importer: imp,
		Error: func(err error) {
			var e types.Error
			if errors.As(err, &e) && e.Soft {
				return // unused variables and imports
			}
			problems = append(problems, err)
		},
	}
	// The error is one of those that Error was called with.
	_, _ = conf.Check("snippet", fset, []*ast.File{f}, nil)
	return errors.Join(problems...)
}

// addImports declares the imports that the file's selectors ask for.
func addImports(f *ast.File, imports map[string]string) {
	have := map[string]bool{}
	for _, spec := range f.Imports {
		have[strings.Trim(path.Base(spec.Path.Value), `"`)] = true
	}
	decl := &ast.GenDecl{Tok: token.IMPORT}
	ast.Inspect(f, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		id, ok := sel.X.(*ast.Ident)
		if !ok || have[id.Name] || imports[id.Name] == "" || declares(f, id.Name) {
			return true
		}
		have[id.Name] = true
		spec := &ast.ImportSpec{Path: &ast.BasicLit{Kind: token.STRING, Value: fmt.Sprintf("%q", imports[id.Name])}}
		decl.Specs = append(decl.Specs, spec)
		f.Imports = append(f.Imports, spec)
		return true
	})
	f.Decls = append([]ast.Decl{decl}, f.Decls...)
}

// declares says whether a file declares a name itself at package level.
func declares(f *ast.File, name string) bool {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Name.Name == name {
				return true
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					if spec.Name.Name == name {
						return true
					}
				case *ast.ValueSpec:
					if slices.ContainsFunc(spec.Names, func(id *ast.Ident) bool { return id.Name == name }) {
						return true
					}
				}
			}
		}
	}
	return false
}

// snippetImporter can import the library's public packages and every standard
// package of snippetImports.
func snippetImporter(t *testing.T, own bool) types.Importer {
	t.Helper()
	var patterns []string
	for _, p := range snippetImports() {
		if own || isStandard(p) {
			patterns = append(patterns, p)
		}
	}
	slices.Sort(patterns)
	e, _ := compiled(t, patterns...)
	return e.importer(token.NewFileSet())
}

func TestSnippetsCompile(t *testing.T) {
	found := snippets(repo(t).files)
	if len(found) == 0 {
		t.Fatal("no Go snippets found in Markdown; README.md has some")
	}
	imp := snippetImporter(t, true)
	for _, s := range found {
		if err := checkSnippet(imp, s.text); err != nil {
			t.Errorf("%s: the snippet does not compile:\n%v", s.where, err)
		}
	}
}

func TestSnippetRuleFires(t *testing.T) {
	md := parsed("x.md", []byte("a\n\n```go\nx := 1\n```\n\n~~~ go\ny := 2\n~~~\n```\nno\n```\n```sh\nno\n```\n````go\nz := `\n```\n`\n````\n"))
	var texts []string
	for _, s := range snippets([]source{md}) {
		texts = append(texts, s.where+" "+s.text)
	}
	if want := []string{"x.md:3 x := 1\n", "x.md:7 y := 2\n", "x.md:16 z := `\n```\n`\n"}; !slices.Equal(texts, want) {
		t.Errorf("snippets %q, want %q", texts, want)
	}
	// A stand-in for the library keeps this test alive while the library does
	// not compile.
	imp := standIn{snippetImporter(t, false), parsedPackage(t, "msal", "package msal; type PublicClient struct{}; type ConfidentialClient struct{}; type Account struct{}; type AuthCodeFlow struct{}; func New(id string) (*PublicClient, error) { return nil, nil }")}
	for text, ok := range map[string]bool{
		"app, err := msal.New(\"id\")\nif err != nil {\n\treturn err\n}\nfmt.Println(app)": true,
		"app, err := msal.New(\"id\")":                                    true, // unused is forgiven
		"app, err := msal.New(\"id\")\nif err != nil {\n\treturn\n}":      true,
		"app, err := msal.Old(\"id\")":                                    false,
		"app := msal.New(\"id\")":                                         false,
		"undeclared()":                                                    false,
		"if {":                                                            false,
		"func f() error { return errors.New(\"x\") }":                     true,
		"func f() string { return errors.New(\"x\") }":                    false,
		"type T struct{ a *msal.PublicClient }":                           true,
		"package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println() }": true,
		"// A file.\npackage main\n\nfunc main() { fmt.Println() }":       false,
		"package main\n\nfunc main() { return 1 }":                        false,
	} {
		if err := checkSnippet(imp, text); (err == nil) != ok {
			t.Errorf("%q: %v, want it to compile: %v", text, err, ok)
		}
	}
}

// A standIn imports one package of its own beside the real ones.
type standIn struct {
	types.Importer
	msal *types.Package
}

func (s standIn) Import(path string) (*types.Package, error) {
	if path == library {
		return s.msal, nil
	}
	return s.Importer.Import(path)
}

func parsedPackage(t *testing.T, path, text string) *types.Package {
	t.Helper()
	s := parsed("x.go", []byte(text))
	pkg, err := new(types.Config).Check(path, s.fset, s.files(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}
