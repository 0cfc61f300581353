package chart

import "html/template"

// Bars is a chart of horizontal bars.
type Bars struct {
	Name   string
	X      Axis
	Rows   []Bar
	Mark   float64 // a vertical line; 0 for none
	Legend []Entry
}

// Bar is one row.
type Bar struct {
	Label, Value string // Value stands at the bar's end
	V, Lo, Hi    float64
	Class, Tip   string
}

// SVG draws the chart. Where it is narrow, the labels stand above the bars.
func (b Bars) SVG(width float64) template.HTML {
	c := &canvas{width: width}
	narrow := width < 600
	left, right, top := 250.0, width-110, 8.0
	if narrow {
		left, right = 2, width-92
	}
	if len(b.Legend) > 0 {
		top += c.legend(0, 14, b.Legend)
	}
	about := 7
	if narrow {
		about = 4
	}
	s := newScale(b.X, left, right, about)
	// The rows' heights first: the grid lies below them.
	const bar = 18
	type place struct{ y, height float64 }
	places := make([]place, len(b.Rows))
	labels := make([][]string, len(b.Rows))
	y := top
	for i, r := range b.Rows {
		if narrow {
			labels[i] = wrap(r.Label, width)
			places[i] = place{y + float64(len(labels[i]))*lineStep + 2, float64(len(labels[i]))*lineStep + bar + 12}
		} else {
			labels[i] = wrap(r.Label, left-20)
			h := max(bar+10, float64(len(labels[i]))*lineStep+8)
			places[i] = place{y + (h-bar)/2, h}
		}
		y += places[i].height
	}
	bottom := y + 2
	below := c.horizontal(s, top, bottom)
	if b.Mark != 0 {
		c.line("limit", s.at(b.Mark), top, s.at(b.Mark), bottom)
	}
	for i, r := range b.Rows {
		p := places[i]
		for k, l := range labels[i] {
			if narrow {
				c.text("", left, p.y-float64(len(labels[i])-k)*lineStep+11, "start", l)
			} else {
				c.text("", left-10, p.y+bar/2+4.5+(float64(k)-float64(len(labels[i])-1)/2)*lineStep, "end", l)
			}
		}
		c.rect("fill "+r.Class, left, p.y, s.at(r.V)-left, bar, 3, r.Tip)
		end := s.at(r.V)
		if r.Hi > r.Lo {
			mid := p.y + bar/2
			lo, hi := s.at(r.Lo), s.at(r.Hi)
			c.line("whisker", lo, mid, hi, mid)
			c.line("whisker", lo, mid-4, lo, mid+4)
			c.line("whisker", hi, mid-4, hi, mid+4)
			end = max(end, hi)
		}
		c.text("halo bold", end+7, p.y+bar/2+4.5, "start", r.Value)
	}
	return c.done(b.Name, bottom+below)
}
