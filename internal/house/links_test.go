package house

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// linkRule: relative links in Markdown lead to a file of the repository and,
// with a fragment, to a heading in it. Links to elsewhere are not followed.
func linkRule(files []source) []finding {
	anchors := map[string][]string{}
	exists := map[string]bool{".": true}
	for _, s := range files {
		for p := s.path; p != "."; p = path.Dir(p) {
			exists[p] = true
		}
		if path.Ext(s.path) == ".md" {
			anchors[s.path] = headings(string(s.text))
		}
	}
	var found []finding
	for _, s := range files {
		if path.Ext(s.path) != ".md" {
			continue
		}
		for _, l := range links(string(s.text)) {
			if why := broken(s, l.target, exists, anchors); why != "" {
				found = append(found, finding{lineOf(s.path, l.line), "link to " + l.target + ": " + why})
			}
		}
	}
	return found
}

func broken(s source, target string, exists map[string]bool, anchors map[string][]string) string {
	u, err := url.Parse(target)
	if err != nil {
		return "not a URL"
	}
	if u.Scheme != "" || u.Host != "" {
		return ""
	}
	if path.IsAbs(u.Path) {
		return "begin with the folder of this file, not with a slash"
	}
	to := s.path
	if u.Path != "" {
		to = path.Join(s.dir(), u.Path)
	}
	if !exists[to] {
		return "there is no " + to
	}
	if list, isMarkdown := anchors[to]; isMarkdown && u.Fragment != "" && !slices.Contains(list, u.Fragment) {
		return to + " has no such heading"
	}
	return ""
}

type link struct {
	line   int
	target string
}

// [text](target "title") and [label]: target. The text may hold one level of
// brackets, as an image inside a link does.
func linkPatterns() []*regexp.Regexp {
	return []*regexp.Regexp{
		regexp.MustCompile(`\]\(<?([^\s()<>]+(?:\([^\s()]*\)[^\s()<>]*)*)>?(?:\s+"[^"]*")?\)`),
		regexp.MustCompile(`^ {0,3}\[[^\]]+\]:\s+<?([^\s<>]+)>?`),
	}
}

func links(text string) []link {
	var out []link
	patterns := linkPatterns()
	for n, line := range prose(text) {
		for _, p := range patterns {
			for _, m := range p.FindAllStringSubmatch(line, -1) {
				out = append(out, link{n, m[1]})
			}
		}
	}
	return out
}

// prose yields the numbered lines of a Markdown text that are not code, with
// code spans blanked.
func prose(text string) func(yield func(int, string) bool) {
	span := regexp.MustCompile("`+[^`]*`+")
	return func(yield func(int, string) bool) {
		fence := ""
		n := 0
		for line := range strings.Lines(text) {
			n++
			mark := fenceOf(line)
			switch {
			case fence == "" && mark != "":
				fence = mark
			case fence != "":
				if mark != "" && strings.HasPrefix(mark, fence) && strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), "`~")) == "" {
					fence = ""
				}
			default:
				if !yield(n, span.ReplaceAllString(strings.TrimRight(line, "\n"), "")) {
					return
				}
			}
		}
	}
}

// fenceOf is the run of backquotes or tildes that a line begins with, if it
// is long enough to fence code.
func fenceOf(line string) string {
	line = strings.TrimSpace(line)
	for _, c := range []string{"`", "~"} {
		if n := len(line) - len(strings.TrimLeft(line, c)); n >= 3 {
			return line[:n]
		}
	}
	return ""
}

// headings are the anchors of a Markdown text: GitHub makes them from the
// heading in lower case, without punctuation, blanks as hyphens; a repeated
// one gets a number.
func headings(text string) []string {
	drop := regexp.MustCompile(`[^\p{L}\p{N}\- _]`)
	explicit := regexp.MustCompile(`<a (?:name|id)="([^"]+)"`)
	label := regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
	seen := map[string]int{}
	var out []string
	fence := ""
	for line := range strings.Lines(text) {
		if mark := fenceOf(line); mark != "" && (fence == "" || strings.HasPrefix(mark, fence)) {
			if fence == "" {
				fence = mark
			} else {
				fence = ""
			}
		}
		if fence != "" {
			continue
		}
		for _, m := range explicit.FindAllStringSubmatch(line, -1) {
			out = append(out, m[1])
		}
		title := strings.TrimLeft(line, "#")
		if depth := len(line) - len(title); depth == 0 || depth > 6 || !strings.HasPrefix(title, " ") {
			continue
		}
		title = label.ReplaceAllString(strings.TrimSpace(title), "$1")
		slug := strings.ReplaceAll(drop.ReplaceAllString(strings.ToLower(title), ""), " ", "-")
		if n := seen[slug]; n > 0 {
			out = append(out, fmt.Sprintf("%s-%d", slug, n))
		} else {
			out = append(out, slug)
		}
		seen[slug]++
	}
	return out
}

func TestLinksLeadSomewhere(t *testing.T) { report(t, linkRule(repo(t).files)) }

func TestLinkRuleFires(t *testing.T) {
	const page = "docs/a.md"
	try(t, linkRule, []specimen{
		{"missing file", page, "[x](b.md)\n", 1},
		{"two on a line", page, "[x](b.md) and [y](c.md \"title\")\n", 2},
		{"image in a link", page, "[![x](b.png)](c.md)\n", 2},
		{"reference", page, "[x]: b.md\n", 1},
		{"missing heading", page, "# One\n[x](#two)\n", 1},
		{"missing heading elsewhere", page, "# One\n[x](a.md#two)\n", 1},
		{"from the top", page, "[x](/docs/a.md)\n", 1},
		{"outside", page, "[x](../../b.md)\n", 1},
		{"itself", page, "[x](a.md) [y](../docs/a.md) [z](.) [r](..)\n", 0},
		{"heading", page, "## The `one` & only: [it](a.md)!\n[x](#the-one--only-it)\n", 0},
		{"second heading", page, "# A\n# A\n[x](#a-1)\n", 0},
		{"heading in code", page, "```sh\n# one\n```\n[x](#one)\n", 1},
		{"elsewhere", page, "[x](https://example.com/b.md) <b.md> [y](mailto:a@example.com)\n", 0},
		{"code", page, "`[x](b.md)`\n\n```go\n[x](b.md)\n```\n", 0},
		{"after code", page, "````md\n```\n````\n[x](b.md)\n", 1},
	})
}
