package onnx

import (
	"fmt"
	"slices"
)

// The order of axes is lazy: a value's picture holds its elements in the order of its stored axes, and value.order says which axis of
// the ONNX tensor each of them is. A Transpose changes that order and moves nothing. Operators that don't care in which order elements
// stand (on single elements, along one axis, a concatenation) work on the stored axes:
//
//	s := x.stored()                 // x with its axes as stored; axis k of x is s's axis x.axisOf(k)
//	…                               // the operator, on s
//	return y.named(x.order), nil    // the result, with the axes that ONNX knows
//
// Those that need an order ask for it: b.plain(x) is x as ONNX has it, b.ordered(x, want) x with its axes stored as wanted. Both cost
// nothing where only axes of extent 1 stand elsewhere, and else a graph.Move.

// axisOf is where axis k is stored.
func (v *value) axisOf(k int) int {
	if v.order == nil {
		return k
	}
	return slices.Index(v.order, k)
}

// stored is the value whose axes are v's as they are stored.
func (v *value) stored() *value {
	if v.order == nil {
		return v
	}
	dims := make([]dim, len(v.dims))
	for k, a := range v.order {
		dims[k] = v.dims[a]
	}
	return &value{dims: dims, t: v.t}
}

// named undoes stored: axis k of v, which is stored as it is, becomes axis order[k].
func (v *value) named(order []int) *value {
	if order == nil || v.con != nil {
		return v
	}
	dims := make([]dim, len(v.dims))
	for k, a := range order {
		dims[a] = v.dims[k]
	}
	return &value{dims: dims, order: order, t: v.t}
}

// like is a picture with v's axes.
func (v *value) like(p *picture) *value { return &value{dims: v.dims, order: v.order, t: p} }

// identity is the order 0, 1 … of n axes.
func identity(n int) []int {
	order := make([]int, n)
	for k := range order {
		order[k] = k
	}
	return order
}

// filled is order, or the identity for nil.
func filled(order []int, rank int) []int {
	if order == nil {
		return identity(rank)
	}
	return order
}

// sameOrder reports that two orders of axes with these extents hold elements in the same order: they differ in axes of extent 1 at most.
func sameOrder(dims []dim, a, b []int) bool {
	long := func(order []int) []int {
		return slices.DeleteFunc(slices.Clone(filled(order, len(dims))), func(k int) bool { return dims[k].is(1) })
	}
	return slices.Equal(long(a), long(b))
}

// simple is the order, or nil where that says the same.
func simple(dims []dim, order []int) []int {
	if sameOrder(dims, order, nil) {
		return nil
	}
	return order
}

// permute is a transposition: axis k of the result is x's axis perm[k]. Nothing moves.
func (b *builder) permute(x *value, perm []int) (*value, error) {
	if x.con != nil {
		c, err := b.transposed(x.con, perm)
		if err != nil {
			return nil, err
		}
		return known(c), nil
	}
	dims, to := make([]dim, len(perm)), make([]int, len(perm))
	for k, a := range perm {
		dims[k], to[a] = x.dims[a], k
	}
	order := make([]int, len(perm))
	for k, a := range filled(x.order, len(perm)) {
		order[k] = to[a]
	}
	return &value{dims: dims, order: simple(dims, order), t: x.t}, nil
}

// plain is x stored as ONNX has it.
func (b *builder) plain(x *value) (*value, error) { return b.ordered(x, nil) }

// ordered is x with axis want[k] stored as its k-th; nil is ONNX's own order.
func (b *builder) ordered(x *value, want []int) (*value, error) { return b.orderedFor(x, want, nil) }

