package house

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// textRule: errors are told apart by errors.Is and errors.As. Their text is
// for people and changes without notice. A test may look at the text as well,
// for its hint or for a secret, when it has identified the error before.
func textRule(files []source) []finding {
	var found []finding
	for _, s := range files {
		if s.file == nil {
			continue
		}
		for _, d := range s.file.Decls {
			identified := s.isTest() && identifiesErrors(d)
			ast.Inspect(d, func(n ast.Node) bool {
				if s.isTest() && alsoLooksElsewhere(n) {
					return false
				}
				if matchesErrorText(n, s.isTest()) && !identified {
					found = append(found, s.found(n, "an error is recognized by its text: use errors.Is or errors.As"))
				}
				return true
			})
		}
	}
	return found
}

// matchesErrorText finds strings.Contains(err.Error(), ...), its kin, and
// comparisons with err.Error(). In a test, strings.Contains counts only when
// its answer is negated ("if !strings.Contains"): the other way round it says
// what must not be in the text.
func matchesErrorText(n ast.Node, test bool) bool {
	switch n := n.(type) {
	case *ast.UnaryExpr:
		call, ok := n.X.(*ast.CallExpr)
		return test && ok && n.Op == token.NOT && searchesErrorText(call)
	case *ast.CallExpr:
		return !test && searchesErrorText(n)
	case *ast.BinaryExpr:
		return (n.Op == token.EQL || n.Op == token.NEQ) && (isErrorText(n.X) || isErrorText(n.Y))
	case *ast.SwitchStmt:
		return n.Tag != nil && isErrorText(n.Tag)
	}
	return false
}

func searchesErrorText(call *ast.CallExpr) bool {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	matchers := []string{
		"Contains", "ContainsAny", "HasPrefix", "HasSuffix", "EqualFold", "CutPrefix", "CutSuffix",
		"MatchString", "FindString", "FindStringSubmatch",
	}
	return slices.Contains(matchers, f.Sel.Name) && slices.ContainsFunc(call.Args, isErrorText)
}

// isErrorText holds for x.Error() and for conversions of it such as
// strings.ToLower(x.Error()).
func isErrorText(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	if f, ok := call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Error" && len(call.Args) == 0 {
		return true
	}
	return len(call.Args) == 1 && isErrorText(call.Args[0])
}

// alsoLooksElsewhere holds for "e.Reason != want || !strings.Contains(...)":
// the error is known by something else, and its text is looked at besides.
// "err == nil" does not count.
func alsoLooksElsewhere(n ast.Node) bool {
	or, ok := n.(*ast.BinaryExpr)
	if !ok || or.Op != token.LOR {
		return false
	}
	for _, e := range []ast.Expr{or.X, or.Y} {
		if alsoLooksElsewhere(e) {
			return true
		}
		cmp, ok := e.(*ast.BinaryExpr)
		if ok && cmp.Op != token.LOR && !matchesErrorText(cmp, true) && dotted(cmp.Y) != "nil" {
			return true
		}
	}
	return false
}

func identifiesErrors(n ast.Node) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if f, ok := n.(*ast.SelectorExpr); ok {
			name := dotted(f)
			found = found || name == "errors.Is" || name == "errors.As" || name == "errors.AsType"
		}
		return !found
	})
	return found
}

func TestNothingMatchesErrorText(t *testing.T) { report(t, textRule(repo(t).files)) }

func TestErrorTextRuleFires(t *testing.T) {
	in := func(stmt string) string { return "package x\nfunc f(err error) {\n" + stmt + "\n}\n" }
	try(t, textRule, []specimen{
		{"contains", "", in(`if strings.Contains(err.Error(), "x") {}`), 1},
		{"lower case", "", in(`if strings.HasPrefix(strings.ToLower(err.Error()), "x") {}`), 1},
		{"pattern", "", in(`if pattern.MatchString(err.Error()) {}`), 1},
		{"equal", "", in(`if err.Error() == "x" {}`), 1},
		{"switch", "", in(`switch err.Error() { case "x": }`), 1},
		{"printed", "", in(`print(err.Error())`), 0},
		{"identified, but not in a test", "", in(`if errors.Is(err, e) && strings.Contains(err.Error(), "x") {}`), 1},
		{"test knows it by its text", "x/x_test.go", in(`if !strings.Contains(err.Error(), "x") {}`), 1},
		{"test compares", "x/x_test.go", in(`if err.Error() != "x" {}`), 1},
		{"test looks for a hint", "x/x_test.go", in(`if !errors.Is(err, e) || !strings.Contains(err.Error(), "x") {}`), 0},
		{"test looks at a field", "x/x_test.go", in(`if e.Reason != "y" || !strings.Contains(e.Error(), "x") {}`), 0},
		{"test looks for any error", "x/x_test.go", in(`if err == nil || !strings.Contains(err.Error(), "x") {}`), 1},
		{"test looks for a secret", "x/x_test.go", in(`if strings.Contains(err.Error(), "x") {}`), 0},
	})
}

