package graph

import (
	"slices"

	"inceptiongl/inception/tensor"
)

// After is the Move that does what first does, and then m, for first's input of shape in. It is false where one Move can't: where m cuts axes
// that first has joined in other places, or has chosen from one by one.
func (m Move) After(first Move, in tensor.Shape) (Move, bool) {
	c, ok := newComposition(m, first, in)
	if !ok {
		return Move{}, false
	}
	for k := range c.made {
		if !c.pair(k) {
			return Move{}, false
		}
	}
	return c.move(in)
}

// composition is two Moves becoming one.
type composition struct {
	from        [4][]*piece   // the first's input, cut as finely as it must be
	made        [4][]*stretch // what its output consists of
	read        [4][]*reading // and as what the second reads that
	to          [4][]*reading // in the order of the second's output
	value       float32
	one, second bool // who has places for the value
}

// piece is an axis of the first's input.
type piece struct{ extent, at int }

// stretch is an axis of the first's output: of a piece, or a repeat, where that is nil.
type stretch struct {
	of *piece
	Axis
}

// reading is an axis as the second reads it, and what becomes of it.
type reading struct {
	extent int
	Axis              // as the second has it
	over   *stretch   // nil where it is of one place
	pieces []*reading // instead, outermost first
}

func newComposition(m, first Move, in tensor.Shape) (*composition, bool) {
	first, extents, err := first.Resolve(in)
	if err != nil {
		return nil, false
	}
	mid, err := first.OutShape([]tensor.Shape{in})
	if err != nil {
		return nil, false
	}
	m, reads, err := m.Resolve(mid)
	if err != nil {
		return nil, false
	}
	c := &composition{}
	var all []*piece
	for k, axes := range first.From {
		for range axes {
			p := &piece{extent: extents[len(all)]}
			all = append(all, p)
			c.from[k] = append(c.from[k], p)
		}
	}
	for k, axes := range first.To {
		for _, a := range axes {
			s := &stretch{Axis: a}
			if a.Of != Repeat {
				s.of = all[a.Of]
			}
			c.one = c.one || slices.Contains(a.Index, -1)
			c.made[k] = append(c.made[k], s)
		}
	}
	var second []*reading
	for k, axes := range m.From {
		for range axes {
			r := &reading{extent: reads[len(second)]}
			second = append(second, r)
			c.read[k] = append(c.read[k], r)
		}
	}
	for k, axes := range m.To {
		for _, a := range axes {
			r := &reading{extent: 1}
			if a.Of != Repeat {
				r = second[a.Of]
			}
			r.Axis = a
			c.second = c.second || slices.Contains(a.Index, -1)
			c.to[k] = append(c.to[k], r)
		}
	}
	if c.value = first.Value; c.second {
		c.value = m.Value
	}
	return c, !c.one || !c.second || first.Value == m.Value
}

// pair finds what each reading of dimension k is over, from the innermost on, and cuts what is longer.
func (c *composition) pair(k int) bool {
	made := slices.DeleteFunc(slices.Clone(c.made[k]), func(s *stretch) bool { return s.Len() == 1 })
	read := slices.DeleteFunc(slices.Clone(c.read[k]), func(r *reading) bool { return r.extent == 1 })
	for len(made) > 0 && len(read) > 0 {
		s, r := made[len(made)-1], read[len(read)-1]
		made, read = made[:len(made)-1], read[:len(read)-1]
		switch n := s.Len(); {
		case n == r.extent:
			r.over = s
		case n%r.extent == 0:
			outer, inner, ok := c.cut(s, r.extent)
			if !ok {
				return false
			}
			r.over = inner
			made = append(made, outer)
		case r.extent%n == 0:
			outer, inner, ok := r.cut(n)
			if !ok {
				return false
			}
			inner.over = s
			read = append(read, outer)
		default:
			return false
		}
	}
	return len(made) == 0 && len(read) == 0
}

