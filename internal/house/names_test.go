package house

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// testdata/names.txt lists every public name, parameter and recipe of MSAL
// Python, with what stands for it here and what proves that. The tests below
// keep the list, the table in doc.go, the exported API and the proofs together.
//
// A line is "name | kind | row | here | proof"; the row is a left cell of the
// table, or one of its terms. Parts of the name above, indented by a tab, are
// "part | here | proof"; without a proof they share the name's.
//
// Here is one of
//
//	Type.Member, Function     symbols of package msal, or with a package in
//	                          front (cache.Store)
//	docs/page.md#heading      pages and folders of the repository
//	later: group (Symbol)     not there yet; once the symbols exist, the line
//	                          has to name them
//	no equivalent, because    what laterGroups and unwanted allow, no more
//
// A proof is an example or a test, with the folder in front of the dot unless
// it is the root, a page with Go code, or a script of the command line. Its
// file names every symbol that it proves.
const namesFile = "internal/house/testdata/names.txt"

// upstreamNames is how many names MSAL Python has by our count, parts left out:
// 92 up to release 1.35, and some since.
const upstreamNames = 99

// laterGroups are the names of work to come: how many lines wait for each.
// Whoever does the work empties the group.
var laterGroups = map[string]int{
	"managed identity":    11,
	"brokers":             6,
	"proof of possession": 6,
}

// unwanted are the only names without an equivalent.
var unwanted = []string{"now"}

// A name is a line of the list.
type name struct {
	line   int
	text   string // as upstream spells it
	kind   string
	row    string
	here   string
	proofs []string
	of     *name // the name that a part belongs to
}

func (n name) where() string { return lineOf(namesFile, n.line) }

func (n name) found(format string, args ...any) finding {
	return finding{n.where(), n.text + ": " + fmt.Sprintf(format, args...)}
}

// readNames parses the list.
func readNames(text []byte) (names []name, found []finding) {
	var last *name
	line := 0
	for l := range strings.Lines(string(text)) {
		line++
		if l = strings.TrimRight(l, "\n"); l == "" || strings.HasPrefix(l, "#") {
			continue
		}
		rest, isPart := strings.CutPrefix(l, "\t")
		cells := strings.Split(rest, " | ")
		n := name{line: line, text: cells[0]}
		switch {
		case isPart && last != nil && len(cells) >= 2 && len(cells) <= 3:
			n.kind, n.of, n.here = "part", last, cells[1]
			n.proofs = last.proofs
			cells = cells[1:]
		case !isPart && len(cells) >= 4 && len(cells) <= 5:
			n.kind, n.row, n.here = cells[1], cells[2], cells[3]
			cells = cells[3:]
		default:
			found = append(found, finding{lineOf(namesFile, line), "want \"name | kind | row | here | proof\", or below it \"part | here | proof\" behind a tab"})
			continue
		}
		if len(cells) == 2 {
			n.proofs = strings.Split(cells[1], ", ")
		}
		names = append(names, n)
		if !isPart {
			last = &n
		}
	}
	return names, found
}

// partsOf are the parts that a name itself lists: parameters in parentheses,
// or what stands behind a colon.
func partsOf(n name) []string {
	var list string
	switch n.kind {
	case "method", "class", "error", "function":
		_, list, _ = strings.Cut(n.text, "(")
		list, _, _ = strings.Cut(list, ")")
	case "result", "samples":
		_, list, _ = strings.Cut(n.text, ": ")
	}
	if list == "" || list == "same" {
		return nil
	}
	var parts []string
	for p := range strings.SplitSeq(regexp.MustCompile(`\([^)]*\)`).ReplaceAllString(list, ""), ", ") {
		parts = append(parts, strings.TrimSpace(p))
	}
	return parts
}

// completeRule wants every name once, with all its parts.
func completeRule(names []name, want int) []finding {
	var found []finding
	parts := map[int][]string{} // by the line of their name
	seen := map[string]bool{}
	count := 0
	for _, n := range names {
		if n.of != nil {
			parts[n.of.line] = append(parts[n.of.line], n.text)
			continue
		}
		count++
		if seen[n.text] {
			found = append(found, n.found("stands here twice"))
		}
		seen[n.text] = true
	}
	for _, n := range names {
		if n.of != nil || later(n.here) != "" && len(parts[n.line]) == 0 {
			continue
		}
		if want := partsOf(n); want != nil && !slices.Equal(parts[n.line], want) {
			found = append(found, n.found("the parts below are %q, want %q", parts[n.line], want))
		}
	}
	if count != want {
		found = append(found, finding{namesFile, fmt.Sprintf("%d names, want %d: names come and go with releases of MSAL Python only", count, want)})
	}
	return found
}

// A row of the table in doc.go.
type row struct {
	where  string
	left   string
	right  string
	column int // where the right cell begins
}

