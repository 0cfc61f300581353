package onnx

import (
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
)

// times is a product of two tensors, of which each place along the axes before the last two is a matrix. An image of the graph's MatMul is
// such a place: the last two axes are channels and pixels, whichever way they are stored.
func (n *node) times(a, b *value) (*value, error) {
	rank := max(a.rank(), b.rank())
	a, b = a.lengthened(rank), b.lengthened(rank)
	rows, terms, columns := a.dims[rank-2], a.dims[rank-1], b.dims[rank-1]
	fail := func(format string, args ...any) (*value, error) {
		return nil, fmt.Errorf("%s times %s: %w", show(a.dims), show(b.dims), fmt.Errorf(format, args...))
	}
	if b.dims[rank-2] != terms && terms.sym != unknown && b.dims[rank-2].sym != unknown {
		return fail("%v columns and %v rows, which must be as many (Options.Dims can change the input's extents)", terms, b.dims[rank-2])
	}
	outer, err := together(a.dims[:rank-2], b.dims[:rank-2])
	switch {
	case err != nil:
		return nil, err
	case rows.sym == batch && columns.sym == batch || terms.sym == batch:
		return fail("the batch must be an axis of rows or of columns, once (Options.Dims can fix it)")
	case columns.sym == batch: // A·B = (Bᵀ·Aᵀ)ᵀ
		if a, b, err = n.b.bothSwapped(a, b); err != nil {
			return nil, err
		}
		y, err := n.times(b, a)
		if err != nil {
			return nil, err
		}
		return n.b.swapped(y)
	case rows.sym == batch: // each row is a matrix of its own
		a, b = a.replaced(rank-2, []dim{rows, num(1)}), b.lengthened(rank+1)
		y, err := n.times(a, b)
		if err != nil {
			return nil, err
		}
		return y.replaced(rank-1, nil), nil
	}
	if a, err = n.repeatedInside(a, outer); err != nil {
		return nil, err
	}
	if b, err = n.repeatedInside(b, outer); err != nil {
		return nil, err
	}
	// One column would fill a lane of each texel of channels only: then it is the rows that become channels.
	swap := columns.is(1) && !rows.is(1)
	if swap {
		if a, b, err = n.b.bothSwapped(a, b); err != nil {
			return nil, err
		}
		a, b, rows, columns = b, a, columns, rows
	}
	p, transA, err := n.b.matrices(a)
	if err != nil {
		return nil, err
	}
	q, transB, err := n.b.matrices(b)
	if err != nil {
		return nil, err
	}
	seen := view{columns, p.view[1], p.view[2]}
	if transA {
		seen[1], seen[2] = p.view[0], num(1)
	}
	dims := append(outer, columns, rows)
	y, err := n.b.swapped(n.emit(graph.MatMul{TransA: transA, TransB: transB}, dims, seen, p, q))
	if err != nil || !swap {
		return y, err
	}
	return n.b.swapped(y)
}

func (b *builder) bothSwapped(x, y *value) (xs, ys *value, err error) {
	if xs, err = b.swapped(x); err == nil {
		ys, err = b.swapped(y)
	}
	return xs, ys, err
}

// repeatedInside is x, repeated along those axes before the last two on which it broadcasts behind one on which it doesn't: a batch that
// repeats as a whole needs no more.
func (n *node) repeatedInside(x *value, outer []dim) (*value, error) {
	times := slices.Repeat([]dim{num(1)}, x.rank())
	inside, any := false, false
	for k, d := range outer {
		switch {
		case d.is(1):
		case x.dims[k].is(1) && inside:
			times[k], any = d, true
		default:
			inside = inside || !x.dims[k].is(1)
		}
	}
	if !any {
		return x, nil
	}
	return n.repeat(x, times)
}

// matrices is a picture whose images are the matrices along x's last two axes, one of which is its channels and the other its pixels, and
// whether those stand the other way round than the graph's MatMul has them by itself: the last axis as channels, in both its inputs.
func (b *builder) matrices(x *value) (p *picture, trans bool, err error) {
	k := x.rank() - 2
	channels, pixels := append(identity(k), k+1, k), identity(x.rank()) // orders in which the last axis is that
	is := func(order []int) bool { return sameOrder(x.dims, x.order, order) }
	want := channels
	sees := func(order []int) bool { return b.sees((&value{dims: x.dims, order: order, t: x.t}).stored(), k, k+1) }
	if trans = x.con == nil && is(pixels) && !(is(channels) && (sees(channels) || !sees(pixels))); trans { // both are where one extent is 1
		want = pixels
	}
	w, err := b.along((&value{dims: x.dims, order: want}).stored().dims, k, k+1)
	if err != nil {
		return nil, false, err
	}
	if x.con != nil {
		c, err := b.transposed(x.con, want)
		if err != nil {
			return nil, false, err
		}
		p, err = b.constantAs(known(c), w)
		return p, false, err
	}
	if x, err = b.orderedFor(x, want, &w); err != nil {
		return nil, false, err
	}
	p, err = b.seen(x.stored(), k, k+1)
	return p, trans, err
}
