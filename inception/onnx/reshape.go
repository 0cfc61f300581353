package onnx

import (
	"fmt"
	"slices"
)

// reshaped is input 0 with other extents and the same elements.
func (n *node) reshaped(dims []dim) (*value, error) { return n.b.reshape(n.in[0], dims) }

// reshape is v with other extents and the same elements, in ONNX's order. Nothing moves where the new axes are parts or products of
// axes that are stored side by side.
func (b *builder) reshape(v *value, dims []dim) (*value, error) {
	if v.con == nil {
		if v.order == nil {
			return &value{dims: dims, t: v.t}, nil
		}
		if order, ok := regroup(v, dims); ok {
			return &value{dims: dims, order: simple(dims, order), t: v.t}, nil
		}
		var want *view
		if w, err := b.natural(dims); err == nil {
			want = &w
		}
		v, err := b.orderedFor(v, nil, want)
		if err != nil {
			return nil, err
		}
		return &value{dims: dims, t: v.t}, nil
	}
	ns, ok := numbers(dims)
	if !ok {
		return nil, fmt.Errorf("a constant %v can't become %s", v.con.dims, show(dims))
	}
	if m, err := count(ns, v.con.len()); err != nil || m != v.con.len() {
		return nil, fmt.Errorf("a constant %v can't become %v", v.con.dims, ns)
	}
	c := *v.con
	c.dims, c.name = ns, "" // named by its output
	return known(&c), nil
}

// regroup is the order in which the new axes of v are stored: it cuts the old axes and the new ones into the shortest runs that have equal
// products, and puts each new run where the old one is stored. Not ok where an old run isn't stored together, or extents aren't known.
func regroup(v *value, dims []dim) (order []int, ok bool) {
	runs := map[int][]int{} // by the first old axis of a run: new axes
	next := map[int]int{}   // the axis that must be stored behind it, within a run
	old, new := long(v.dims), long(dims)
	for len(old) > 0 && len(new) > 0 {
		i, k := 1, 1
		for !equal(v.dims, old[:i], dims, new[:k]) {
			a, b := total(v.dims, old[:i]), total(dims, new[:k])
			short := a.sym == number && b.sym == batch || a.sym == b.sym && a.n < b.n // the old run is
			switch {
			case a.sym == unknown || b.sym == unknown:
				return nil, false
			case short && i < len(old):
				i++
			case !short && k < len(new):
				k++
			default:
				return nil, false
			}
		}
		for j := range i - 1 {
			next[old[j]] = old[j+1]
		}
		runs[old[0]] = new[:k]
		old, new = old[i:], new[k:]
	}
	if len(old)+len(new) > 0 {
		return nil, false
	}
	stored := slices.DeleteFunc(slices.Clone(v.order), func(a int) bool { return v.dims[a].is(1) })
	for k, a := range stored {
		if b, more := next[a]; more && (k+1 == len(stored) || stored[k+1] != b) {
			return nil, false
		}
		order = append(order, runs[a]...)
	}
	for a, d := range dims { // an axis of 1 is stored behind the one before it
		if d.is(1) {
			order = slices.Insert(order, slices.Index(order, a-1)+1, a)
		}
	}
	return order, true
}

// long are the axes whose extent isn't 1.
func long(dims []dim) []int {
	return slices.DeleteFunc(identity(len(dims)), func(a int) bool { return dims[a].is(1) })
}

// total is the product of the axes' extents; unknown where one is.
func total(dims []dim, axes []int) dim {
	p := num(1)
	for _, a := range axes {
		switch d := dims[a]; {
		case d.sym == unknown || p.sym == unknown:
			p = dim{unknown, 0}
		default:
			p = dim{max(p.sym, d.sym), p.n * d.n}
		}
	}
	return p
}

// equal reports that the products of some old and some new extents are the same.
func equal(dims []dim, axes []int, to []dim, new []int) bool {
	if len(axes) == 1 && len(new) == 1 && dims[axes[0]] == to[new[0]] {
		return true
	}
	p := total(dims, axes)
	return p.sym != unknown && p == total(to, new)
}

func (n *node) flatten() (*value, error) {
	x := n.in[0]
	a := n.int("axis", 1)
	if a != x.rank() {
		var err error
		if a, err = axis(a, x.rank()); err != nil {
			return nil, err
		}
	}
	rows, err := product(x.dims[:a], n.b.fresh)
	if err != nil {
		return nil, err
	}
	columns, err := product(x.dims[a:], n.b.fresh)
	if err != nil {
		return nil, err
	}
	return n.reshaped([]dim{rows, columns})
}

func (n *node) reshape() (*value, error) {
	x := n.in[0]
	target, err := n.symbols(1)
	if err != nil {
		return nil, err
	}
	allowZero := n.flag("allowzero", false)
	if len(target) > maxRank {
		return nil, fmt.Errorf("%d dimensions: more than %d", len(target), maxRank)
	}
	dims := slices.Clone(target)
	infer := -1
	for k, d := range target {
		switch {
		case d.sym == number && d.n < -1:
			return nil, fmt.Errorf("to %s: an extent is negative", show(target))
		case d.is(-1) && infer >= 0:
			return nil, fmt.Errorf("to %s: -1 twice", show(target))
		case d.is(-1):
			infer = k
		case d.is(0) && !allowZero:
			if k >= x.rank() {
				return nil, fmt.Errorf("%s to %s: a 0 copies an extent that isn't there", show(x.dims), show(target))
			}
			dims[k] = x.dims[k]
		}
	}
	if whole, ok := n.b.freed(x.dims, dims, infer); ok {
		dims[0] = whole
	}
	if err := n.b.fit(x.dims, dims, infer); err != nil {
		return nil, fmt.Errorf("%s to %s: %w", show(x.dims), show(target), err)
	}
	return n.reshaped(dims)
}

