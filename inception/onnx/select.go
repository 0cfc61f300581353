package onnx

import (
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
)

// choose takes places along an axis: those of a, of which there are as many as d says. The order of axes stays.
func (n *node) choose(x *value, axis int, a graph.Axis, d dim) (*value, error) {
	return n.chooseOr(x, axis, a, d, 0)
}

// chooseOr is choose with a number for places that are −1.
func (n *node) chooseOr(x *value, axis int, a graph.Axis, d dim, fill float32) (*value, error) {
	if x.con != nil {
		p, err := n.b.tensor(x)
		if err != nil {
			return nil, err
		}
		x = x.like(p)
	}
	s := x.stored()
	at := x.axisOf(axis)
	to := make([]place, s.rank())
	for k := range to {
		to[k] = all(k, s.dims[k])
	}
	a.Of = at
	to[at] = place{d, []graph.Axis{a}}
	y, err := n.b.rearrange(s, to, nil, fill)
	if err != nil {
		return nil, err
	}
	return y.named(x.order), nil
}

// spaced are the places of an index as a range where they are evenly spaced, as the Axis has them.
func spaced(index []int) graph.Axis {
	a := graph.Axis{Start: index[0], Step: 1, Count: len(index)}
	if len(index) > 1 {
		a.Step = index[1] - index[0]
	}
	for k, i := range index {
		if a.Step == 0 || i < 0 || i != a.Start+k*a.Step {
			return graph.Axis{Index: index}
		}
	}
	return a
}

// indices are input 1 as places along an axis with size elements, counted from 0.
func (n *node) indices(size int) (*constant, []int, error) {
	v := n.in[1]
	if v.con == nil || !v.con.isInt {
		return nil, nil, fmt.Errorf("the indices must be constant integers")
	}
	list, ok := numbers(v.con.i)
	if !ok {
		return nil, nil, fmt.Errorf("the indices depend on the batch (Options.Dims can fix it)")
	}
	for k, i := range list {
		if i < -size || i >= size {
			return nil, nil, fmt.Errorf("index %d of %d elements", i, size)
		}
		if i < 0 {
			list[k] += size
		}
	}
	return v.con, list, nil
}

// gather picks elements along an axis; indices of any rank take that axis' place.
func (n *node) gather() (*value, error) {
	x := n.in[0]
	if x.con != nil {
		return nil, fmt.Errorf("the indices must be constant integers")
	}
	a, err := axis(n.int("axis", 0), x.rank())
	if err != nil {
		return nil, err
	}
	if x.dims[a].sym != number {
		return nil, fmt.Errorf("along axis %d of %s, which isn't fixed (Options.Dims)", a, show(x.dims))
	}
	c, index, err := n.indices(x.dims[a].n)
	if err != nil {
		return nil, err
	}
	return n.gathered(x, a, spots{c.dims, index})
}

// gathered is x with elements picked along an axis, whose place the dimensions of the indices take.
func (n *node) gathered(x *value, a int, p spots) (*value, error) {
	index := p.index
	if err := n.b.spend(len(index)); err != nil {
		return nil, err
	}
	if len(index) == 0 {
		return nil, fmt.Errorf("no elements are gathered")
	}
	y, err := x, error(nil)
	if !(len(index) == x.dims[a].n && inOrder(index)) {
		if y, err = n.choose(x, a, spaced(index), num(len(index))); err != nil {
			return nil, err
		}
	}
	return y.replaced(a, fixed(p.dims)), nil
}

// cut is an axis that a Slice cuts: count places from start on, by step; of an axis whose extent isn't known, from start to as many
// before the end as count is below 0.
type cut struct {
	axis, start, step, count int
}

// index lists the places.
func (c cut) index() []int {
	index := make([]int, c.count)
	for k := range index {
		index[k] = c.start + k*c.step
	}
	return index
}

