package loopback

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

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

// WCAG 2.2, 1.4.3: 4.5 for text, in the light and in the dark scheme.
func TestTextIsReadableInBothSchemes(t *testing.T) {
	t.Parallel()
	light, dark, found := strings.Cut(styleSheet, "@media (prefers-color-scheme: dark)")
	if !found {
		t.Fatal("no dark scheme")
	}
	for name, css := range map[string]string{"light": light, "dark": dark} {
		color := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(css, -1) {
			color[m[1]] = m[2]
		}
		for _, front := range []string{"ink", "accent", "alert"} {
			a, b := luminance(t, color[front]), luminance(t, color["card"])
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
				t.Errorf("%s: %s on card is %.2f, want 4.5", name, front, ratio)
			}
		}
	}
}
