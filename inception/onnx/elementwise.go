package onnx

import (
	"fmt"
	"math"
	"slices"

	"inceptiongl/inception/graph"
)

// unary emits an operator that works on single elements, on the tensor as it is.
func (n *node) unary(op graph.Op) (*value, error) {
	x := n.in[0]
	p, err := n.b.tensor(x)
	if err != nil {
		return nil, err
	}
	return x.like(n.emit(op, x.dims, p.view, p).t), nil
}

func (n *node) relu() (*value, error) { return n.unary(graph.ReLU{}) }

func (n *node) sigmoid() (*value, error) { return n.unary(graph.Sigmoid{}) }

// clip has its bounds as attributes before opset 11, as inputs since.
func (n *node) clip() (*value, error) {
	low, high := float32(-math.MaxFloat32), float32(math.MaxFloat32)
	if n.b.opset < 11 {
		if len(n.in) > 1 {
			return nil, fmt.Errorf("has %d inputs: the bounds are attributes before opset 11", len(n.in))
		}
		low, high = n.float("min", low), n.float("max", high)
	}
	for k, bound := range []*float32{&low, &high} {
		if n.opt(1+k) == nil {
			continue
		}
		c, err := n.known(1 + k)
		if err != nil {
			return nil, err
		}
		if c.len() != 1 || c.f[0] != c.f[0] {
			return nil, fmt.Errorf("input %d must be one number", 1+k)
		}
		*bound = max(-math.MaxFloat32, min(c.f[0], math.MaxFloat32))
	}
	switch {
	case low == -math.MaxFloat32 && high == math.MaxFloat32:
		return n.in[0], nil
	case low == 0 && high == math.MaxFloat32:
		return n.unary(graph.ReLU{})
	}
	return n.unary(graph.Clip{Min: low, Max: high})
}

func (n *node) neg() (*value, error) {
	p, err := n.uniform(n.in[0], -1, 0)
	if err != nil {
		return nil, err
	}
	return n.in[0].like(p), nil
}

// uniform is scale·x + shift with the same numbers everywhere.
func (n *node) uniform(x *value, scale, shift float64) (*picture, error) {
	p, err := n.b.tensor(x)
	if err != nil {
		return nil, err
	}
	c := p.view[0]
	if c.sym != number {
		return nil, fmt.Errorf("a tensor %s: the number of channels isn't fixed (Options.Dims)", show(x.dims))
	}
	if err := n.b.spend(2 * c.n); err != nil {
		return nil, err
	}
	return p.affine(n.label, ones(nil, c.n, scale), ones(nil, c.n, shift)), nil
}

// binary is Add, Sub, Mul and Div.
func (n *node) binary() (*value, error) { return n.combine(n.op, n.in[0], n.in[1]) }

// sum adds all inputs.
func (n *node) sum() (*value, error) {
	acc := n.in[0]
	for _, v := range n.in[1:] {
		var err error
		if acc, err = n.combine("Add", acc, v); err != nil {
			return nil, err
		}
	}
	return acc, nil
}

// combine is x op y, element by element.
func (n *node) combine(op string, x, y *value) (*value, error) {
	switch {
	case x.con != nil && y.con != nil:
		c, err := n.b.foldPair(op, x.con, y.con)
		if err != nil {
			return nil, err
		}
		return known(c), nil
	}
	x, y, order, err := n.b.common(x, y)
	if err != nil {
		return nil, err
	}
	var z *value
	switch {
	case x.con != nil:
		z, err = n.withConstant(op, y, x.con, true)
	case y.con != nil:
		z, err = n.withConstant(op, x, y.con, false)
	default:
		z, err = n.tensors(op, x, y)
	}
	if err != nil {
		return nil, err
	}
	return z.named(order), nil
}

