package onnx

import (
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
)

func (n *node) identity() (*value, error) { return n.in[0], nil }

// dropout does nothing in inference.
func (n *node) dropout() (*value, error) {
	n.float("ratio", 0.5)
	n.int("seed", 0)
	if v := n.opt(1); v != nil && v.con == nil {
		return nil, fmt.Errorf("the ratio must be a constant")
	}
	if n.opt(2) != nil {
		mode, err := n.list(2)
		if err != nil {
			return nil, err
		}
		if len(mode) != 1 || mode[0] != 0 {
			return nil, fmt.Errorf("training mode is not supported")
		}
	}
	return n.in[0], nil
}

// reshaped is input 0 with other extents and the same elements.
func (n *node) reshaped(dims []dim) (*value, error) {
	v := n.in[0]
	if v.con == nil {
		return v.with(dims), nil
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
	if err := n.b.fit(x.dims, dims, infer); err != nil {
		return nil, fmt.Errorf("%s to %s: %w", show(x.dims), show(target), err)
	}
	return n.reshaped(dims)
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

// perm is the attribute, which defaults to the reverse order.
func (n *node) perm(rank int) ([]int, error) {
	perm := n.ints("perm")
	if perm == nil {
		for k := rank - 1; k >= 0; k-- {
			perm = append(perm, k)
		}
	}
	out, err := normal(perm, rank)
	if err != nil || len(out) != rank || slices.Min(append(perm, 0)) < 0 {
		return nil, fmt.Errorf("perm %v is no permutation of %d axes", perm, rank)
	}
	return out, nil
}

func (n *node) transpose() (*value, error) {
	perm, err := n.perm(n.in[0].rank())
	if err != nil {
		return nil, err
	}
	return n.permute(n.in[0], perm)
}

// maxPermuted bounds the elements that a transposition may mix: a Channels costs their square.
const maxPermuted = 2048

// permute is a transposition. Where it moves only extents of 1, nothing is to do; else what it moves must be few elements, as in
// a channel shuffle, between leading axes (N) and trailing ones (H × W) that stay.
func (n *node) permute(x *value, perm []int) (*value, error) {
	dims := make([]dim, len(perm))
	var moved []int // perm without the axes of extent 1
	for k, a := range perm {
		dims[k] = x.dims[a]
		if !x.dims[a].is(1) {
			moved = append(moved, a)
		}
	}
	stays := slices.Sorted(slices.Values(moved))
	from, to := 0, len(moved)
	for from < to && moved[from] == stays[from] {
		from++
	}
	for to > from && moved[to-1] == stays[to-1] {
		to--
	}
	if from == to {
		return x.with(dims), nil
	}
	mixed := make([]int, to-from) // the extents that move, in x's order
	for k := range mixed {
		d := x.dims[stays[from+k]]
		if d.sym != number {
			return nil, fmt.Errorf("transposing %s by %v moves the batch or an extent that isn't fixed", show(x.dims), perm)
		}
		mixed[k] = d.n
	}
	size, err := count(mixed, maxPermuted)
	if err != nil {
		return nil, fmt.Errorf("transposing %s by %v mixes more than %d elements", show(x.dims), perm, maxPermuted)
	}
	order := make([]int, to-from)
	for k := range order {
		order[k] = slices.Index(stays[from:to], moved[from+k])
	}
	p, err := n.b.seen(x, stays[from], stays[to-1]+1)
	if err != nil {
		return nil, err
	}
	if err := n.b.spend(size); err != nil {
		return nil, err
	}
	return &value{dims: dims, t: p.pick(n.label, transposed(mixed, order))}, nil
}

// transposed lists, for each element of a transposed array, where it was.
func transposed(dims, perm []int) []int {
	stride := make([]int, len(dims))
	size := 1
	for k := len(dims) - 1; k >= 0; k-- {
		stride[k] = size
		size *= dims[k]
	}
	index := make([]int, size)
	at := make([]int, len(dims))
	for i := range index {
		for k, a := range perm {
			index[i] += at[k] * stride[a]
		}
		for k := len(at) - 1; k >= 0; k-- {
			if at[k]++; at[k] < dims[perm[k]] {
				break
			}
			at[k] = 0
		}
	}
	return index
}

// expand is a broadcast that changes nothing.
func (n *node) expand() (*value, error) {
	x := n.in[0]
	target, err := n.symbols(1)
	if err != nil {
		return nil, err
	}
	if len(target) > maxRank {
		return nil, fmt.Errorf("%d dimensions: more than %d", len(target), maxRank)
	}
	dims, err := broadcast(x.dims, target)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(dims[len(dims)-x.rank():], x.dims) || slices.ContainsFunc(dims[:len(dims)-x.rank()], func(d dim) bool { return !d.is(1) }) {
		return nil, fmt.Errorf("from %s to %s: repeating elements is not supported", show(x.dims), show(target))
	}
	return x.with(dims), nil
}

// cast between types of floats does nothing.
func (n *node) cast() (*value, error) {
	n.int("saturate", 1)
	if to := int32(n.int("to", 0)); !isFloat(to) {
		return nil, fmt.Errorf("to %s is not supported", dtype(to))
	}
	return n.in[0], nil
}

// pad surrounds rows and columns with a constant.
func (n *node) pad() (*value, error) {
	x := n.in[0]
	if mode := n.string("mode", "constant"); mode != "constant" {
		return nil, fmt.Errorf("mode %s is not supported", quote(mode))
	}
	pads, fill, err := n.pads(x.rank())
	if err != nil {
		return nil, err
	}
	dims := slices.Clone(x.dims)
	rank := x.rank()
	var p graph.Padding
	for k := range rank {
		before, after := pads[k], pads[rank+k]
		if before == 0 && after == 0 {
			continue
		}
		if before < 0 || after < 0 || before > maxExtent || after > maxExtent {
			return nil, fmt.Errorf("pads %v: each must be in 0…%d", pads, maxExtent)
		}
		switch {
		case k >= 2 && k == rank-1 && rank <= 4:
			p.Left, p.Right = before, after
		case k == 2 && rank == 4:
			p.Top, p.Bottom = before, after
		default:
			return nil, fmt.Errorf("pads %v: only the rows and columns of images, and the columns of signals, can be padded", pads)
		}
		if dims[k].sym == number {
			dims[k] = num(dims[k].n + before + after)
		} else {
			dims[k] = n.b.fresh()
		}
	}
	if p == (graph.Padding{}) {
		return x, nil
	}
	if last(x.dims) != 0 {
		return nil, fmt.Errorf("a tensor %s: the batch must come first", show(x.dims))
	}
	w, err := n.b.natural(x.dims)
	if err != nil {
		return nil, err
	}
	q, err := n.b.as(x, w)
	if err != nil {
		return nil, err
	}
	out, err := n.b.natural(dims)
	if err != nil {
		return nil, err
	}
	return n.emit(graph.Pad2D{Pad: p, Value: fill}, dims, out, q), nil
}

// pads are the pads of all axes, before and after, and the value to fill in.
func (n *node) pads(rank int) ([]int, float32, error) {
	if n.b.opset < 11 {
		pads, fill := n.ints("pads"), n.float("value", 0)
		if len(n.in) != 1 || len(pads) != 2*rank {
			return nil, 0, fmt.Errorf("has %d inputs and pads %v, must have 1 and %d", len(n.in), pads, 2*rank)
		}
		return pads, fill, n.err
	}
	given, err := n.list(1)
	if err != nil {
		return nil, 0, err
	}
	fill := float32(0)
	if n.opt(2) != nil {
		c, err := n.known(2)
		if err != nil {
			return nil, 0, err
		}
		if c.len() != 1 {
			return nil, 0, fmt.Errorf("the value is %v, must be a scalar", c.dims)
		}
		fill = c.f[0]
	}
	axes := make([]int, rank)
	for k := range axes {
		axes[k] = k
	}
	if n.opt(3) != nil {
		list, err := n.list(3)
		if err != nil {
			return nil, 0, err
		}
		if axes, err = normal(list, rank); err != nil {
			return nil, 0, err
		}
	}
	if len(given) != 2*len(axes) {
		return nil, 0, fmt.Errorf("%d pads for %d axes", len(given), len(axes))
	}
	pads := make([]int, 2*rank)
	for k, a := range axes {
		pads[a], pads[rank+a] = given[k], given[len(axes)+k]
	}
	return pads, fill, nil
}