// freed is the first extent of a Reshape's target as a multiple of the batch, where the file has a fixed one: exporters write its number. What is
// first then still has all of an image together.
func (b *builder) freed(from, to []dim, infer int) (dim, bool) {
	if b.batch == 0 || len(from) == 0 || from[0].sym != batch || len(to) == 0 || infer == 0 || to[0].sym != number || to[0].n < 1 || to[0].n%b.batch != 0 {
		return dim{}, false
	}
	whole := append([]dim{{batch, to[0].n / b.batch}}, to[1:]...)
	return whole[0], b.fit(from, whole, infer) == nil && (infer < 0 || whole[infer].sym == number)
}

// fit fills in the extent to infer, if there is one, and compares the numbers of elements.
func (b *builder) fit(from, to []dim, infer int) error {
	rest, others := from, to
	if infer >= 0 {
		others = slices.Delete(slices.Clone(to), infer, infer+1)
	}
	for _, u := range pick(others, unknown) { // unknown extents on both sides cancel
		i, k := slices.Index(rest, u), slices.Index(others, u)
		if i < 0 {
			return fmt.Errorf("unknown extents: Options.Dims can fix the input's")
		}
		rest = slices.Delete(slices.Clone(rest), i, i+1)
		others = slices.Delete(slices.Clone(others), k, k+1)
	}
	have, err := product(rest, b.fresh)
	if err != nil {
		return err
	}
	need, err := product(others, b.fresh)
	if err != nil {
		return err
	}
	switch {
	case infer < 0 && have == need:
		return nil
	case infer >= 0 && have.sym == unknown:
		to[infer] = have // exact if it is the only one left; a fresh one otherwise
		if !need.is(1) {
			to[infer] = b.fresh()
		}
		return nil
	case infer >= 0 && !need.is(0):
		if d, err := arith("Div", have, need); err == nil && have.n%need.n == 0 {
			to[infer] = d
			return nil
		}
	}
	if have.sym == batch && need.sym == number {
		return fmt.Errorf("numbers of elements differ: the model holds a fixed batch (Options.Dims can fix the input's too)")
	}
	return fmt.Errorf("numbers of elements differ")
}

// axes are the axes attribute (before opset) or input 1, for a tensor of some rank; nil where neither is given.
func (n *node) axes(opset, rank int) ([]int, error) {
	list := n.ints("axes")
	if n.b.opset >= opset {
		if list != nil {
			return nil, fmt.Errorf("attribute axes is an input from opset %d on", opset)
		}
		if n.opt(1) == nil {
			return nil, nil
		}
		var err error
		if list, err = n.list(1); err != nil {
			return nil, err
		}
	} else if n.opt(1) != nil {
		return nil, fmt.Errorf("has 2 inputs: axes are an attribute before opset %d", opset)
	}
	return normal(list, rank)
}

// normal counts axes from 0, and refuses one given twice.
func normal(list []int, rank int) ([]int, error) {
	if list == nil {
		return nil, nil
	}
	out := make([]int, len(list))
	for k, a := range list {
		a, err := axis(a, rank)
		if err != nil {
			return nil, err
		}
		if slices.Contains(out[:k], a) {
			return nil, fmt.Errorf("axis %d is given twice", a)
		}
		out[k] = a
	}
	return out, nil
}

func (n *node) squeeze() (*value, error) {
	x := n.in[0]
	axes, err := n.axes(13, x.rank())
	if err != nil {
		return nil, err
	}
	for _, a := range axes {
		if x.dims[a].sym != number {
			return nil, fmt.Errorf("axis %d of %s isn't known to be 1 (Options.Dims can fix it)", a, show(x.dims))
		}
		if !x.dims[a].is(1) {
			return nil, fmt.Errorf("axis %d of %s isn't 1", a, show(x.dims))
		}
	}
	var dims []dim
	for k, d := range x.dims {
		if drop := d.is(1) && (axes == nil || slices.Contains(axes, k)); !drop {
			dims = append(dims, d)
		}
	}
	return n.reshaped(dims)
}

func (n *node) unsqueeze() (*value, error) {
	x := n.in[0]
	count := len(n.ints("axes"))
	if n.b.opset >= 13 {
		list, err := n.list(1)
		if err != nil {
			return nil, err
		}
		count = len(list)
	}
	if count == 0 || x.rank()+count > maxRank {
		return nil, fmt.Errorf("%d axes for a tensor of rank %d", count, x.rank())
	}
	axes, err := n.axes(13, x.rank()+count)
	if err != nil {
		return nil, err
	}
	dims := make([]dim, 0, x.rank()+count)
	next := 0
	for k := range x.rank() + count {
		if slices.Contains(axes, k) {
			dims = append(dims, num(1))
		} else {
			dims = append(dims, x.dims[next])
			next++
		}
	}
	return n.reshaped(dims)
}
