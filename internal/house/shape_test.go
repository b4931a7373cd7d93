package house

import (
	"bytes"
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"
)

// How long things may grow before a newcomer loses the thread.
const (
	maxFileLines     = 500
	maxTestFileLines = 800
	maxFuncLines     = 60
)

// sizeRule bounds files of code and, outside tests, functions.
func sizeRule(files []source) []finding {
	var found []finding
	for _, s := range files {
		limit := maxFileLines
		if s.isTest() {
			limit = maxTestFileLines
		}
		code := slices.Contains([]string{".go", ".sh", ".js", ".mjs", ".css"}, path.Ext(s.path))
		if n := bytes.Count(s.text, []byte("\n")); code && n > limit {
			found = append(found, finding{s.path, "the file is too long: move one behavior into a file of its own"})
		}
		if s.file == nil || s.isTest() {
			continue
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			lines := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1
			if lines > maxFuncLines {
				found = append(found, s.found(f, "%s has %d lines, more than %d: give its steps names", f.Name.Name, lines, maxFuncLines))
			}
		}
	}
	return found
}

func TestFilesAndFunctionsStayShort(t *testing.T) { report(t, sizeRule(repo(t).files)) }

func TestSizeRuleFires(t *testing.T) {
	lines := func(n int) string { return strings.Repeat("\n", n) }
	try(t, sizeRule, []specimen{
		{"long file", "", "package x\n" + lines(500), 1},
		{"full file", "", "package x\n" + lines(499), 0},
		{"long test file", "x/x_test.go", "package x\n" + lines(800), 1},
		{"long script", "x.sh", lines(501), 1},
		{"long text", "x.md", lines(5000), 0},
		{"long function", "", "package x\nfunc f() {" + lines(60) + "}\n", 1},
		{"full function", "", "package x\nfunc f() {" + lines(59) + "}\n", 0},
		{"long method", "", "package x\ntype t int\nfunc (t) f() {" + lines(60) + "}\n", 1},
		{"long test", "x/x_test.go", "package x\nfunc f() {" + lines(60) + "}\n", 0},
	})
}

// vagueNames say nothing about what is inside.
var vagueNames = []string{"util", "utils", "common", "manager", "helper", "helpers", "misc"}

func nameRule(files []source) []finding {
	var found []finding
	for _, s := range files {
		if s.file == nil {
			continue
		}
		base := strings.TrimSuffix(strings.TrimSuffix(path.Base(s.path), ".go"), "_test")
		for _, name := range []string{strings.TrimSuffix(s.file.Name.Name, "_test"), base} {
			if slices.Contains(vagueNames, name) {
				found = append(found, finding{s.path, name + " names no behavior: call it after what it does"})
			}
		}
	}
	return found
}

func TestNamesSayWhatIsInside(t *testing.T) { report(t, nameRule(repo(t).files)) }

func TestNameRuleFires(t *testing.T) {
	try(t, nameRule, []specimen{
		{"package", "", "package util\n", 1},
		{"test package", "x/x_test.go", "package helpers_test\n", 1},
		{"file", "x/common.go", "package x\n", 1},
		{"test file", "x/helper_test.go", "package x\n", 1},
		{"honest", "x/redact.go", "package x\n", 0},
	})
}

// packageDocRule wants one package comment in every package; it begins as go
// doc expects it.
func packageDocRule(files []source) []finding {
	if len(files) == 0 {
		return nil
	}
	name := files[0].file.Name.Name
	want := "Package " + name + " "
	if name == "main" {
		want = ""
	}
	var docs int
	for _, s := range files {
		if s.file.Doc == nil {
			continue
		}
		if text := s.file.Doc.Text(); strings.HasPrefix(text, want) && len(strings.Fields(text)) > 3 {
			docs++
		}
	}
	switch docs {
	case 0:
		return []finding{{files[0].dir(), "the package says nothing about itself: begin a comment with \"" + strings.TrimSpace(want) + "\""}}
	case 1:
		return nil
	}
	return []finding{{files[0].dir(), "the package introduces itself in several files: keep one package comment"}}
}

func TestPackagesIntroduceThemselves(t *testing.T) {
	for _, files := range repo(t).packages(func(s source) bool { return !s.isTest() }) {
		report(t, packageDocRule(files))
	}
}

func TestPackageDocRuleFires(t *testing.T) {
	try(t, packageDocRule, []specimen{
		{"silent", "", "package x\n", 1},
		{"detached", "", "// Package x does much good.\n\npackage x\n", 1},
		{"hollow", "", "// Package x x.\npackage x\n", 1},
		{"other name", "", "// Package y does much good.\npackage x\n", 1},
		{"introduced", "", "// Package x does much good.\npackage x\n", 0},
		{"command", "", "// Command msal acquires tokens.\npackage main\n", 0},
	})
	twice := parsed("x/x.go", []byte("// Package x does much good.\npackage x\n"))
	if got := packageDocRule([]source{twice, twice}); len(got) != 1 {
		t.Errorf("two introductions: %d findings, want 1", len(got))
	}
}

