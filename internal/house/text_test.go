package house

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The words that the rules below look for are put together from parts, so that
// this file does not break its own rules.
func joined(parts ...string) string { return strings.Join(parts, "") }

// A textBan is a pattern that no text file of the repository may contain.
type textBan struct {
	pattern *regexp.Regexp
	why     string
	except  []string // paths, or file names, that may
}

func textBans() []textBan {
	markers := joined(`\b(TO`, `DO|FIX`, `ME|XX`, `X|HA`, `CK)\b`)
	hosts := joined(`\b(proxy\.golang`, `\.org|sum\.golang`, `\.org|registry\.npm`, `js\.org|deb\.deb`, `ian\.org|py`, `pi\.org|index\.crates`, `\.io)\b`)
	paths := joined("(^|[\\s\"'`=(:])/(wo", `rk|ro`, `ot|fa`, `rm|t`, `mp)/[A-Za-z0-9_]`)
	return []textBan{
		{regexp.MustCompile(markers), "what is written works; plans belong into an issue", nil},
		{regexp.MustCompile(hosts), "names a package registry; the clients know where theirs is", nil},
		{regexp.MustCompile(`(?m)` + paths), "is a path of somebody's machine; use a relative path or t.TempDir", nil},
		{regexp.MustCompile(joined(`-----BEGIN ([A-Z]+ )?PRIV`, `ATE KEY-----\s+[A-Za-z0-9+/]{60}`)), "is a private key; make keys in the test that needs them",
			[]string{"testdata"}},
	}
}

// isText holds for files without NUL bytes in their beginning.
func isText(text []byte) bool { return !bytes.Contains(text[:min(len(text), 8000)], []byte{0}) }

func bannedTextRule(files []source) []finding {
	var found []finding
	bans := textBans()
	for _, s := range files {
		// Checksums and fuzzing inputs are arbitrary bytes.
		if !isText(s.text) || path.Base(s.path) == "go.sum" || path.Base(s.path) == "go.work.sum" || strings.Contains(s.path, "testdata/fuzz/") {
			continue
		}
		for _, b := range bans {
			if slices.ContainsFunc(b.except, func(e string) bool { return slices.Contains(strings.Split(s.path, "/"), e) }) {
				continue
			}
			for _, at := range b.pattern.FindAllIndex(s.text, -1) {
				line := 1 + bytes.Count(s.text[:at[0]], []byte("\n"))
				hit := strings.TrimSpace(string(s.text[at[0]:at[1]]))
				found = append(found, finding{lineOf(s.path, line), hit + ": " + b.why})
			}
		}
	}
	return found
}

func TestNoFileContainsWhatIsBanned(t *testing.T) { report(t, bannedTextRule(repo(t).files)) }

func TestBannedTextRuleFires(t *testing.T) {
	try(t, bannedTextRule, []specimen{
		{"marker", "", "package x\n// " + joined("TO", "DO") + ": later\n", 1},
		{"marker in a script", "x.sh", "# " + joined("FIX", "ME"), 1},
		{"registry", "x.md", "see https://" + joined("proxy.golang", ".org") + "/x", 1},
		{"lock file", "x/package-lock.json", `"resolved": "https://` + joined("registry.npm", "js.org") + `/jose"`, 1},
		{"path", "x.md", "cd " + joined("/wo", "rk/main"), 1},
		{"temporary path", "", "package x\nconst p = \"" + joined("/t", "mp/x") + "\"\n", 1},
		{"path inside a URL", "x.md", "https://login.example/" + joined("wo", "rk/x"), 0},
		{"key", "x.pem", joined("-----BEGIN RSA PRIV", "ATE KEY-----\n", strings.Repeat("A", 64)), 1},
		{"truncated key", "x.pem", joined("-----BEGIN RSA PRIV", "ATE KEY-----\nAAAA"), 0},
		{"key in testdata", "x/testdata/key.pem", joined("-----BEGIN PRIV", "ATE KEY-----\n", strings.Repeat("A", 64)), 0},
		{"innocent", "x.md", "The todo list of a method; hacker; rooted/tmpfs.", 0},
		{"binary", "x.png", "\x00" + joined("TO", "DO"), 0},
	})
}

// whitespaceRule: text files end in one newline and no line ends in blanks.
func whitespaceRule(files []source) []finding {
	var found []finding
	for _, s := range files {
		if !isText(s.text) || len(s.text) == 0 || slices.Contains(strings.Split(s.path, "/"), "testdata") {
			continue
		}
		if !bytes.HasSuffix(s.text, []byte("\n")) || bytes.HasSuffix(s.text, []byte("\n\n")) {
			found = append(found, finding{s.path, "the file does not end in exactly one newline"})
		}
		n := 0
		for line := range bytes.Lines(s.text) {
			n++
			line = bytes.TrimSuffix(line, []byte("\n"))
			if bytes.HasSuffix(line, []byte("\r")) {
				found = append(found, finding{lineOf(s.path, n), "the line ends as on Windows; .gitattributes says LF"})
				break
			}
			if bytes.HasSuffix(line, []byte(" ")) || bytes.HasSuffix(line, []byte("\t")) {
				found = append(found, finding{lineOf(s.path, n), "blanks at the end of the line"})
			}
		}
	}
	return found
}

func TestTextFilesEndCleanly(t *testing.T) { report(t, whitespaceRule(repo(t).files)) }

func TestWhitespaceRuleFires(t *testing.T) {
	try(t, whitespaceRule, []specimen{
		{"no newline", "x.md", "a", 1},
		{"two newlines", "x.md", "a\n\n", 1},
		{"blank at the end", "x.md", "a \nb\n", 1},
		{"carriage return", "x.md", "a\r\nb\r\n", 1},
		{"recorded", "x/testdata/a.json", "a", 0},
		{"clean", "x.md", "a\n\nb\n", 0},
	})
}
