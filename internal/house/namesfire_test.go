package house

import (
	"slices"
	"strings"
	"testing"
)

// The rules about names, tried on small lists of their own.

const goodNames = `# A comment.

app(id) | class | app | Options | TestIt
	id | Options.ID
get(same) | method | get | Options.Get, cache.Store | TestIt
guide | page | guide | docs/a.md#one | docs/a.md
bound | class | bound | later: bindings (Bind)
verify | parameter | get | no equivalent, because it would switch checks off
`

const goodTable = `// Package x.
//
// # Something else
//
//	not a row  at all
//
// # MSAL Python name -> here
//
//	app          Options
//	get, verify  Options.Get and cache.Store
//	guide        docs/a.md
//	bound (it)   later
package x
`

func tryNames(t *testing.T, list, table string) []finding {
	t.Helper()
	r := repository{files: []source{
		parsed("docs/a.md", []byte("# One\n\n```go\nx := 1\n```\n")),
		parsed("docs/b.md", []byte("no code\n")),
		parsed("x_test.go", []byte("package x\n\nfunc TestIt(t *testing.T) { use(Options, o.ID, o.Get, cache.Store) }\n\nfunc help() {}\n")),
	}}
	has := func(s string) bool {
		return slices.Contains([]string{"Options", "Options.ID", "Options.Get", "cache.Store", "Other"}, s)
	}
	names, found := readNames([]byte(list))
	found = append(found, completeRule(names, 5)...)
	found = append(found, tableRule(names, readTable(parsed("doc.go", []byte(table))))...)
	found = append(found, hereRule(r, names, has, map[string]int{"bindings": 1}, []string{"verify"})...)
	return append(found, proofRule(r, names)...)
}

func TestNameListRulesFire(t *testing.T) {
	if found := tryNames(t, goodNames, goodTable); len(found) != 0 {
		t.Fatalf("findings about a good list: %v", found)
	}
	for what, change := range map[string]struct{ before, after, want string }{
		"a name is missing":           {"guide | page | guide | docs/a.md#one | docs/a.md\n", "", "4 names, want 5"},
		"a name stands twice":         {"get(same)", "app(id)", "stands here twice"},
		"a part is missing":           {"\tid | Options.ID\n", "", "the parts below are"},
		"a part is another's":         {"\tid |", "\tname |", "the parts below are"},
		"a line of two cells":         {"guide | page | guide | docs/a.md#one | docs/a.md", "guide | page", "want \"name"},
		"no such row":                 {"| method | get |", "| method | fetch |", "has no row \"fetch\""},
		"the row names less":          {"| Options.Get, cache.Store |", "| Options.Get, Other |", "does not name Other"},
		"no such symbol":              {"\tid | Options.ID", "\tid | Options.Nothing", "there is no Options.Nothing"},
		"no such page":                {"docs/a.md#one", "docs/c.md", "there is no docs/c.md"},
		"no such heading":             {"#one", "#two", "no such heading"},
		"no proof":                    {" | Options | TestIt", " | Options", "nothing proves it"},
		"no such proof":               {" | Options | TestIt", " | Options | TestThat", "there is no proof TestThat"},
		"a proof that is no test":     {" | Options | TestIt", " | Options | help", "is no example"},
		"a page without code":         {"| docs/a.md\n", "| docs/b.md\n", "there is no proof docs/b.md"},
		"a proof of something else":   {"\tid | Options.ID", "\tid | Other", "Other is not in the file of its proof"},
		"what was awaited has come":   {"(Bind)", "(Other)", "Other is there now"},
		"one more waits":              {"no equivalent, because it would switch checks off", "later: bindings", "2 lines wait for \"bindings\""},
		"nobody waits":                {"later: bindings (Bind)", "Options | TestIt", "no line waits for \"bindings\""},
		"a group of its own":          {"later: bindings (Bind)", "later: someday", "1 lines wait for \"someday\""},
		"no reason":                   {"because it would switch checks off", "because no", "with a reason"},
		"no equivalent without leave": {"bound | class | bound | later: bindings (Bind)", "bound | class | bound | no equivalent, because nobody asked for it yet", "only what unwanted lists"},
	} {
		list := strings.Replace(goodNames, change.before, change.after, 1)
		wantFinding(t, what, tryNames(t, list, goodTable), change.want)
	}
	for what, change := range map[string]struct{ before, after, want string }{
		"a row is gone":        {"//\tguide        docs/a.md\n", "", "has no row \"guide\""},
		"a row of nobody":      {"//\tguide ", "//\tghost        Options\n//\tguide ", "the row ghost belongs to no name"},
		"a row without end":    {"//\tguide        docs/a.md", "//\tguide", "has nothing at its right"},
		"a row out of line":    {"//\tguide        docs", "//\tguide         docs", "is out of line"},
		"a row that boasts":    {"(it)   later", "(it)   Options", "does not say that it comes later"},
		"a row without symbol": {"Options.Get and", "This and", "does not name Options.Get"},
	} {
		wantFinding(t, what, tryNames(t, goodNames, strings.Replace(goodTable, change.before, change.after, 1)), change.want)
	}
}

func wantFinding(t *testing.T, what string, found []finding, want string) {
	t.Helper()
	if !slices.ContainsFunc(found, func(f finding) bool { return strings.Contains(f.what, want) }) {
		t.Errorf("%s: no finding says %q: %v", what, want, found)
	}
}

func TestSymbolsAreFoundInTexts(t *testing.T) {
	for text, want := range map[string]string{
		"Options.Get, cache.Store":                                   "Options.Get cache.Store",
		"X5CLeaf; an AD FS or B2C host in JSON, by Certificate.SHA1": "X5CLeaf Certificate.SHA1",
		"later: Bind": "", "no equivalent, because Options": "", "cancel the context": "",
	} {
		if got := strings.Join(symbolsIn(text), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
