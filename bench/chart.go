package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
	"slices"
	"strings"
)

// The chart: time of a hit over the number of tokens, both logarithmic.

const (
	chartWidth, chartHeight = 640, 340
	plotLeft, plotRight     = 70, 540
	plotTop, plotBottom     = 50, 290
)

// Colors that are told apart in light and dark, and without seeing red or green;
// the shapes of the marks and the words at the ends say the same.
const chartHead = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-labelledby="title text">
<title id="title">Time of a cache hit</title>
<desc id="text">%s</desc>
<style>
text { font: 13px system-ui, sans-serif; fill: #333 }
line { stroke: #8884 }
.s0 { stroke: #767676; fill: #767676 } .s1 { stroke: #0072b2; fill: #0072b2 } .s2 { stroke: #d55e00; fill: #d55e00 }
polyline { stroke-width: 2.5; fill: none !important }
text.s0, text.s1, text.s2 { stroke: none; font-weight: 600 }
@media (prefers-color-scheme: dark) {
text { fill: #ddd }
.s0 { stroke: #a5a5a5; fill: #a5a5a5 } .s1 { stroke: #56b4e9; fill: #56b4e9 } .s2 { stroke: #e69f00; fill: #e69f00 }
}
</style>
<text x="%d" y="24" font-weight="600">Application token from the cache, one goroutine</text>
`

// chart draws the hits for application tokens. The page around it gives no
// background, so neither does it.
func (r report) chart() []byte {
	lines := r.lines()
	var b bytes.Buffer
	fmt.Fprintf(&b, chartHead, chartWidth, chartHeight, escape(r.summary()), plotLeft)
	most, longest := 1, 1000.0
	for _, line := range lines {
		for _, p := range line {
			most, longest = max(most, p.Tokens), max(longest, p.Nanos)
		}
	}
	const least = 10.0 // ns, at the bottom
	x := func(tokens int) float64 {
		return plotLeft + (plotRight-plotLeft)*math.Log10(float64(tokens))/max(1, math.Log10(float64(most)))
	}
	y := func(ns float64) float64 {
		return plotBottom - (plotBottom-plotTop)*math.Log10(max(ns, least)/least)/math.Log10(longest/least)
	}
	for ns := least; ns <= longest; ns *= 10 {
		fmt.Fprintf(&b, "<line x1=\"%d\" x2=\"%d\" y1=\"%.0f\" y2=\"%.0f\"/><text x=\"%d\" y=\"%.0f\" text-anchor=\"end\">%s</text>\n",
			plotLeft, plotRight, y(ns), y(ns), plotLeft-8, y(ns)+4, nanos(ns))
	}
	for tokens := 1; tokens <= most; tokens *= 10 {
		fmt.Fprintf(&b, "<text x=\"%.0f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x(tokens), plotBottom+20, thousands(tokens))
	}
	fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">tokens in the cache</text>\n", (plotLeft+plotRight)/2, plotBottom+40)
	for i, line := range lines {
		if len(line) == 0 {
			continue
		}
		var points []string
		for _, p := range line {
			points = append(points, fmt.Sprintf("%.0f,%.0f", x(p.Tokens), y(p.Nanos)))
			fmt.Fprintf(&b, mark(i), i, x(p.Tokens), y(p.Nanos))
		}
		last := line[len(line)-1]
		fmt.Fprintf(&b, "<polyline class=\"s%d\" points=\"%s\"/><text class=\"s%d\" x=\"%.0f\" y=\"%.0f\">%s</text>\n",
			i, strings.Join(points, " "), i, x(last.Tokens)+10, y(last.Nanos)+4+float64(1-i)*5, escape(last.Subject))
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// mark is another shape for each subject, around a point.
func mark(i int) string {
	return []string{
		"<circle class=\"s%d\" cx=\"%.0f\" cy=\"%.0f\" r=\"4\"/>\n",
		"<path class=\"s%d\" transform=\"translate(%.0f %.0f)\" d=\"M-4-4h8v8h-8z\"/>\n",
		"<path class=\"s%d\" transform=\"translate(%.0f %.0f)\" d=\"M0-5l5 9h-10z\"/>\n",
	}[i]
}

// lines are the points of each subject, by tokens.
func (r report) lines() [][]row {
	names := []string{theFloor, ours, peer}
	lines := make([][]row, len(names))
	for _, row := range r.Rows {
		if i := slices.Index(names, row.Subject); i >= 0 && row.Scenario == hitApp && row.Goroutines == 1 {
			lines[i] = append(lines[i], row)
		}
	}
	return lines
}

// summary says what the chart shows.
func (r report) summary() string {
	var parts []string
	for _, line := range r.lines() {
		if len(line) > 0 {
			first, last := line[0], line[len(line)-1]
			parts = append(parts, fmt.Sprintf("%s takes %s with %s and %s with %s tokens", first.Subject,
				nanos(first.Nanos), thousands(first.Tokens), nanos(last.Nanos), thousands(last.Tokens)))
		}
	}
	return "Time of an application token from the cache: " + strings.Join(parts, "; ") + "."
}

func escape(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a buffer never fails
	return b.String()
}