// withConstant is x op c, or c op x, as an Affine whose channels are the axes along which c varies.
func (n *node) withConstant(op string, x *value, c *constant, first bool) (*value, error) {
	if c.isInt || c.len() == 0 {
		return nil, fmt.Errorf("with a constant of integers, or of no elements")
	}
	if op == "Div" && first {
		return nil, fmt.Errorf("a constant divided by a tensor is not supported")
	}
	dims := aligned(x.dims, len(c.dims))
	cd := aligned(fixed(c.dims), len(dims))
	if all, err := broadcast(dims, cd); err != nil || !slices.Equal(all, dims) {
		return nil, fmt.Errorf("a tensor %s and a constant %v: the tensor would have to be repeated", show(x.dims), c.dims)
	}
	from, to := len(dims), 0
	for k, d := range cd {
		if !d.is(1) {
			from, to = min(from, k), k+1
		}
	}
	x = &value{dims: dims, t: x.t}
	if to == 0 { // a scalar
		scale, shift := coefficients(op, first, float64(c.f[0]))
		p, err := n.uniform(x, scale, shift)
		return &value{dims: dims, t: p}, err
	}
	p, err := n.b.seen(x, from, to)
	if err != nil {
		return nil, err
	}
	axes, ok := numbers(dims[from:to])
	if !ok {
		return nil, fmt.Errorf("a tensor %s and a constant %v: an extent isn't fixed (Options.Dims)", show(dims), c.dims)
	}
	if err := n.b.spend(3 * p.view[0].n); err != nil {
		return nil, err
	}
	own, _ := numbers(cd[from:to])
	index := repeated(own, axes)
	scale, shift := make([]float64, len(index)), make([]float64, len(index))
	for k, i := range index {
		scale[k], shift[k] = coefficients(op, first, float64(c.f[i]))
	}
	return &value{dims: dims, t: p.affine(n.label, scale, shift)}, nil
}

// coefficients are scale and shift that make scale·x + shift of x op c, or of c op x.
func coefficients(op string, first bool, c float64) (scale, shift float64) {
	switch {
	case op == "Add":
		return 1, c
	case op == "Sub" && first:
		return -1, c
	case op == "Sub":
		return 1, -c
	case op == "Mul":
		return c, 0
	}
	return 1 / c, 0
}

// tensors is x op y for two tensors of the same extents, or one that is N × C × 1 × 1.
func (n *node) tensors(op string, x, y *value) (*value, error) {
	if op == "Div" {
		return nil, fmt.Errorf("a tensor divided by a tensor is not supported")
	}
	rank := max(x.rank(), y.rank())
	x = &value{dims: aligned(x.dims, rank), t: x.t}
	y = &value{dims: aligned(y.dims, rank), t: y.t}
	if op == "Sub" {
		p, err := n.uniform(y, -1, 0)
		if err != nil {
			return nil, err
		}
		y, op = &value{dims: y.dims, t: p}, "Add"
	}
	if perPixel(y.dims, x.dims) && !perPixel(x.dims, y.dims) {
		x, y = y, x
	}
	dims := slices.Clone(x.dims)
	for k, d := range y.dims {
		agree := d == dims[k] || d.sym == unknown || dims[k].sym == unknown
		if !agree && !perPixel(x.dims, y.dims) {
			return nil, fmt.Errorf("tensors %s and %s: extents must agree, or one be N × C × 1 × 1", show(x.dims), show(y.dims))
		}
	}
	p, q := x.t, y.t
	if p.view != q.view || pick(p.view[:], unknown) != nil || perPixel(x.dims, y.dims) {
		v, err := n.b.natural(x.dims)
		if err != nil {
			return nil, err
		}
		w, err := n.b.natural(y.dims)
		if err != nil {
			return nil, err
		}
		if p, err = n.b.as(x, v); err != nil {
			return nil, err
		}
		if q, err = n.b.as(y, w); err != nil {
			return nil, err
		}
	}
	kind := graph.Add
	if op == "Mul" {
		kind = graph.Mul
	}
	return n.emit(graph.Binary{Type: kind}, dims, p.view, p, q), nil
}

// perPixel reports that y is N × C × 1 × 1 where x is N × C and more.
func perPixel(x, y []dim) bool {
	if len(x) < 3 || len(x) != len(y) || x[0] != y[0] || x[1] != y[1] {
		return false
	}
	more := false
	for k := 2; k < len(x); k++ {
		if !y[k].is(1) {
			return false
		}
		more = more || !x[k].is(1)
	}
	return more
}

