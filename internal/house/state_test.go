package house

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// initRule: importing a package does nothing.
func initRule(files []source) []finding {
	var found []finding
	for _, s := range files {
		if s.file == nil {
			continue
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				found = append(found, s.found(f, "no init functions: importing a package must do nothing"))
			}
		}
	}
	return found
}

func TestImportingDoesNothing(t *testing.T) { report(t, initRule(repo(t).files)) }

func TestInitRuleFires(t *testing.T) {
	try(t, initRule, []specimen{
		{"init", "", "package x\nfunc init() {}\n", 1},
		{"init in a test", "x/x_test.go", "package x\nfunc init() {}\n", 1},
		{"method", "", "package x\ntype t int\nfunc (t) init() {}\n", 0},
	})
}

// constantCalls make values that nobody changes afterwards. Functions called
// Must... count as well.
var constantCalls = []string{
	"errors.New", "fmt.Errorf",
	"strings.NewReplacer",
	"netip.AddrFrom4", "netip.AddrFrom16", "netip.PrefixFrom",
	"time.Date",
	"base64.RawURLEncoding.Strict", "base64.RawStdEncoding.Strict", "base64.URLEncoding.Strict", "base64.StdEncoding.Strict",
}

// stateRule allows package-level variables that are constants in all but
// name: sentinels, compiled patterns, embedded files, tables that nothing in
// the package assigns to, values of other packages under a shorter name.
// Anything else is state that two clients in one process would share.
func stateRule(files []source) []finding {
	var found []finding
	touched := assigned(files)
	for _, s := range files {
		if s.file == nil || s.isTest() {
			continue
		}
		for _, d := range s.file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				found = append(found, stateOf(s, g, spec.(*ast.ValueSpec), touched)...)
			}
		}
	}
	return found
}

func stateOf(s source, g *ast.GenDecl, spec *ast.ValueSpec, touched map[string]bool) []finding {
	var found []finding
	embedded := hasEmbed(g.Doc) || hasEmbed(spec.Doc)
	for i, name := range spec.Names {
		switch {
		case name.Name == "_":
		case touched[name.Name]:
			found = append(found, s.found(name, "%s is assigned to: package-level state is shared by every client in the process; make it a field", name.Name))
		case embedded:
		case i < len(spec.Values) && isConstantLike(spec.Values[i]):
		default:
			found = append(found, s.found(name, "%s is a package-level variable: make it a constant, a table or a field", name.Name))
		}
	}
	return found
}

func hasEmbed(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") })
}

// isConstantLike holds for expressions whose value is a constant in all but
// name, as far as syntax shows.
func isConstantLike(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.CompositeLit:
		pkg, _, _ := strings.Cut(dotted(e.Type), ".")
		return pkg != "sync" && pkg != "atomic" && pkg != "http" && pkg != "rand"
	case *ast.SelectorExpr:
		return dotted(e) != ""
	case *ast.CallExpr:
		if conv, ok := e.Fun.(*ast.ArrayType); ok { // []byte("...")
			_, literal := e.Args[0].(*ast.BasicLit)
			return literal && conv.Len == nil
		}
		name := dotted(e.Fun)
		_, last, _ := strings.Cut(name, ".")
		return slices.Contains(constantCalls, name) || strings.HasPrefix(last, "Must") || strings.HasPrefix(name, "must")
	}
	return false
}

// dotted writes a.b.c; "" for anything else.
func dotted(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		if x := dotted(e.X); x != "" {
			return x + "." + e.Sel.Name
		}
	}
	return ""
}

// assigned collects the names that the package assigns to, takes the address
// of or deletes from, unless the name is declared again in that function.
func assigned(files []source) map[string]bool {
	names := map[string]bool{}
	for _, s := range files {
		if s.file == nil || s.isTest() {
			continue
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
				local := declaredIn(f)
				for _, name := range assignedIn(f.Body) {
					names[name] = names[name] || !local[name]
				}
			}
		}
	}
	return names
}

