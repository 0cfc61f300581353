package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// document is what this program prints. JSON is the document itself.
type document interface {
	records() [][]string // CSV, with a header
	write(printer) error // for people
}

// printer writes a document for people, piece by piece, in one format.
type printer interface {
	title(level int, s string)
	paragraph(s string)
	table(table)
	list([][2]string) // names and values
	err() error
}

func writeJSON(out io.Writer, d document) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(d)
}

func writeCSV(out io.Writer, d document) error {
	return csv.NewWriter(out).WriteAll(d.records())
}

// table is a header and rows. Numbers are aligned right.
type table struct {
	rows  [][]string
	right []bool
}

// addColumn adds a column, its title first. All columns have the same length.
func (t *table) addColumn(cells []string, right bool) {
	if t.rows == nil {
		t.rows = make([][]string, len(cells))
	}
	for i, c := range cells {
		t.rows[i] = append(t.rows[i], c)
	}
	t.right = append(t.right, right)
}

// lines are the rows, every cell padded to its column's width.
func (t table) lines() [][]string {
	widths := make([]int, len(t.right))
	for _, row := range t.rows {
		for i, c := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	var all [][]string
	for _, row := range t.rows {
		var cells []string
		for i, c := range row {
			blank := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c))
			if t.right[i] {
				c = blank + c
			} else {
				c += blank
			}
			cells = append(cells, c)
		}
		all = append(all, cells)
	}
	return all
}

// text is for a terminal.
type text struct {
	out    io.Writer
	failed error
}

func (p *text) printf(format string, a ...any) {
	if _, err := fmt.Fprintf(p.out, format, a...); err != nil && p.failed == nil {
		p.failed = err
	}
}

func (p *text) err() error                { return p.failed }
func (p *text) title(level int, s string) { p.printf("%s%s\n\n", strings.Repeat("\n", level-1), s) }

// paragraph breaks lines between words.
func (p *text) paragraph(s string) {
	const width = 110
	used := 0
	for i, word := range strings.Fields(s) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case used+1+n > width:
			p.printf("\n")
			used = 0
		default:
			p.printf(" ")
			used++
		}
		p.printf("%s", word)
		used += n
	}
	p.printf("\n\n")
}

func (p *text) table(t table) {
	for _, cells := range t.lines() {
		p.printf("%s\n", strings.TrimRight(strings.Join(cells, "  "), " "))
	}
	p.printf("\n")
}

func (p *text) list(items [][2]string) {
	width := 0
	for _, i := range items {
		width = max(width, utf8.RuneCountInString(i[0]))
	}
	for _, i := range items {
		p.printf("%s%s  %s\n", i[0], strings.Repeat(" ", width-utf8.RuneCountInString(i[0])), i[1])
	}
}

// markdown is GitHub's.
type markdown struct{ text }

// escape keeps text from being taken for markup. An underscore inside a word is none.
func escape(s string) string {
	isWord := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	var b strings.Builder
	runes := []rune(s)
	for i, r := range runes {
		inside := i > 0 && i+1 < len(runes) && isWord(runes[i-1]) && isWord(runes[i+1])
		if strings.ContainsRune("\\|*`<[]", r) || r == '_' && !inside {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (p *markdown) title(level int, s string) {
	p.printf("%s %s\n\n", strings.Repeat("#", level+1), escape(s))
}

func (p *markdown) paragraph(s string) { p.printf("%s\n\n", escape(s)) }

func (p *markdown) table(t table) {
	for _, row := range t.rows {
		for i, c := range row {
			row[i] = escape(c)
		}
	}
	for k, cells := range t.lines() {
		p.printf("| %s |\n", strings.Join(cells, " | "))
		if k > 0 {
			continue
		}
		for i, c := range cells {
			rule := strings.Repeat("-", max(utf8.RuneCountInString(c), 2))
			if t.right[i] {
				rule = rule[1:] + ":"
			}
			p.printf("| %s ", rule)
		}
		p.printf("|\n")
	}
	p.printf("\n")
}

func (p *markdown) list(items [][2]string) {
	for _, i := range items {
		p.printf("- **%s**: %s\n", escape(i[0]), escape(i[1]))
	}
}