// aligned puts ones before dims, up to the rank.
func aligned(dims []dim, rank int) []dim {
	out := slices.Clone(dims)
	for len(out) < rank {
		out = slices.Insert(out, 0, num(1))
	}
	return out
}

// broadcast are the extents of two values together.
func broadcast(a, b []dim) ([]dim, error) {
	rank := max(len(a), len(b))
	out, b := aligned(a, rank), aligned(b, rank)
	for k, d := range b {
		switch {
		case out[k] == d || d.is(1):
		case out[k].is(1):
			out[k] = d
		default:
			return nil, fmt.Errorf("%s and %s don't fit together", show(a), show(b))
		}
	}
	return out, nil
}

// repeated lists, for each element of an array that own is broadcast to, which element of own it is. Ranks agree.
func repeated(own, to []int) []int {
	size := 1
	for _, d := range to {
		size *= d
	}
	stride := make([]int, len(own))
	for k, s := len(own)-1, 1; k >= 0; k-- {
		if own[k] > 1 {
			stride[k] = s
		}
		s *= own[k]
	}
	index := make([]int, size)
	at := make([]int, len(to))
	for i := range index {
		for k, p := range at {
			index[i] += p * stride[k]
		}
		for k := len(at) - 1; k >= 0; k-- {
			if at[k]++; at[k] < to[k] {
				break
			}
			at[k] = 0
		}
	}
	return index
}

// batchNorm is a BatchNorm in evaluation mode.
func (n *node) batchNorm() (*value, error) {
	x := n.in[0]
	op := graph.BatchNorm{Eps: float64(n.float("epsilon", 1e-5))}
	n.float("momentum", 0.9)
	training := n.flag("training_mode", false) || n.b.opset < 14 && n.outs > 1
	if n.b.opset < 9 && !n.flag("spatial", true) {
		return nil, fmt.Errorf("spatial 0 is not supported")
	}
	if training {
		return nil, fmt.Errorf("training mode is not supported")
	}
	if x.rank() < 2 || x.dims[1].sym != number {
		return nil, fmt.Errorf("a tensor %s: the number of channels isn't fixed", show(x.dims))
	}
	op.Channels = x.dims[1].n
	for k, name := range []*string{&op.Scale, &op.Shift, &op.Mean, &op.Var} {
		var err error
		if *name, err = n.perChannel(1+k, op.Channels); err != nil {
			return nil, err
		}
	}
	x, p, err := n.b.channels(x, 1)
	if err != nil {
		return nil, err
	}
	return x.like(n.emit(op, nil, p.view, p).t), nil
}

// lrn is an LRN.
func (n *node) lrn() (*value, error) {
	x := n.in[0]
	op := graph.LRN{
		Size: n.int("size", 0), Alpha: float64(n.float("alpha", 1e-4)), Beta: float64(n.float("beta", 0.75)), Bias: float64(n.float("bias", 1)),
	}
	if x.rank() < 2 || op.Size < 1 || op.Size > maxExtent {
		return nil, fmt.Errorf("size %d, rank %d: must be in 1…%d and at least 2", op.Size, x.rank(), maxExtent)
	}
	x, p, err := n.b.channels(x, 1)
	if err != nil {
		return nil, err
	}
	return x.like(n.emit(op, nil, p.view, p).t), nil
}

// softmax works along one axis; before opset 13, over that axis and all after it together.
func (n *node) softmax() (*value, error) {
	x := n.in[0]
	def := -1
	if n.b.opset < 13 {
		def = 1
	}
	from, err := axis(n.int("axis", def), x.rank())
	if err != nil {
		return nil, err
	}
	if n.b.opset >= 13 || from == x.rank()-1 {
		x, p, err := n.b.channels(x, from)
		if err != nil {
			return nil, err
		}
		return x.like(n.emit(graph.Softmax{}, nil, p.view, p).t), nil
	}
	if x, err = n.b.plain(x); err != nil {
		return nil, err
	}
	p, err := n.b.seen(x, from, x.rank())
	if err != nil {
		return nil, err
	}
	return n.emit(graph.Softmax{}, x.dims, p.view, p), nil
}