// isPublic holds for packages that other modules can import.
func isPublic(dir string) bool {
	return !slices.Contains(strings.Split(dir, "/"), "internal")
}

// customaryMethods mean everywhere what the standard library says they mean.
var customaryMethods = []string{"Error", "Unwrap", "Is", "As", "String", "GoString", "LogValue", "MarshalJSON", "UnmarshalJSON", "MarshalText", "UnmarshalText"}

// docRule wants a comment on everything that go doc shows: exported
// identifiers, exported fields of exported structs, methods of exported
// interfaces. A comment on a field speaks for the fields that follow it
// without a blank line.
func docRule(files []source) []finding {
	var found []finding
	for _, s := range files {
		if s.file == nil || s.isTest() || s.file.Name.Name == "main" || !isPublic(s.dir()) {
			continue
		}
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				customary := d.Recv != nil && slices.Contains(customaryMethods, d.Name.Name)
				if d.Name.IsExported() && receiverIsExported(d) && d.Doc == nil && !customary {
					found = append(found, s.found(d, "%s is exported and undocumented", d.Name.Name))
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					found = append(found, undocumented(s, d, spec)...)
				}
			}
		}
	}
	return found
}

func receiverIsExported(f *ast.FuncDecl) bool {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return true
	}
	typ := f.Recv.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.StarExpr:
			typ = t.X
		case *ast.IndexExpr:
			typ = t.X
		case *ast.IndexListExpr:
			typ = t.X
		case *ast.Ident:
			return t.IsExported()
		default:
			return true
		}
	}
}

func undocumented(s source, d *ast.GenDecl, spec ast.Spec) []finding {
	var found []finding
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			if name.IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
				found = append(found, s.found(spec, "%s is exported and undocumented", name.Name))
			}
		}
	case *ast.TypeSpec:
		if !spec.Name.IsExported() {
			return nil
		}
		if d.Doc == nil && spec.Doc == nil {
			found = append(found, s.found(spec, "%s is exported and undocumented", spec.Name.Name))
		}
		spoken := 0 // the last line of the paragraph that a comment speaks for
		for _, f := range members(spec.Type) {
			first, last := s.fset.Position(f.Pos()).Line, s.fset.Position(f.End()).Line
			if f.Doc != nil || f.Comment != nil || first == spoken+1 {
				spoken = last
			}
			for _, name := range f.Names {
				if name.IsExported() && spoken != last {
					found = append(found, s.found(f, "%s.%s is undocumented: say what it means, its unit and its default", spec.Name.Name, name.Name))
				}
			}
		}
	}
	return found
}

func members(typ ast.Expr) []*ast.Field {
	switch t := typ.(type) {
	case *ast.StructType:
		return t.Fields.List
	case *ast.InterfaceType:
		return t.Methods.List
	}
	return nil
}

func TestEverythingExportedIsDocumented(t *testing.T) { report(t, docRule(repo(t).files)) }

func TestDocRuleFires(t *testing.T) {
	try(t, docRule, []specimen{
		{"function", "", "package x\nfunc F() {}\n", 1},
		{"method", "", "package x\n// T is.\ntype T int\nfunc (*T) F() {}\n", 1},
		{"method of a hidden type", "", "package x\ntype t int\nfunc (t) F() {}\n", 0},
		{"method of a generic type", "", "package x\n// T is.\ntype T[P any] int\nfunc (T[P]) F() {}\n", 1},
		{"type", "", "package x\ntype T int\n", 1},
		{"constant", "", "package x\nconst C = 1\n", 1},
		{"constants in a documented group", "", "package x\n// Limits.\nconst (\nA = 1\nB = 2\n)\n", 0},
		{"variable", "", "package x\nvar (\nE = 1 // says.\nF = 2\n)\n", 1},
		{"field", "", "package x\n// T is.\ntype T struct {\nA int\nB int // says\n// C says.\nC int\nd int\n}\n", 1},
		{"fields", "", "package x\n// T is.\ntype T struct {\n// A and B say.\nA int\nB int\n\nC int\n}\n", 1},
		{"customary method", "", "package x\n// T is.\ntype T int\nfunc (T) Error() string { return \"\" }\n", 0},
		{"interface method", "", "package x\n// T is.\ntype T interface {\nA()\n}\n", 1},
		{"internal", "x/internal/y/y.go", "package y\nfunc F() {}\n", 0},
		{"command", "", "package main\nfunc F() {}\n", 0},
	})
}
