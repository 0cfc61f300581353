// Package chart draws figures as inline SVG: coloured by the page's style sheet, so that they follow its light and dark themes;
// at the width that they are shown at, so that their text keeps its size; with tooltips, and without a script.
//
// Style classes: text, .muted, .bold; .axis and .grid lines; .c0 … .c5 colours, as fill with .fill and as stroke with .line.
package chart

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"
)

// What the style sheet's text of 13 pixels takes, about: the advance of a letter, and the height of a line.
const (
	advance  = 7.7 // of the widest of the usual fonts
	lineStep = 17
)

// canvas collects SVG elements. Heights are known last.
type canvas struct {
	b     strings.Builder
	width float64
}

func (c *canvas) printf(format string, a ...any) { fmt.Fprintf(&c.b, format, a...) }

// n writes a coordinate.
func n(v float64) string {
	s := fmt.Sprintf("%.1f", v)
	return strings.TrimSuffix(s, ".0")
}

func (c *canvas) line(class string, x1, y1, x2, y2 float64) {
	c.printf(`<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>`, class, n(x1), n(y1), n(x2), n(y2))
}

func (c *canvas) rect(class string, x, y, w, h, radius float64, tip string) {
	c.printf(`<rect class="%s" x="%s" y="%s" width="%s" height="%s" rx="%s">%s</rect>`, class, n(x), n(y), n(max(w, 0)), n(h), n(radius), title(tip))
}

func (c *canvas) circle(class string, x, y, r float64, tip string) {
	c.printf(`<circle class="%s" cx="%s" cy="%s" r="%s">%s</circle>`, class, n(x), n(y), n(r), title(tip))
}

// text writes s at a baseline; anchor is start, middle or end.
func (c *canvas) text(class string, x, y float64, anchor, s string) {
	c.printf(`<text class="%s" x="%s" y="%s" text-anchor="%s">%s</text>`, class, n(x), n(y), anchor, html.EscapeString(s))
}

func (c *canvas) path(class, d, tip string) {
	c.printf(`<path class="%s" d="%s">%s</path>`, class, d, title(tip))
}

func title(tip string) string {
	if tip == "" {
		return ""
	}
	return "<title>" + html.EscapeString(tip) + "</title>"
}

// done is the SVG. The name is what a screen reader says.
func (c *canvas) done(name string, height float64) template.HTML {
	return template.HTML(fmt.Sprintf(`<svg role="img" aria-label="%s" viewBox="0 0 %s %s" width="%s" height="%s">%s</svg>`,
		html.EscapeString(name), n(c.width), n(height), n(c.width), n(height), c.b.String()))
}

// legend writes entries in rows and returns the height they take.
func (c *canvas) legend(x, y float64, entries []Entry) float64 {
	at, top := x, y
	for _, e := range entries {
		w := 22 + advance*float64(letters(e.Name)) + 18
		if at > x && at+w-18 > c.width {
			at, y = x, y+lineStep+2
		}
		switch e.Mark {
		case Dot:
			c.circle("fill "+e.Class, at+8, y-4, 5, "")
		case Block:
			c.rect("fill "+e.Class, at, y-11, 16, 12, 2, "")
		case Dashes:
			c.line("line dashed "+e.Class, at, y-4, at+16, y-4)
		default:
			c.line("line "+e.Class, at, y-4, at+16, y-4)
		}
		c.text("", at+22, y, "start", e.Name)
		at += w
	}
	return y - top + lineStep
}

// Entry is a line of a legend.
type Entry struct {
	Name, Class string
	Mark        Mark
}

// Mark is how a series looks.
type Mark int

// The marks.
const (
	Line Mark = iota
	Dashes
	Dot
	Block
)

// wide is a letter of twice a Latin one's width: Chinese, Japanese, Korean.
func wide(r rune) bool { return r >= 0x2e80 && r < 0xfffe }

// letters is the width of s in Latin letters.
func letters(s string) int {
	n := 0
	for _, r := range s {
		if n++; wide(r) {
			n++
		}
	}
	return n
}

// closing are the marks that no line may begin with.
const closing = "，。；：、）？！”’》"

// wrap breaks s after spaces, plus signs, dots and wide letters into lines of about width pixels.
func wrap(s string, width float64) []string {
	most := max(int(width/advance), 4)
	var lines []string
	line, word := "", ""
	flush := func() {
		if line != "" && letters(line)+letters(strings.TrimRight(word, " ")) > most {
			lines = append(lines, strings.TrimRight(line, " "))
			line = ""
		}
		line, word = line+word, ""
	}
	all := []rune(s)
	for i, r := range all {
		word += string(r)
		next := rune(0)
		if i+1 < len(all) {
			next = all[i+1]
		}
		if r == ' ' || r == '+' || r == '.' || next == '（' || wide(r) && r != '（' && !strings.ContainsRune(closing, next) {
			flush()
		}
	}
	flush()
	return append(lines, strings.TrimRight(line, " "))
}

// Number is v with three significant digits, without an exponent.
func Number(v float64) string {
	if v == 0 {
		return "0"
	}
	digits := max(0, 2-int(math.Floor(math.Log10(math.Abs(v)))))
	s := fmt.Sprintf("%.*f", min(digits, 8), v)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}