// sleepRule: nothing waits by sleeping. Code obeys its context with a timer
// and a select; tests wait for events, or sleep inside a testing/synctest
// bubble, where time is not real. A function of a test file that is only
// called inside a bubble says so in its comment ("bubble").
func sleepRule(files []source) []finding {
	var found []finding
	for _, s := range files {
		if s.file == nil {
			continue
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && strings.Contains(f.Doc.Text(), "bubble") && s.isTest() {
				continue
			}
			ast.Inspect(d, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				switch dotted(call.Fun) {
				case "synctest.Test":
					return false
				case "time.Sleep":
					found = append(found, s.found(n, "time.Sleep outside a testing/synctest bubble: wait for the event, or select on a timer and the context"))
				}
				return true
			})
		}
	}
	return found
}

func TestNothingSleeps(t *testing.T) { report(t, sleepRule(repo(t).files)) }

func TestSleepRuleFires(t *testing.T) {
	try(t, sleepRule, []specimen{
		{"code", "", "package x\nfunc f() { time.Sleep(1) }\n", 1},
		{"test", "x/x_test.go", "package x\nfunc f() { go func() { time.Sleep(1) }() }\n", 1},
		{"bubble", "x/x_test.go", "package x\nfunc f() { synctest.Test(t, func(t *testing.T) { time.Sleep(1) }) }\n", 0},
		{"beside a bubble", "x/x_test.go", "package x\nfunc f() { synctest.Test(t, func(t *testing.T) {}); time.Sleep(1) }\n", 1},
		{"called in a bubble", "x/x_test.go", "package x\n// f is called inside a bubble.\nfunc f() { time.Sleep(1) }\n", 0},
		{"claims in code", "", "package x\n// f is called inside a bubble.\nfunc f() { time.Sleep(1) }\n", 1},
	})
}

// skipRule: a test is skipped only with a reason, and only where the function
// decides by one of these, so that nothing is skipped unseen in CI:
//
//	os.Getenv("CI")    a real part is missing; with CI=true that is a failure
//	runtime.GOOS       the behavior does not exist on this system
//	testing.Short()    too slow for ./test.sh --quick; CI runs the long form
//
// Contract suites, which are no test files, skip what an implementation does
// not claim to do.
func skipRule(files []source) []finding {
	var found []finding
	for _, s := range files {
		if s.file == nil || !s.isTest() {
			continue
		}
		for _, d := range s.file.Decls {
			excused := mentions(d, `os.Getenv("CI")`, "runtime.GOOS", "testing.Short()")
			ast.Inspect(d, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				f, ok := call.Fun.(*ast.SelectorExpr)
				if !ok || !slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, f.Sel.Name) || !isTestingValue(f.X) {
					return true
				}
				if f.Sel.Name == "SkipNow" || len(call.Args) == 0 {
					found = append(found, s.found(n, "a skipped test gives its reason: use Skip with a text"))
				} else if !excused {
					found = append(found, s.found(n, `a skipped test looks at os.Getenv("CI") first and fails when it is "true"; see CONTRIBUTING.md`))
				}
				return true
			})
		}
	}
	return found
}

// isTestingValue guesses by the customary names of testing values.
func isTestingValue(e ast.Expr) bool {
	return slices.Contains([]string{"t", "tb", "b", "f"}, dotted(e))
}

func mentions(n ast.Node, what ...string) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			found = found || slices.Contains(what, dotted(n))
		case *ast.CallExpr:
			text := dotted(n.Fun) + "("
			if len(n.Args) == 1 {
				if lit, ok := n.Args[0].(*ast.BasicLit); ok {
					text += lit.Value
				}
			}
			found = found || slices.Contains(what, text+")")
		}
		return !found
	})
	return found
}

func TestSkippedTestsHaveAnExcuse(t *testing.T) { report(t, skipRule(repo(t).files)) }

func TestSkipRuleFires(t *testing.T) {
	in := func(stmt string) string {
		return "package x\nfunc TestX(t *testing.T) {\n" + stmt + "\n}\n"
	}
	try(t, skipRule, []specimen{
		{"no excuse", "x/x_test.go", in(`t.Skip("not today")`), 1},
		{"no reason", "x/x_test.go", in(`if os.Getenv("CI") == "" { t.SkipNow() }`), 1},
		{"other variable", "x/x_test.go", in(`if os.Getenv("LAZY") == "" { t.Skip("lazy") }`), 1},
		{"fails in CI", "x/x_test.go", in(`if os.Getenv("CI") == "true" { t.Fatal("no browser") }; t.Skip("no browser")`), 0},
		{"other system", "x/x_test.go", in(`if runtime.GOOS == "windows" { t.Skip("no signals") }`), 0},
		{"quick run", "x/x_test.go", in(`if testing.Short() { t.Skip("slow") }`), 0},
		{"decoder", "x/x_test.go", "package x\nfunc f() { d.Skip() }\n", 0},
		{"contract suite", "x/x.go", in(`t.Skip("the store is no Lister")`), 0},
	})
}
