package onnx

import (
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
)

// maxChosen bounds the channels read times the channels written of a Channels: that is what it costs.
const maxChosen = 1 << 24

// choose is elements index[0], index[1] … along an axis.
func (n *node) choose(x *value, axis int, index []int) (*value, error) {
	dims := slices.Clone(x.dims)
	if dims[axis].sym != number {
		return nil, fmt.Errorf("along axis %d of %s, which isn't fixed", axis, show(x.dims))
	}
	dims[axis] = num(len(index))
	if dims[axis] == x.dims[axis] && inOrder(index) {
		return x, nil
	}
	if len(index) > maxChosen/max(x.dims[axis].n, 1) {
		return nil, fmt.Errorf("picks %d of %d: too many", len(index), x.dims[axis].n)
	}
	if err := n.b.check(dims); err != nil {
		return nil, err
	}
	p, err := n.b.seen(x, axis, axis+1)
	if err != nil {
		return nil, err
	}
	if err := n.b.spend(3 * len(index)); err != nil {
		return nil, err
	}
	return &value{dims: dims, t: p.pick(n.label, index)}, nil
}

// indices are input 1 as places along an axis with size elements, counted from 0.
func (n *node) indices(size int) (*constant, []int, error) {
	v := n.in[1]
	if v.con == nil || !v.con.isInt {
		return nil, nil, fmt.Errorf("the indices must be constant integers")
	}
	list, ok := numbers(v.con.i)
	if !ok {
		return nil, nil, fmt.Errorf("the indices depend on the batch")
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
		return nil, fmt.Errorf("along axis %d of %s, which isn't fixed", a, show(x.dims))
	}
	c, index, err := n.indices(x.dims[a].n)
	if err != nil {
		return nil, err
	}
	y, err := n.choose(x, a, index)
	if err != nil {
		return nil, err
	}
	return y.with(slices.Concat(x.dims[:a], fixed(c.dims), x.dims[a+1:])), nil
}

// cut is an axis that a Slice cuts, and the places that stay.
type cut struct {
	axis  int
	index []int
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
		if dims[a].sym != number {
			return nil, fmt.Errorf("along axis %d of %s, which isn't fixed", a, show(dims))
		}
		if step == 0 {
			return nil, fmt.Errorf("a step of 0")
		}
		size := dims[a].n
		if err := n.b.spend(size); err != nil {
			return nil, err
		}
		out = append(out, cut{a, places(starts[k], ends[k], step, size)})
	}
	return out, nil
}

// places are start, start+step … before end, with Python's rules for what is negative or beyond the size.
func places(start, end, step, size int) []int {
	clamp := func(v, low, high int) int {
		if v < 0 {
			v = max(v, -size-1) + size
		}
		return min(max(v, low), high)
	}
	var index []int
	if step > 0 {
		for i := clamp(start, 0, size); i < clamp(end, 0, size); i += min(step, size+1) {
			index = append(index, i)
		}
		return index
	}
	for i := clamp(start, 0, size-1); i > clamp(end, -1, size-1); i += max(step, -size-1) {
		index = append(index, i)
	}
	return index
}

func (n *node) slice() (*value, error) {
	x := n.in[0]
	if x.con != nil {
		return nil, fmt.Errorf("starts and ends must be constants")
	}
	cuts, err := n.cuts(x.dims)
	if err != nil {
		return nil, err
	}
	for _, c := range cuts {
		if x, err = n.choose(x, c.axis, c.index); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// split cuts along an axis, one part for each output.
func (n *node) split() (*value, error) {
	x := n.in[0]
	a, err := axis(n.int("axis", 0), x.rank())
	if err != nil {
		return nil, err
	}
	if x.dims[a].sym != number {
		return nil, fmt.Errorf("along axis %d of %s, which isn't fixed", a, show(x.dims))
	}
	parts, err := n.parts(x.dims[a].n)
	if err != nil {
		return nil, err
	}
	var all []*value
	at := 0
	for _, size := range parts {
		index := make([]int, size)
		for k := range index {
			index[k] = at + k
		}
		v, err := n.choose(x, a, index)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
		at += size
	}
	n.more = all[1:]
	return all[0], nil
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
	if len(n.in) == 1 {
		return n.in[0], nil
	}
	dims := slices.Clone(n.in[0].dims)
	dims[a] = num(0)
	var ps []*picture
	for _, v := range n.in {
		if dims, err = joined(dims, v.dims, a); err != nil {
			return nil, err
		}
		w, err := n.b.along(v.dims, a, a+1)
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
	if picks(ps) {
		if err := n.b.spend(3 * dims[a].n); err != nil {
			return nil, err
		}
		return &value{dims: dims, t: join(n.label, ps)}, nil
	}
	w, err := n.b.along(dims, a, a+1)
	if err != nil {
		return nil, err
	}
	return n.emit(graph.Concat{}, dims, w, ps...), nil
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
				return nil, fmt.Errorf("along axis %d of %s, which isn't fixed", axis, show(d))
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
