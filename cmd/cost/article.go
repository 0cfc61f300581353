package main

import (
	"fmt"
	"strconv"
	"strings"

	"inceptiongl/cmd/internal/article"
)

// claims are the article's, recomputed, as a document.
type claims []article.Claim

// write prints the claims, one after another.
func (cs claims) write(p printer) error {
	verdicts := map[string]int{}
	for _, c := range cs {
		verdicts[c.Verdict]++
	}
	p.title(1, fmt.Sprintf("The article's %d claims, recomputed: %d right; %d right, but; %d wrong", len(cs), verdicts[article.Right], verdicts[article.RightBut], verdicts[article.Wrong]))
	for _, c := range cs {
		p.title(2, fmt.Sprintf("%d. %s", c.Number, strings.ToUpper(c.Verdict)))
		p.paragraph("“" + c.Says + "”")
		if c.But != "" {
			p.paragraph(strings.ToUpper(c.But[:1]) + c.But[1:])
		}
		var t table
		for _, col := range []struct {
			title string
			cell  func(article.Figure) string
			right bool
		}{
			{"", func(f article.Figure) string { return f.What }, false},
			{"article", func(f article.Figure) string { return dash(f.Article) }, true},
			{"recomputed", func(f article.Figure) string { return f.Recomputed }, true},
			{"agrees", func(f article.Figure) string { return dash(string(f.Agrees)) }, false},
			{"formula", func(f article.Figure) string { return f.Formula }, false},
		} {
			cells := []string{col.title}
			for _, f := range c.Figures {
				cells = append(cells, col.cell(f))
			}
			t.addColumn(cells, col.right)
		}
		p.table(t)
		for _, line := range c.Proof {
			p.paragraph(line)
		}
	}
	return p.err()
}

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// records are the figures as CSV.
func (cs claims) records() [][]string {
	all := [][]string{{"claim", "says", "verdict", "but", "figure", "article", "recomputed", "agrees", "formula"}}
	for _, c := range cs {
		for _, f := range c.Figures {
			all = append(all, []string{strconv.Itoa(c.Number), c.Says, c.Verdict, c.But, f.What, f.Article, f.Recomputed, string(f.Agrees), f.Formula})
		}
	}
	return all
}
