package page

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// pair is a text or line color on what lies behind it.
type pair struct {
	front, back string
	ratio       float64
}

// WCAG 2.2: 4.5 for text (1.4.3), 3 for the edges of controls and the focus
// ring (1.4.11).
var pairs = []pair{
	{"ink", "page", 4.5}, {"ink", "card", 4.5}, {"ink", "field", 4.5}, {"ink", "soft", 4.5},
	{"muted", "card", 4.5},
	{"accent", "card", 4.5},
	{"on-accent", "accent", 4.5}, {"on-accent", "accent-strong", 4.5},
	{"on-banner", "banner", 4.5},
	{"on-alert", "alert", 4.5},
	{"edge", "card", 3}, {"edge", "field", 3}, {"accent", "page", 3}, {"on-alert", "card", 3},
	{"focus", "card", 3}, {"focus", "page", 3}, {"focus", "soft", 3},
}

// colors returns the custom properties of the light and of the dark scheme.
func colors(t *testing.T, css string) (light, dark map[string]string) {
	t.Helper()
	head, rest, ok := strings.Cut(css, "@media (prefers-color-scheme: dark) {")
	if !ok {
		t.Fatal("no dark scheme")
	}
	tail, _, _ := strings.Cut(rest, "\n}\n")
	property := regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`)
	read := func(block string) map[string]string {
		m := map[string]string{}
		for _, match := range property.FindAllStringSubmatch(block, -1) {
			m[match[1]] = match[2]
		}
		return m
	}
	return read(head), read(tail)
}

func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32)
	if err != nil {
		t.Fatalf("color %q: %v", hex, err)
	}
	linear := func(shift int) float64 {
		c := float64(n>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(16) + 0.7152*linear(8) + 0.0722*linear(0)
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	la, lb := luminance(t, a), luminance(t, b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func TestContrastFormula(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		a, b string
		want float64
	}{{"#000000", "#ffffff", 21}, {"#ffffff", "#ffffff", 1}, {"#777777", "#ffffff", 4.48}, {"#767676", "#ffffff", 4.54}} {
		if got := contrast(t, tc.a, tc.b); math.Abs(got-tc.want) > 0.01 {
			t.Errorf("contrast(%s, %s) = %.2f, want %.2f", tc.a, tc.b, got, tc.want)
		}
	}
}

func TestContrastSufficesInBothSchemes(t *testing.T) {
	t.Parallel()
	light, dark := colors(t, styleSheet)
	if len(light) == 0 || len(light) != len(dark) {
		t.Fatalf("%d colors in the light scheme, %d in the dark one", len(light), len(dark))
	}
	for name, scheme := range map[string]map[string]string{"light": light, "dark": dark} {
		for _, p := range pairs {
			if got := contrast(t, scheme[p.front], scheme[p.back]); got < p.ratio {
				t.Errorf("%s: %s (%s) on %s (%s) is %.2f, want %.1f", name, p.front, scheme[p.front], p.back, scheme[p.back], got, p.ratio)
			}
		}
	}
}

// Rules that set a text color or a background must use declared colors, and
// where they set both, a pair that is checked above.
func TestRulesUseCheckedColorsOnly(t *testing.T) {
	t.Parallel()
	_, rules, _ := strings.Cut(styleSheet, "\n}\n*")
	if regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b|rgba?\(|hsl`).MatchString(rules) {
		t.Error("a rule spells a color instead of naming it")
	}
	front := regexp.MustCompile(`[{;\s]color: var\(--([a-z-]+)\)`)
	back := regexp.MustCompile(`background: var\(--([a-z-]+)\)`)
	checked := map[[2]string]bool{}
	for _, p := range pairs {
		if p.ratio >= 4.5 {
			checked[[2]string{p.front, p.back}] = true
		}
	}
	for rule := range strings.SplitSeq(rules, "}") {
		f, b := front.FindStringSubmatch(rule), back.FindStringSubmatch(rule)
		switch {
		case f == nil && b == nil:
		case f == nil:
			t.Errorf("a background without a text color: %s", rule)
		case b == nil: // stands on the card, the only surface with text of its own
			if !checked[[2]string{f[1], "card"}] {
				t.Errorf("%s on the card is not checked: %s", f[1], rule)
			}
		case !checked[[2]string{f[1], b[1]}]:
			t.Errorf("%s on %s is not checked: %s", f[1], b[1], rule)
		}
	}
}

func TestMotionIsOnlyForThoseWhoDoNotMind(t *testing.T) {
	t.Parallel()
	before, after, found := strings.Cut(styleSheet, "@media (prefers-reduced-motion: no-preference) {")
	if !found || strings.Contains(before, "transition") || strings.Contains(before, "animation") || !strings.Contains(after, "transition") {
		t.Error("something moves outside of prefers-reduced-motion: no-preference")
	}
}

func TestFocusIsVisible(t *testing.T) {
	t.Parallel()
	if !strings.Contains(styleSheet, ":focus-visible { outline: 3px solid var(--focus)") || strings.Contains(styleSheet, "outline: none") || strings.Contains(styleSheet, "outline: 0") {
		t.Error("the focus ring is gone")
	}
}
