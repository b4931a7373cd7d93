package house

import (
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"strings"
	"testing"
)

// pageRule: what the pages for users call by name in code spans exists:
// `msal.Symbol`, `Type.Member` of a type of package msal, and `ExampleX`.
// Blocks of Go are compiled, see TestSnippetsCompile; other libraries' names
// pass, unless they look like ours.
func pageRule(files []source, has func(string) bool) []finding {
	examples := map[string]bool{}
	for _, s := range files {
		if s.file == nil || !s.isTest() {
			continue
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Example") {
				examples[f.Name.Name] = true
				examples[s.path+" "+f.Name.Name] = true
			}
		}
	}
	ours := regexp.MustCompile(`\bmsal\.([A-Z]\w*(?:\.[A-Z]\w*)?)`)
	member := regexp.MustCompile(`(?:^|[^.\w])([A-Z]\w*)\.([A-Z]\w*)`)
	example := regexp.MustCompile(`^Example\w*$`)
	linked := regexp.MustCompile("\\[`(Example\\w*)`\\]\\(([^)#]+)\\)")
	var found []finding
	for _, s := range files {
		if path.Ext(s.path) != ".md" || strings.HasPrefix(s.path, "docs/adr/") {
			continue
		}
		add := func(line int, name string) {
			found = append(found, finding{lineOf(s.path, line), "there is no " + name + " (any more)"})
		}
		for line, span := range codeSpans(string(s.text)) {
			for _, m := range ours.FindAllStringSubmatch(span, -1) {
				if !has(m[1]) {
					add(line, "msal."+m[1])
				}
			}
			for _, m := range member.FindAllStringSubmatch(span, -1) {
				if has(m[1]) && !has(m[1]+"."+m[2]) {
					add(line, m[1]+"."+m[2])
				}
			}
			if example.MatchString(span) && !examples[span] {
				add(line, span)
			}
		}
		n := 0
		for line := range strings.Lines(string(s.text)) {
			n++
			for _, m := range linked.FindAllStringSubmatch(line, -1) {
				if file := path.Join(s.dir(), m[2]); examples[m[1]] && !examples[file+" "+m[1]] {
					found = append(found, finding{lineOf(s.path, n), m[1] + " is not in " + file})
				}
			}
		}
	}
	return found
}

// codeSpans yields the code spans of a Markdown text, outside of its blocks,
// with their lines.
func codeSpans(text string) func(yield func(int, string) bool) {
	span := regexp.MustCompile("`([^`]+)`")
	return func(yield func(int, string) bool) {
		fenced, n := false, 0
		for line := range strings.Lines(text) {
			n++
			if fenceOf(line) != "" {
				fenced = !fenced
			}
			if fenced {
				continue
			}
			for _, m := range span.FindAllStringSubmatch(line, -1) {
				if !yield(n, m[1]) {
					return
				}
			}
		}
	}
}

func TestPagesNameWhatExists(t *testing.T) {
	e, _ := compiled(t, "./...")
	report(t, pageRule(repo(t).files, symbols{e.importer(token.NewFileSet())}.has))
}

func TestPageRuleFires(t *testing.T) {
	has := func(s string) bool {
		return s == "Options" || s == "Options.Cache" || s == "NewClient"
	}
	rule := func(files []source) []finding {
		return pageRule(append(files, parsed("a_test.go", []byte("package x\n\nfunc ExampleNewClient() {}\n")), parsed("b_test.go", []byte("package x\n"))), has)
	}
	const page = "docs/a.md"
	try(t, rule, []specimen{
		{"function", page, "call `msal.OldClient(x)`\n", 1},
		{"field", page, "set `Options.Store`\n", 1},
		{"field behind a package", page, "set `msal.Options.Store`\n", 1},
		{"example", page, "see `ExampleOldClient`\n", 1},
		{"example in another file", page, "[`ExampleNewClient`](../b_test.go)\n", 1},
		{"all there", page, "`msal.NewClient(id, msal.Options{})`, `Options.Cache`, [`ExampleNewClient`](../a_test.go)\n", 0},
		{"another library's", page, "`public.New`, `azcore.Options.Store`, `Config.TokenURL`\n", 0},
		{"no code", page, "msal.OldClient\n\n```text\n`msal.OldClient`\n```\n", 0},
		{"a decision of its day", "docs/adr/0001-a.md", "`msal.OldClient`\n", 0},
	})
}