// cut makes two stretches of one, of which the inner has n places.
func (c *composition) cut(s *stretch, n int) (outer, inner *stretch, ok bool) {
	outer, inner = &stretch{Axis: s.Axis}, &stretch{Axis: Axis{Of: s.Of, Step: 1, Count: n}}
	outer.Count = s.Count / n
	if s.of == nil {
		return outer, inner, true
	}
	if s.Index != nil || s.Step != 1 || s.Start%n != 0 || s.of.extent%n != 0 {
		return nil, nil, false
	}
	outer.Start = s.Start / n
	outer.of, inner.of = &piece{extent: s.of.extent / n}, &piece{extent: n}
	for k, list := range c.from {
		if i := slices.Index(list, s.of); i >= 0 {
			c.from[k] = slices.Replace(slices.Clone(list), i, i+1, outer.of, inner.of)
		}
	}
	*s = stretch{Axis: Axis{Of: Repeat, Step: 1, Count: 1}} // nothing is left of it
	return outer, inner, true
}

// cut makes two readings of one, of which the inner has n places.
func (r *reading) cut(n int) (outer, inner *reading, ok bool) {
	if r.Index != nil || r.Step != 1 || r.Start%n != 0 || r.Count%n != 0 {
		return nil, nil, false
	}
	outer = &reading{extent: r.extent / n, Axis: Axis{Of: r.Of, Start: r.Start / n, Step: 1, Count: r.Count / n}}
	inner = &reading{extent: n, Axis: Axis{Of: r.Of, Step: 1, Count: n}}
	r.pieces = []*reading{outer, inner}
	return outer, inner, true
}

// move is the one Move.
func (c *composition) move(in tensor.Shape) (Move, bool) {
	m := Move{Value: c.value}
	at := 0
	for k, list := range c.from {
		for _, p := range list {
			p.at = at
			at++
			m.From[k] = append(m.From[k], p.extent)
		}
	}
	put := func(k int, a Axis) { m.To[k] = append(m.To[k], a) }
	for k, list := range c.to {
		for _, r := range list {
			if !r.each(func(r *reading) bool {
				a, ok := r.composed()
				if a.Of != Repeat || a.Count > 1 {
					put(k, a)
				}
				return ok
			}) {
				return Move{}, false
			}
		}
	}
	for _, list := range c.made { // places that the first has chosen, of which there is one each
		for _, s := range list {
			switch {
			case s.Len() > 1 || s.of == nil:
			case s.Index != nil:
				return Move{}, false
			case s.of.extent > 1:
				put(0, Axis{Of: s.of.at, Start: s.Start, Step: 1, Count: 1})
			}
		}
	}
	_, _, err := m.Resolve(in)
	return m, err == nil
}

// each visits the pieces that a reading was cut into, outermost first, as long as visit is true.
func (r *reading) each(visit func(*reading) bool) bool {
	for _, p := range r.pieces {
		if !p.each(visit) {
			return false
		}
	}
	return len(r.pieces) > 0 || visit(r)
}

// composed is the axis of the first's input that a reading is in the end.
func (r *reading) composed() (Axis, bool) {
	repeat := Axis{Of: Repeat, Step: 1, Count: r.Len()}
	fills := slices.Contains(r.Index, -1)
	switch s := r.over; {
	case s == nil || s.of == nil: // of one place, or of places that are alike
		return repeat, !fills
	case s.Index == nil && r.Index == nil:
		a := Axis{Of: s.of.at, Start: s.Start + r.Start*s.Step, Step: s.Step * r.Step, Count: r.Count}
		if a.Count == 1 {
			a.Step = 1
		}
		return a, true
	default:
		a := Axis{Of: s.of.at, Index: make([]int, r.Len())}
		for i := range a.Index {
			place := r.place(i)
			if a.Index[i] = place; place >= 0 {
				a.Index[i] = s.place(place)
			}
		}
		return a, true
	}
}

// place is the i-th place that a resolved axis takes.
func (a Axis) place(i int) int {
	if a.Index != nil {
		return a.Index[i]
	}
	return a.Start + i*a.Step
}