func (n *node) cuts(dims []dim) ([]cut, error) {
	var starts, ends, axes, steps []int
	var err error
	if n.b.opset < 10 {
		if len(n.in) > 1 {
			return nil, fmt.Errorf("has %d inputs: starts and ends are attributes before opset 10", len(n.in))
		}
		starts, ends, axes = n.ints("starts"), n.ints("ends"), n.ints("axes")
	} else {
		for k, list := range []*[]int{&starts, &ends, &axes, &steps} {
			if n.opt(1+k) == nil && k >= 2 {
				continue
			}
			if *list, err = n.list(1 + k); err != nil {
				return nil, err
			}
		}
	}
	if axes == nil {
		for k := range min(len(starts), maxRank) {
			axes = append(axes, k)
		}
	}
	if axes, err = normal(axes, len(dims)); err != nil {
		return nil, err
	}
	if len(ends) != len(starts) || len(axes) != len(starts) || steps != nil && len(steps) != len(starts) {
		return nil, fmt.Errorf("%d starts, %d ends, %d axes and %d steps", len(starts), len(ends), len(axes), len(steps))
	}
	var out []cut
	for k, a := range axes {
		step := 1
		if steps != nil {
			step = steps[k]
		}
		if starts[k] == 0 && step == 1 && ends[k] >= 1<<31-1 { // all of it, however much it is
			continue
		}
		if step == 0 {
			return nil, fmt.Errorf("a step of 0")
		}
		if dims[a].sym == number {
			c := cut{a, 0, 1, 0}
			c.start, c.step, c.count = places(starts[k], ends[k], step, dims[a].n)
			if c.count < dims[a].n || c.step < 0 && c.count > 1 {
				out = append(out, c)
			}
			continue
		}
		c := cut{a, starts[k], step, 0}
		switch {
		case dims[a].sym == batch, c.start < 0, step < 0, max(c.start, step) > maxExtent:
			return nil, fmt.Errorf("along axis %d of %s, which isn't fixed (Options.Dims)", a, show(dims))
		case ends[k] < 0:
			c.count = max(ends[k], -maxExtent)
		case ends[k] >= 1<<31-1:
		default:
			if c.count = (min(ends[k], maxExtent) - c.start + step - 1) / step; c.count < 1 {
				return nil, fmt.Errorf("from %d to %d", c.start, ends[k])
			}
		}
		out = append(out, c)
	}
	return out, nil
}

// places are how many elements there are at start, start+step … before end, with Python's rules for what is negative or beyond the size.
func places(start, end, step, size int) (first, by, count int) {
	clamp := func(v, low, high int) int {
		if v < 0 {
			v = max(v, -size-1) + size
		}
		return min(max(v, low), high)
	}
	if step > 0 {
		first, end, by = clamp(start, 0, size), clamp(end, 0, size), min(step, max(size, 1))
		return first, by, max(end-first+by-1, 0) / by
	}
	first, end, by = clamp(start, 0, size-1), clamp(end, -1, size-1), max(step, -max(size, 1))
	return first, by, max(first-end-by-1, 0) / -by
}

func (n *node) slice() (*value, error) {
	x := n.in[0]
	if x.con != nil {
		return nil, fmt.Errorf("starts and ends must be constants")
	}
	cuts, err := n.cuts(x.dims)
	if err != nil || len(cuts) == 0 {
		return x, err
	}
	s := x.stored()
	to := make([]place, s.rank())
	for k := range to {
		to[k] = all(k, s.dims[k])
	}
	for _, c := range cuts {
		d := num(c.count)
		if c.count < 1 && x.dims[c.axis].sym != number {
			d = n.b.fresh()
		}
		k := x.axisOf(c.axis)
		to[k] = place{d, []graph.Axis{{Of: k, Start: c.start, Step: c.step, Count: c.count}}}
	}
	y, err := n.b.rearrange(s, to, nil, 0)
	if err != nil {
		return nil, err
	}
	return y.named(x.order), nil
}

// split cuts along an axis, one part for each output.
func (n *node) split() (*value, error) {
	x := n.in[0]
	a, err := axis(n.int("axis", 0), x.rank())
	if err != nil {
		return nil, err
	}
	if x.dims[a].sym != number {
		return nil, fmt.Errorf("along axis %d of %s, which isn't fixed (Options.Dims)", a, show(x.dims))
	}
	parts, err := n.parts(x.dims[a].n)
	if err != nil {
		return nil, err
	}
	out, err := n.pieces(x, a, parts)
	if err != nil {
		return nil, err
	}
	n.more = out[1:]
	return out[0], nil
}