// orderedFor is ordered for an operator that will see the result as w, if it can be given so.
func (b *builder) orderedFor(x *value, want []int, w *view) (*value, error) {
	switch {
	case x.con != nil && (want == nil || slices.IsSorted(want)):
		return x, nil
	case x.con != nil:
		c, err := b.transposed(x.con, want)
		if err != nil {
			return nil, err
		}
		p, err := b.tensor(known(c))
		return &value{dims: x.dims, order: want, t: p}, err
	case sameOrder(x.dims, x.order, want):
		return &value{dims: x.dims, order: want, t: x.t}, nil
	}
	axes := make([]place, x.rank())
	for k, a := range filled(want, x.rank()) {
		axes[k] = all(x.axisOf(a), x.dims[a])
	}
	y, err := b.rearrange(x.stored(), axes, w, 0)
	if err != nil {
		return nil, fmt.Errorf("storing %s in another order: %w", show(x.dims), err)
	}
	return y.named(want), nil
}

// common are two values with as many axes as the longer has, stored in the same order; a constant follows the other value, and of
// two tensors the smaller one moves. The order is theirs.
func (b *builder) common(x, y *value) (xs, ys *value, order []int, err error) {
	rank := max(x.rank(), y.rank())
	x, y = x.lengthened(rank), y.lengthened(rank)
	follow := func(v, leader *value) (*value, error) {
		switch {
		case v.con != nil && leader.order != nil:
			return b.permute(v, leader.order)
		case v.con != nil:
			return v, nil
		}
		v, err := b.ordered(v, leader.order)
		if err != nil {
			return nil, err
		}
		return v.stored(), nil
	}
	if x.con != nil || y.con == nil && x.count() < y.count() {
		if xs, err = follow(x, y); err == nil {
			return xs, y.stored(), y.order, nil
		}
		return nil, nil, nil, err
	}
	if ys, err = follow(y, x); err == nil {
		return x.stored(), ys, x.order, nil
	}
	return nil, nil, nil, err
}

// count is how many extents are not 1, which tells sizes apart well enough.
func (v *value) count() int {
	n := 0
	for _, d := range v.dims {
		if !d.is(1) {
			n++
		}
	}
	return n
}

// lengthened is v with extents of 1 before its own, up to the rank.
func (v *value) lengthened(rank int) *value {
	more := rank - v.rank()
	if more <= 0 {
		return v
	}
	w := &value{dims: aligned(v.dims, rank), t: v.t}
	if v.con != nil {
		c := *v.con
		c.dims = slices.Concat(slices.Repeat([]int{1}, more), c.dims)
		w.con = &c
		return w
	}
	if v.order != nil {
		w.order = identity(more)
		for _, a := range v.order {
			w.order = append(w.order, a+more)
		}
	}
	return w
}

// replaced is v with axis k replaced by axes of these extents, which have as many elements.
func (v *value) replaced(k int, dims []dim) *value {
	w := &value{dims: slices.Concat(v.dims[:k], dims, v.dims[k+1:]), t: v.t}
	if v.con != nil {
		c := *v.con
		c.dims, _ = numbers(w.dims) // a constant's extents are
		w.con = &c
	}
	if v.order == nil {
		return w
	}
	for _, a := range v.order {
		switch {
		case a < k:
			w.order = append(w.order, a)
		case a > k:
			w.order = append(w.order, a+len(dims)-1)
		default:
			for i := range dims {
				w.order = append(w.order, k+i)
			}
		}
	}
	return w
}

// batchFirst is x with the batch stored before axis k, where it has one.
func (b *builder) batchFirst(x *value, k int) (*value, error) {
	s := x.stored().dims
	for i, d := range s {
		if d.sym != batch {
			continue
		}
		if i < x.axisOf(k) {
			return x, nil
		}
		order := filled(x.order, x.rank())
		if order[i] == k {
			return nil, fmt.Errorf("works along an axis of %s that holds the batch (Options.Dims can fix it)", show(x.dims))
		}
		return b.ordered(x, slices.Concat([]int{order[i]}, order[:i], order[i+1:]))
	}
	return x, nil
}

// channels is x and a picture of it whose channels are its axis k; what is stored before that is N, what is after it H × W. x comes back
// with its batch first.
func (b *builder) channels(x *value, k int) (*value, *picture, error) {
	x, err := b.batchFirst(x, k)
	if err != nil {
		return nil, nil, err
	}
	a := x.axisOf(k)
	p, err := b.seen(x.stored(), a, a+1)
	return x, p, err
}
