package chart

import (
	"fmt"
	"html/template"
)

// Diagram is boxes in columns and lanes, joined by arrows.
type Diagram struct {
	Name   string
	Boxes  []Box
	Arrows [][2]int // indices of Boxes
	Legend []Entry
}

// Box stands in a column (the direction of the arrows) and a lane; lanes may lie between whole numbers.
type Box struct {
	Column, Lane float64
	Lines        []string // the first is bold
	Class, Tip   string
}

// SVG draws the boxes from left to right; where it is narrow, from top to bottom.
func (d Diagram) SVG(width float64) template.HTML {
	c := &canvas{width: width}
	down := width < 600
	columns, lanes := 1.0, 1.0
	for _, b := range d.Boxes {
		columns, lanes = max(columns, b.Column+1), max(lanes, b.Lane+1)
	}
	const gap = 6
	w := 134.0
	if down {
		w = min((width-gap*(lanes-1))/lanes, 150)
	}
	texts, lines := make([][]string, len(d.Boxes)), 1
	bold := make([]int, len(d.Boxes)) // how many of them
	for i, b := range d.Boxes {
		for k, l := range b.Lines {
			texts[i] = append(texts[i], wrap(l, w-4)...)
			if k == 0 {
				bold[i] = len(texts[i])
			}
		}
		lines = max(lines, len(texts[i]))
	}
	top := 8.0
	if len(d.Legend) > 0 {
		top += c.legend(0, 14, d.Legend) + 4
	}
	h := 14 + lineStep*float64(lines)
	stepX, stepY := 0.0, h+14
	if columns > 1 {
		stepX = (width - w) / (columns - 1)
	}
	if down {
		stepX, stepY = w+gap, h+26
		if lanes == 1 {
			stepX = 0
		}
	}
	center := func(b Box) (x, y float64) {
		if down {
			all := w + stepX*(lanes-1)
			return (width-all)/2 + w/2 + b.Lane*stepX, top + h/2 + b.Column*stepY
		}
		return w/2 + b.Column*stepX, top + h/2 + b.Lane*stepY
	}
	for _, a := range d.Arrows {
		x1, y1 := center(d.Boxes[a[0]])
		x2, y2 := center(d.Boxes[a[1]])
		if down {
			y1, y2 = y1+h/2, y2-h/2-1
			c.line("arrow", x1, y1, x1, y2-stepY+h)
			y1 = y2 - stepY + h // beside its own lane there may be other boxes
			c.path("arrow", fmt.Sprintf("M%s %sC%s %s %s %s %s %s", n(x1), n(y1), n(x1), n(y1+18), n(x2), n(y2-18), n(x2), n(y2-6)), "")
			c.path("head", fmt.Sprintf("M%s %sl-4 -7h8z", n(x2), n(y2)), "")
			continue
		}
		x1, x2 = x1+w/2, x2-w/2-1
		c.line("arrow", x1, y1, x2-stepX+w, y1)
		x1 = x2 - stepX + w
		c.path("arrow", fmt.Sprintf("M%s %sC%s %s %s %s %s %s", n(x1), n(y1), n(x1+28), n(y1), n(x2-34), n(y2), n(x2-6), n(y2)), "")
		c.path("head", fmt.Sprintf("M%s %sl-7 -4v8z", n(x2), n(y2)), "")
	}
	for i, b := range d.Boxes {
		x, y := center(b)
		c.rect("box "+b.Class, x-w/2, y-h/2, w, h, 7, b.Tip)
		first := y + 4.5 - float64(len(texts[i])-1)*lineStep/2
		for k, l := range texts[i] {
			class := "small"
			if k < bold[i] {
				class = "bold"
			}
			c.text(class, x, first+float64(k)*lineStep, "middle", l)
		}
	}
	extent := lanes*stepY - 14
	if down {
		extent = columns*stepY - 26
	}
	return c.done(d.Name, top+extent+8)
}
