package chart

import "html/template"

// Timeline shows spans of time, each in a row of its own, inside bands that follow each other.
type Timeline struct {
	Name  string
	X     Axis
	Bands []Band
}

// Band is a range of time with its spans.
type Band struct {
	Label      string
	Start, End float64
	Spans      []Span
}

// Span is a bar.
type Span struct {
	Label, Value string
	Start, End   float64
	Class, Tip   string
}

// SVG draws the chart. Where it is narrow, the labels stand above the bars.
func (t Timeline) SVG(width float64) template.HTML {
	c := &canvas{width: width}
	narrow := width < 600
	left, right, about := 250.0, width-70, 8
	if narrow {
		left, right, about = 2, width-58, 4
	}
	s := newScale(t.X, left, right, about)
	const bar, head = 20, 24
	// Where everything stands, first: bands lie below the grid, spans above it.
	type row struct {
		span   Span
		labels []string
		y      float64
	}
	var rows []row
	tops := make([]float64, len(t.Bands)+1)
	y := 4.0
	for i, b := range t.Bands {
		tops[i] = y
		y += head
		for _, sp := range b.Spans {
			r := row{span: sp}
			h := 0.0
			if narrow {
				r.labels = wrap(sp.Label, width)
				r.y = y + float64(len(r.labels))*lineStep
				h = float64(len(r.labels))*lineStep + bar + 8
			} else {
				r.labels = wrap(sp.Label, left-20)
				h = max(bar+8, float64(len(r.labels))*lineStep+6)
				r.y = y + (h-bar)/2
			}
			y += h
			rows = append(rows, r)
		}
		y += 6
	}
	tops[len(t.Bands)] = y
	for i, b := range t.Bands {
		c.rect("band", s.at(b.Start), tops[i], s.at(b.End)-s.at(b.Start), tops[i+1]-tops[i], 0, "")
	}
	below := c.horizontal(s, 4, y)
	for i, b := range t.Bands {
		c.text("bold", 2, tops[i]+16, "start", b.Label)
		if i > 0 {
			c.line("limit", s.at(b.Start), 4, s.at(b.Start), y)
		}
	}
	for _, r := range rows {
		for k, l := range r.labels {
			if narrow {
				c.text("halo", left, r.y-float64(len(r.labels)-1-k)*lineStep-5, "start", l)
			} else {
				c.text("", left-10, r.y+bar/2+4.5+(float64(k)-float64(len(r.labels)-1)/2)*lineStep, "end", l)
			}
		}
		x := s.at(r.span.Start)
		c.rect("fill "+r.span.Class, x, r.y, max(s.at(r.span.End)-x, 1.5), bar, 2, r.span.Tip)
		c.text("halo bold", s.at(r.span.End)+6, r.y+bar/2+4.5, "start", r.span.Value)
	}
	return c.done(t.Name, y+below)
}