func assignedIn(body *ast.BlockStmt) []string {
	var names []string
	add := func(e ast.Expr) {
		if id := base(e); id != nil {
			names = append(names, id.Name)
		}
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, e := range n.Lhs {
					add(e)
				}
			}
		case *ast.IncDecStmt:
			add(n.X)
		case *ast.UnaryExpr:
			// &table[i] lends an entry to a reader; &table lends it all.
			if id, ok := n.X.(*ast.Ident); ok && n.Op == token.AND {
				add(id)
			}
		case *ast.CallExpr:
			if name := dotted(n.Fun); (name == "delete" || name == "clear") && len(n.Args) > 0 {
				add(n.Args[0])
			}
		}
		return true
	})
	return names
}

// base is the variable that an assignment to e changes.
func base(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}

// declaredIn collects what a function declares: receiver, parameters, results,
// and variables of its body. A name that is both local and package-level is
// taken for local.
func declaredIn(f *ast.FuncDecl) map[string]bool {
	names := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			for _, id := range n.Names {
				names[id.Name] = true
			}
		case *ast.ValueSpec:
			for _, id := range n.Names {
				names[id.Name] = true
			}
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				for _, e := range n.Lhs {
					if id, ok := e.(*ast.Ident); ok {
						names[id.Name] = true
					}
				}
			}
		case *ast.RangeStmt:
			for _, e := range []ast.Expr{n.Key, n.Value} {
				if id, ok := e.(*ast.Ident); ok && n.Tok == token.DEFINE {
					names[id.Name] = true
				}
			}
		}
		return true
	})
	return names
}

func TestPackagesHoldNoState(t *testing.T) {
	for _, files := range repo(t).packages(nil) {
		report(t, stateRule(files))
	}
}

func TestStateRuleFires(t *testing.T) {
	try(t, stateRule, []specimen{
		{"bare", "", "package x\nvar a int\n", 1},
		{"mutex", "", "package x\nvar a sync.Mutex\n", 1},
		{"mutex literal", "", "package x\nvar a = sync.Mutex{}\n", 1},
		{"client", "", "package x\nvar a = http.Client{}\n", 1},
		{"pointer", "", "package x\nvar a = &t{}\n", 1},
		{"map for later", "", "package x\nvar a = make(map[string]int)\n", 1},
		{"seam", "", "package x\nvar now = func() int { return 1 }\n", 1},
		{"number", "", "package x\nvar limit = 3\n", 1},
		{"assigned table", "", "package x\nvar a = map[int]int{}\nfunc f() { a[1] = 2 }\n", 1},
		{"cleared table", "", "package x\nvar a = map[int]int{}\nfunc f() { delete(a, 1) }\n", 1},
		{"leaked table", "", "package x\nvar a = [2]int{}\nfunc f() *[2]int { return &a }\n", 1},
		{"lent entry", "", "package x\nvar a = [2]int{}\nfunc f() *int { return &a[0] }\n", 0},
		{"counted", "", "package x\nvar a = t{}\nfunc f() { a.n++ }\n", 1},
		{"reassigned sentinel", "", "package x\nvar a = errors.New(\"\")\nfunc f() { a = nil }\n", 1},
		{"reassigned embed", "", "package x\n//go:embed a\nvar a string\nfunc f() { a = \"\" }\n", 1},
		{"two in one", "", "package x\nvar a, b = errors.New(\"\"), 2\n", 1},
		{"table", "", "package x\nvar a = map[int]int{}\nfunc f() int { return a[1] }\n", 0},
		{"namesake", "", "package x\nvar a = []int{1}\nfunc f() { a := 1; a = 2; _ = a }\n", 0},
		{"sentinel", "", "package x\nvar a = errors.New(\"\")\n", 0},
		{"pattern", "", "package x\nvar a = regexp.MustCompile(\"\")\n", 0},
		{"bytes", "", "package x\nvar a = []byte(\"ab\")\n", 0},
		{"assertion", "", "package x\nvar _ i = (*t)(nil)\n", 0},
		{"alias", "", "package x\nvar a = base64.RawURLEncoding\n", 0},
		{"embed", "", "package x\n//go:embed a\nvar a string\n", 0},
		{"test", "x/x_test.go", "package x\nvar a int\n", 0},
	})
}
