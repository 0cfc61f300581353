package chart

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
)

// Plane is a chart of points and lines.
type Plane struct {
	Name   string
	X, Y   Axis
	Series []Series
}

// Series is one line, or a set of points.
type Series struct {
	Entry  // named in the legend, unless the name is empty
	Points []Point
}

// Point may have a range of y and a short label beside it.
type Point struct {
	X, Y, Lo, Hi float64
	Label, Tip   string
}

// SVG draws the chart.
func (p Plane) SVG(width float64) template.HTML {
	c := &canvas{width: width}
	narrow := width < 600
	left, right, height, about := 56.0, width-24, 380.0, 9
	if narrow {
		left, right, height, about = 44, width-12, 320, 5
	}
	var entries []Entry
	for _, s := range p.Series {
		if s.Entry.Name != "" {
			entries = append(entries, s.Entry)
		}
	}
	top := 12.0
	if len(entries) > 0 {
		top += c.legend(0, 14, entries)
	}
	top += 26 // the y axis's label
	bottom := top + height
	x, y := newScale(p.X, left, right, about), newScale(p.Y, bottom, top, 7)
	c.vertical(y, left, right)
	below := c.horizontal(x, top, bottom)
	var taken []box
	for _, s := range p.Series { // dots and lines first take their room, then labels look for some
		for i, q := range s.Points {
			px, py := x.at(q.X), y.at(q.Y)
			if s.Mark == Dot {
				taken = append(taken, around(px, py, 7, 7))
				continue
			}
			if i == 0 {
				continue
			}
			fx, fy := x.at(s.Points[i-1].X), y.at(s.Points[i-1].Y)
			steps := math.Ceil(math.Hypot(px-fx, py-fy) / 6)
			for k := 0.0; k <= steps; k++ {
				taken = append(taken, around(fx+(px-fx)*k/steps, fy+(py-fy)*k/steps, 3, 3))
			}
		}
	}
	for _, s := range p.Series {
		if s.Mark == Line || s.Mark == Dashes {
			c.polyline(s, x, y)
			continue
		}
		for _, q := range s.Points {
			px, py := x.at(q.X), y.at(q.Y)
			if q.Hi > q.Lo {
				c.line("line thin "+s.Class, px, y.at(q.Lo), px, y.at(q.Hi))
			}
			c.circle("fill ring "+s.Class, px, py, 6, q.Tip)
			if q.Label != "" {
				taken = append(taken, c.label(q.Label, px, py, taken, left, right, top, bottom))
			}
		}
	}
	return c.done(p.Name, bottom+below)
}

func (c *canvas) polyline(s Series, x, y scale) {
	var d strings.Builder
	for i, q := range s.Points {
		op := "L"
		if i == 0 {
			op = "M"
		}
		fmt.Fprintf(&d, "%s%s %s", op, n(x.at(q.X)), n(y.at(q.Y)))
	}
	class := "line " + s.Class
	if s.Mark == Dashes {
		class += " dashed"
	}
	tip := ""
	if len(s.Points) > 0 {
		tip = s.Points[0].Tip
	}
	c.path(class, d.String(), tip)
}

// box is a rectangle on the page.
type box struct{ x0, y0, x1, y1 float64 }

func around(x, y, dx, dy float64) box { return box{x - dx, y - dy, x + dx, y + dy} }

func (b box) meets(o box) bool { return b.x0 < o.x1 && o.x0 < b.x1 && b.y0 < o.y1 && o.y0 < b.y1 }

// label writes s inside the chart near a dot, as near as nothing else is, and returns the room it took.
func (c *canvas) label(s string, px, py float64, taken []box, left, right, top, bottom float64) box {
	w := 1.15*advance*float64(letters(s))/2 + 2 // bold
	best, least := around(max(min(px, right-w), left+w), max(py-15, top+8), w, 8), math.Inf(1)
	for dy := -120.0; dy <= 120; dy += 5 {
		for dx := -w - 60; dx <= w+60; dx += 4 {
			b := around(px+dx, py+dy, w, 8)
			d := b.distance(px, py) + math.Hypot(dx, dy)/1000 // among equals, the most central
			if d >= least || b.x0 < left || b.x1 > right || b.y0 < top || b.y1 > bottom || slices.ContainsFunc(taken, b.meets) {
				continue
			}
			best, least = b, d
		}
	}
	if d := best.distance(px, py); d > 12 {
		x, y := best.nearest(px, py)
		c.line("leader", px, py, x, y)
	}
	c.text("halo bold", (best.x0+best.x1)/2, best.y1-3.5, "middle", s)
	return best
}

// nearest is the box's point nearest to (x, y).
func (b box) nearest(x, y float64) (float64, float64) {
	return max(min(x, b.x1), b.x0), max(min(y, b.y1), b.y0)
}

func (b box) distance(x, y float64) float64 {
	nx, ny := b.nearest(x, y)
	return math.Hypot(nx-x, ny-y)
}
