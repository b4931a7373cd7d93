package house

import (
	"bytes"
	"flag"
	"fmt"
	"go/constant"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite api/current.txt")

const apiFile = "api/current.txt"

// exports finds the compiler's export data of packages, for go/types.
type exports map[string]string

func (e exports) open(path string) (io.ReadCloser, error) {
	file, ok := e[path]
	if !ok || file == "" {
		return nil, fmt.Errorf("no export data for %s: it does not compile, or nothing here imports it", path)
	}
	return os.Open(file)
}

func (e exports) importer(fset *token.FileSet) types.Importer {
	return importer.ForCompiler(fset, "gc", e.open)
}

// compiled builds packages, with everything they import, and says where their
// export data is.
func compiled(t *testing.T, patterns ...string) (exports, []listedPackage) {
	t.Helper()
	pkgs := goList(t, nil, append([]string{"-export", "-deps"}, patterns...)...)
	e := exports{}
	for _, p := range pkgs {
		e[p.ImportPath] = p.Export
	}
	return e, pkgs
}

// The exported API is a file, so that a change of it is a diff that somebody
// approves: go test ./internal/house -run API -update
func TestAPIIsTheApprovedOne(t *testing.T) {
	e, pkgs := compiled(t, "./...")
	imp := e.importer(token.NewFileSet())
	var text bytes.Buffer
	for _, p := range pkgs {
		own, isOwn := ownPackage(p.ImportPath)
		if !isOwn || !isPublic(own) || p.Name == "main" {
			continue
		}
		pkg, err := imp.Import(p.ImportPath)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range api(pkg) {
			fmt.Fprintf(&text, "pkg %s, %s\n", p.ImportPath, line)
		}
	}
	lines := strings.SplitAfter(text.String(), "\n")
	slices.Sort(lines)
	current := []byte(strings.Join(lines, ""))
	file := filepath.Join(root, filepath.FromSlash(apiFile))
	if *update {
		if err := os.WriteFile(file, current, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	approved, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := lineDiff(string(approved), string(current)); diff != "" {
		t.Errorf("the exported API is not the one in %s:\n%s\nIf that is meant: go test ./internal/house -run API -update, and a line in CHANGELOG.md", apiFile, diff)
	}
}

// lineDiff lists the lines of two sorted texts that only one of them has.
func lineDiff(before, after string) string {
	old, now := strings.Split(before, "\n"), strings.Split(after, "\n")
	var b strings.Builder
	for _, l := range old {
		if _, kept := slices.BinarySearch(now[:len(now)-1], l); !kept && l != "" {
			b.WriteString("- " + l + "\n")
		}
	}
	for _, l := range now {
		if _, known := slices.BinarySearch(old[:len(old)-1], l); !known && l != "" {
			b.WriteString("+ " + l + "\n")
		}
	}
	return b.String()
}

// api writes every exported name of a package on a line of its own.
func api(pkg *types.Package) []string {
	var lines []string
	short := func(p *types.Package) string {
		if p == pkg {
			return ""
		}
		return p.Name()
	}
	for _, name := range pkg.Scope().Names() {
		obj := pkg.Scope().Lookup(name)
		if !obj.Exported() {
			continue
		}
		switch obj := obj.(type) {
		case *types.Const:
			value := ""
			if obj.Val().Kind() != constant.Unknown {
				value = " = " + obj.Val().ExactString()
			}
			lines = append(lines, "const "+name+" "+types.TypeString(obj.Type(), short)+value)
		case *types.TypeName:
			lines = append(lines, typeAPI(obj, short)...)
		case *types.Func:
			lines = append(lines, "func "+name+signature(obj.Type(), short))
		default:
			lines = append(lines, types.ObjectString(obj, short))
		}
	}
	return lines
}

func typeAPI(obj *types.TypeName, short types.Qualifier) []string {
	name := obj.Name()
	if obj.IsAlias() {
		return []string{"type " + name + " = " + types.TypeString(types.Unalias(obj.Type()), short)}
	}
	head := "type " + types.TypeString(obj.Type(), short)
	var lines []string
	switch u := obj.Type().Underlying().(type) {
	case *types.Struct:
		lines = append(lines, head+" struct")
		for i := range u.NumFields() {
			f := u.Field(i)
			if f.Exported() {
				line := head + " struct, " + f.Name() + " " + types.TypeString(f.Type(), short)
				if f.Embedded() {
					line += ", embedded"
				}
				if tag := u.Tag(i); tag != "" {
					line += ", " + tag
				}
				lines = append(lines, line)
			}
		}
	case *types.Interface:
		lines = append(lines, head+" interface")
		for i := range u.NumMethods() {
			m := u.Method(i)
			if !m.Exported() {
				lines = append(lines, head+" interface, sealed")
				continue
			}
			lines = append(lines, head+" interface, "+m.Name()+signature(m.Type(), short))
		}
		return slices.Compact(lines)
	default:
		lines = append(lines, head+" "+types.TypeString(u, short))
	}
	return append(lines, methodAPI(obj.Type(), name, short)...)
}

// signature writes a function's type without the names of its parameters and
// results, which callers do not depend on.
func signature(t types.Type, short types.Qualifier) string {
	sig := t.(*types.Signature)
	nameless := func(tuple *types.Tuple) *types.Tuple {
		var vars []*types.Var
		for v := range tuple.Variables() {
			vars = append(vars, types.NewParam(v.Pos(), v.Pkg(), "", v.Type()))
		}
		return types.NewTuple(vars...)
	}
	var params []string
	for p := range sig.TypeParams().TypeParams() {
		params = append(params, p.Obj().Name()+" "+types.TypeString(p.Constraint(), short))
	}
	head := ""
	if len(params) > 0 {
		head = "[" + strings.Join(params, ", ") + "]"
	}
	plain := types.NewSignatureType(nil, nil, nil, nameless(sig.Params()), nameless(sig.Results()), sig.Variadic())
	return head + strings.TrimPrefix(types.TypeString(plain, short), "func")
}

// methodAPI lists the methods of a type, with those of embedded fields.
func methodAPI(typ types.Type, name string, short types.Qualifier) []string {
	var lines []string
	byValue := types.NewMethodSet(typ)
	for m := range types.NewMethodSet(types.NewPointer(typ)).Methods() {
		if !m.Obj().Exported() {
			continue
		}
		receiver := "*" + name
		if byValue.Lookup(m.Obj().Pkg(), m.Obj().Name()) != nil {
			receiver = name
		}
		lines = append(lines, fmt.Sprintf("method (%s) %s%s", receiver, m.Obj().Name(), signature(m.Type(), short)))
	}
	return lines
}

func TestAPIRuleFires(t *testing.T) {
	const before = `package x
type T struct {
	A int ` + "`json:\"a\"`" + `
	b int
}
func (T) M(n int) {}
func (*T) P() error { return nil }
func (T) hidden() {}
type I interface { M(); sealed() }
type G[P any] []P
type D int
const C D = 2
var V []string
func F(t T) (*G[int], error) { return nil, nil }
func S[P any](p []P, n ...int) {}
`
	lines := func(src string) string {
		t.Helper()
		s := parsed("x/x.go", []byte(src))
		pkg, err := new(types.Config).Check("example.com/x", s.fset, s.files(), nil)
		if err != nil {
			t.Fatal(err)
		}
		out := api(pkg)
		slices.Sort(out)
		return strings.Join(out, "\n") + "\n"
	}
	want := `const C D = 2
func F(T) (*G[int], error)
func S[P any]([]P, ...int)
method (*T) P() error
method (T) M(int)
type D int
type G[P any] []P
type I interface
type I interface, M()
type I interface, sealed
type T struct
type T struct, A int, json:"a"
var V []string
`
	if got := lines(before); got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
	for old, now := range map[string]string{
		"A int":       "A int64",
		"json:\"a\"":  "json:\"b\"",
		"M(n int)":    "M(n int, more bool)",
		"(*T) P":      "(T) P",
		"; sealed()":  "",
		"C D = 2":     "C D = 3",
		"V []string":  "V []int",
		"S[P any]":    "S[P comparable]",
		"...int":      "[]int",
		"func F(t T)": "func F(t *T)",
		"type D int":  "type D int\nfunc (D) New() {}",
	} {
		after := strings.Replace(before, old, now, 1)
		if lineDiff(want, lines(after)) == "" {
			t.Errorf("%q -> %q goes unnoticed", old, now)
		}
	}
	for old, now := range map[string]string{
		"hidden":             "veiled",
		"F(t T)":             "F(other T)",
		"(*G[int], error) {": "(g *G[int], err error) {",
	} {
		if diff := lineDiff(want, lines(strings.ReplaceAll(before, old, now))); diff != "" {
			t.Errorf("%q -> %q counts:\n%s", old, now, diff)
		}
	}
}