// keys are what names find a row by: its terms, also without parentheses.
func (r row) keys() []string {
	bare, _, _ := strings.Cut(r.left, " (")
	return append(strings.Split(r.left, ", "), r.left, bare)
}

// readTable cuts the table "MSAL Python name -> here" out of a package comment.
func readTable(s source) []row {
	var rows []row
	inside, n := false, 0
	for line := range strings.Lines(string(s.text)) {
		n++
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "// # ") {
			inside = line == "// # MSAL Python name -> here"
		}
		cell, ok := strings.CutPrefix(line, "//\t")
		if !inside || !ok {
			continue
		}
		left, right, _ := strings.Cut(cell, "  ")
		right = strings.TrimLeft(right, " ")
		rows = append(rows, row{lineOf(s.path, n), left, right, len(cell) - len(right)})
	}
	return rows
}

// tableRule keeps the list and the table together, and the table in line.
func tableRule(names []name, rows []row) []finding {
	var found []finding
	known := map[string]bool{}
	for _, n := range names {
		if n.of != nil {
			known[n.text] = true
			continue
		}
		known[n.row] = true
		var here []row
		for _, r := range rows {
			if slices.Contains(r.keys(), n.row) {
				here = append(here, r)
			}
		}
		if len(here) == 0 {
			found = append(found, n.found("the table in doc.go has no row %q", n.row))
			continue
		}
		text := ""
		for _, r := range here {
			text += r.right + "\n"
		}
		for _, s := range symbolsIn(n.here) {
			if !slices.Contains(symbolsIn(text), s) {
				found = append(found, finding{here[0].where, "the row " + n.row + " does not name " + s + ", which " + n.where() + " gives"})
			}
		}
		if later(n.here) != "" && !strings.Contains(text, "later") {
			found = append(found, finding{here[0].where, "the row " + n.row + " does not say that it comes later"})
		}
	}
	for _, r := range rows {
		switch {
		case !slices.ContainsFunc(r.keys(), func(k string) bool { return known[k] }):
			found = append(found, finding{r.where, "the row " + r.left + " belongs to no name of the list"})
		case r.right == "":
			found = append(found, finding{r.where, "the row " + r.left + " has nothing at its right"})
		case r.column != rows[0].column:
			found = append(found, finding{r.where, "the row " + r.left + " is out of line with the first"})
		}
	}
	return found
}

// symbolsIn are the symbols in a text: words that begin with a capital letter
// and have a small one, with what is behind a dot.
func symbolsIn(text string) []string {
	if strings.HasPrefix(text, "no equivalent") || strings.HasPrefix(text, "later: ") {
		return nil
	}
	return regexp.MustCompile(`\b(?:[a-z]+\.)?[A-Z]\w*[a-z]\w*(?:\.[A-Z]\w*)?`).FindAllString(text, -1)
}

// later is the group that a line waits for.
func later(here string) string {
	group, ok := strings.CutPrefix(here, "later: ")
	if !ok {
		return ""
	}
	group, _, _ = strings.Cut(group, " (")
	return group
}

// planned are the symbols that a line will name later.
func planned(here string) []string {
	_, list, ok := strings.Cut(here, " (")
	if later(here) == "" || !ok {
		return nil
	}
	return strings.Split(strings.TrimSuffix(list, ")"), ", ")
}

// symbols finds exported names of the library's public packages.
type symbols struct{ imp types.Importer }

// has says whether a symbol such as AuthorityURL, Options.Cache or cache.Store
// exists.
func (s symbols) has(symbol string) bool {
	pkg := library
	first, rest, dotted := strings.Cut(symbol, ".")
	if dotted && !token.IsExported(first) {
		pkg, symbol = library+"/"+first, rest
	}
	p, err := s.imp.Import(pkg)
	if err != nil {
		return false
	}
	head, member, dotted := strings.Cut(symbol, ".")
	obj := p.Scope().Lookup(head)
	if obj == nil || !obj.Exported() {
		return false
	}
	if !dotted {
		return true
	}
	if _, isType := obj.(*types.TypeName); !isType {
		return false
	}
	found, _, _ := types.LookupFieldOrMethod(obj.Type(), true, p, member)
	return found != nil && found.Exported()
}