// pieces are parts of x along an axis, one after the other.
func (n *node) pieces(x *value, axis int, parts []int) ([]*value, error) {
	var out []*value
	at := 0
	for _, size := range parts {
		if size < 1 || size > x.dims[axis].n-at {
			return nil, fmt.Errorf("parts %v of %s along axis %d", parts, show(x.dims), axis)
		}
		v, err := n.choose(x, axis, graph.Axis{Start: at, Step: 1, Count: size}, num(size))
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		at += size
	}
	if at != x.dims[axis].n {
		return nil, fmt.Errorf("parts %v of %s along axis %d", parts, show(x.dims), axis)
	}
	return out, nil
}

// parts are the sizes of a split: given, or equal with a smaller last one.
func (n *node) parts(size int) ([]int, error) {
	parts := n.ints("split")
	if n.b.opset >= 13 && n.opt(1) != nil {
		var err error
		if parts, err = n.list(1); err != nil {
			return nil, err
		}
	}
	if count := n.int("num_outputs", n.outs); count != n.outs || n.outs > size {
		return nil, fmt.Errorf("%d outputs, num_outputs %d, %d elements", n.outs, count, size)
	}
	if parts == nil {
		each := (size + n.outs - 1) / n.outs
		for left := size; left > 0; left -= each {
			parts = append(parts, min(each, left))
		}
	}
	left := size
	for _, p := range parts {
		if p < 1 || p > left {
			return nil, fmt.Errorf("parts %v of %d elements", parts, size)
		}
		left -= p
	}
	if left != 0 || len(parts) != n.outs {
		return nil, fmt.Errorf("parts %v of %d elements for %d outputs", parts, size, n.outs)
	}
	return parts, nil
}

// concat joins along an axis.
func (n *node) concat() (*value, error) {
	if !n.has("axis") {
		return nil, fmt.Errorf("attribute axis is missing")
	}
	a, err := axis(n.int("axis", 0), n.in[0].rank())
	if err != nil {
		return nil, err
	}
	return n.glued(n.in, a)
}

// glued are values one behind the other along an axis.
func (n *node) glued(in []*value, a int) (*value, error) {
	if len(in) == 1 {
		return in[0], nil
	}
	// All are stored as the first tensor is.
	lead, err := n.b.batchFirst(in[max(slices.IndexFunc(in, func(v *value) bool { return v.con == nil }), 0)], a)
	if err != nil {
		return nil, err
	}
	at := lead.axisOf(a)
	dims := slices.Clone(in[0].dims)
	dims[a] = num(0)
	var ps []*picture
	for _, v := range in {
		if dims, err = joined(dims, v.dims, a); err != nil {
			return nil, err
		}
		if v, err = n.b.ordered(v, lead.order); err != nil {
			return nil, err
		}
		v = v.stored()
		w, err := n.b.along(v.dims, at, at+1)
		if err != nil {
			return nil, err
		}
		p, err := n.b.as(v, w)
		if err != nil {
			return nil, err
		}
		ps = append(ps, p)
	}
	if err := n.b.check(dims); err != nil {
		return nil, err
	}
	out := (&value{dims: dims, order: lead.order}).stored()
	if picks(ps) {
		if err := n.b.spend(3 * dims[a].n); err != nil {
			return nil, err
		}
		out.t = join(n.label, ps)
		return out.named(lead.order), nil
	}
	w, err := n.b.along(out.dims, at, at+1)
	if err != nil {
		return nil, err
	}
	return n.emit(graph.Concat{}, out.dims, w, ps...).named(lead.order), nil
}

// joined are the extents of sum followed by d along an axis.
func joined(sum, d []dim, axis int) ([]dim, error) {
	if len(d) != len(sum) {
		return nil, fmt.Errorf("ranks %d and %d", len(sum), len(d))
	}
	for k := range d {
		switch {
		case k == axis:
			if d[k].sym != number {
				return nil, fmt.Errorf("along axis %d of %s, which isn't fixed (Options.Dims)", axis, show(d))
			}
			sum[k].n += d[k].n
		case sum[k].sym == unknown:
			sum[k] = d[k]
		case d[k] != sum[k] && d[k].sym != unknown:
			return nil, fmt.Errorf("%s and %s differ in more than axis %d", show(sum), show(d), axis)
		}
	}
	return sum, nil
}