// hereRule wants what stands for a name to exist.
func hereRule(r repository, names []name, has func(string) bool, waiting map[string]int, without []string) []finding {
	var found []finding
	count := map[string]int{}
	for _, n := range names {
		reason, isWithout := strings.CutPrefix(n.here, "no equivalent, because ")
		switch {
		case later(n.here) != "":
			count[later(n.here)]++
			for _, s := range planned(n.here) {
				if has(s) {
					found = append(found, n.found("%s is there now: name it, with its proof, and take one from the group %q of laterGroups", s, later(n.here)))
				}
			}
		case isWithout:
			if !slices.Contains(without, n.text) || len(strings.Fields(reason)) < 5 {
				found = append(found, n.found("only what unwanted lists has no equivalent, and then with a reason"))
			}
		default:
			found = append(found, existing(r, n, has)...)
		}
	}
	for group, n := range count {
		if n != waiting[group] {
			found = append(found, finding{namesFile, fmt.Sprintf("%d lines wait for %q, and laterGroups says %d", n, group, waiting[group])})
		}
	}
	for group, n := range waiting {
		if count[group] == 0 {
			found = append(found, finding{namesFile, fmt.Sprintf("no line waits for %q, and laterGroups says %d: delete it there", group, n)})
		}
	}
	return found
}

func existing(r repository, n name, has func(string) bool) []finding {
	var found []finding
	for item := range strings.SplitSeq(n.here, ", ") {
		switch {
		case isPlace(item):
			if why := broken(source{path: "x"}, item, r.places(), r.anchors()); why != "" {
				found = append(found, n.found("%s", why))
			}
		case !has(item):
			found = append(found, n.found("there is no %s", item))
		}
	}
	if len(n.proofs) == 0 {
		found = append(found, n.found("nothing proves it: name an example, a test or a page with Go code"))
	}
	return found
}

// isPlace tells a path from a symbol.
func isPlace(item string) bool { return strings.Contains(item, "/") }

// places are the files and folders of the repository.
func (r repository) places() map[string]bool {
	exists := map[string]bool{}
	for _, s := range r.files {
		for p := s.path; p != "."; p = path.Dir(p) {
			exists[p] = true
		}
	}
	return exists
}

// anchors are the headings of its pages.
func (r repository) anchors() map[string][]string {
	out := map[string][]string{}
	for _, s := range r.files {
		if path.Ext(s.path) == ".md" {
			out[s.path] = headings(string(s.text))
		}
	}
	return out
}

// proofRule wants proofs to exist and to be about what they prove.
func proofRule(r repository, names []name) []finding {
	var found []finding
	proofs := map[string][]byte{} // the texts of the files
	for _, s := range r.files {
		if path.Ext(s.path) == ".md" && len(snippets([]source{s})) > 0 || path.Ext(s.path) == ".txtar" {
			proofs[s.path] = s.text
		}
		if s.file == nil || !s.isTest() {
			continue
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				proofs[proofName(s.dir(), f.Name.Name)] = s.text
			}
		}
	}
	for _, n := range names {
		texts := [][]byte{}
		for _, p := range n.proofs {
			text, ok := proofs[p]
			switch {
			case !ok:
				found = append(found, n.found("there is no proof %s", p))
			case !isProof(p):
				found = append(found, n.found("%s is no example, test, page or script", p))
			}
			texts = append(texts, text)
		}
		for _, s := range symbolsIn(n.here) {
			if isPlace(n.here) {
				break
			}
			last := regexp.MustCompile(`(?:\b|Example)` + s[strings.LastIndex(s, ".")+1:] + `\b`)
			if !slices.ContainsFunc(texts, last.Match) {
				found = append(found, n.found("%s is not in the file of its proof %s", s, strings.Join(n.proofs, ", ")))
			}
		}
	}
	return found
}

func proofName(dir, function string) string {
	if dir == "." {
		return function
	}
	return dir + "." + function
}

func isProof(p string) bool {
	base := p[strings.LastIndexAny(p, "./")+1:]
	return strings.HasPrefix(base, "Example") || strings.HasPrefix(base, "Test") || base == "md" || base == "txtar"
}

func listedNames(t *testing.T) ([]name, []finding) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(namesFile)))
	if err != nil {
		t.Fatal(err)
	}
	return readNames(text)
}

func docTable(t *testing.T) []row {
	t.Helper()
	for _, s := range repo(t).files {
		if s.path == "doc.go" {
			return readTable(s)
		}
	}
	t.Fatal("doc.go is gone")
	return nil
}

func TestEveryNameOfMSALPythonIsListed(t *testing.T) {
	names, found := listedNames(t)
	report(t, found)
	report(t, completeRule(names, upstreamNames))
	report(t, tableRule(names, docTable(t)))
}

func TestEveryNameLeadsSomewhere(t *testing.T) {
	e, _ := compiled(t, "./...")
	s := symbols{e.importer(token.NewFileSet())}
	names, _ := listedNames(t)
	report(t, hereRule(repo(t), names, s.has, laterGroups, unwanted))
	report(t, proofRule(repo(t), names))
	for _, r := range docTable(t) {
		for _, symbol := range symbolsIn(r.right) {
			if !s.has(symbol) {
				t.Errorf("%s: the row %s names %s, which does not exist", r.where, r.left, symbol)
			}
		}
	}
}
