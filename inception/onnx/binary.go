package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"inceptiongl/inception/graph"
)

// kinds are the operations of two inputs; swapped ones have them the other way round.
var kinds = map[string]struct {
	kind    graph.BinaryKind
	swapped bool
}{
	"Add": {graph.Add, false}, "Sub": {graph.Sub, false}, "Mul": {graph.Mul, false}, "Div": {graph.Div, false}, "Pow": {graph.Pow, false},
	"Min": {graph.Minimum, false}, "Max": {graph.Maximum, false}, "PRelu": {graph.PReLU, false},
	"Equal": {graph.Equal, false}, "Greater": {graph.Greater, false}, "GreaterOrEqual": {graph.GreaterEqual, false},
	"Less": {graph.Greater, true}, "LessOrEqual": {graph.GreaterEqual, true},
	"And": {graph.And, false}, "Or": {graph.Or, false}, "Xor": {graph.Xor, false},
	"keep": {graph.Keep, false}, "drop": {graph.Drop, false}, "differs": {graph.NotEqual, false}, // not ONNX's
}

// binary is an operator of two inputs.
func (n *node) binary() (*value, error) {
	if y, err := n.normalization(); y != nil || err != nil {
		return y, err
	}
	return n.combine(n.op, n.in[0], n.in[1])
}

// prelu has slopes that broadcast to x; before opset 7, one for all or one for each channel.
func (n *node) prelu() (*value, error) {
	x, slope := n.in[0], n.in[1]
	if c := slope.con; n.b.opset < 7 && c != nil && len(c.dims) == 1 && c.len() > 1 {
		dims := slices.Clone(c.dims)
		for len(dims) < x.rank()-1 {
			dims = append(dims, 1)
		}
		slope = known(&constant{name: c.name, dims: dims, f: c.f, i: c.i, isInt: c.isInt})
	}
	return n.combine("PRelu", x, slope)
}

// several is Sum, Mean, Min and Max of any number of inputs.
func (n *node) several() (*value, error) {
	op := map[string]string{"Sum": "Add", "Mean": "Add", "Min": "Min", "Max": "Max"}[n.op]
	acc := n.in[0]
	for _, v := range n.in[1:] {
		var err error
		if acc, err = n.combine(op, acc, v); err != nil {
			return nil, err
		}
	}
	if n.op == "Mean" && len(n.in) > 1 {
		return n.combine("Div", acc, numeral(float32(len(n.in))))
	}
	return acc, nil
}

// numeral is a constant of one number.
func numeral(v float32) *value { return known(floats("", []int{}, []float32{v})) }

// where is x where the condition holds, y elsewhere: what stays of each, added. One of the two is 0 everywhere, so nothing is rounded.
func (n *node) where() (*value, error) {
	c, x, y := n.in[0], n.in[1], n.in[2]
	if c.con != nil && x.con != nil && y.con != nil {
		return n.foldWhere()
	}
	if c.con != nil && c.con.isInt {
		var err error
		if c, err = n.b.truths(c.con); err != nil {
			return nil, err
		}
	}
	kept, err := n.combine("keep", x, c)
	if err != nil {
		return nil, err
	}
	rest, err := n.combine("drop", y, c)
	if err != nil {
		return nil, err
	}
	return n.combine("Add", kept, rest)
}

// truths are integers or booleans as floats.
func (b *builder) truths(c *constant) (*value, error) {
	list, ok := numbers(c.i)
	if !ok {
		return nil, fmt.Errorf("a constant that depends on the batch, with a tensor (Options.Dims can fix it)")
	}
	if err := b.spend(len(list)); err != nil {
		return nil, err
	}
	data := make([]float32, len(list))
	for k, v := range list {
		data[k] = float32(v)
	}
	return known(floats(c.name, c.dims, data)), nil
}

// not is 1 − x, of truths.
func (n *node) not() (*value, error) { return n.combine("Sub", numeral(1), n.in[0]) }

// isNaN is where x differs from itself.
func (n *node) isNaN() (*value, error) { return n.combine("differs", n.in[0], n.in[0]) }

// combine is x op y, element by element.
func (n *node) combine(op string, x, y *value) (*value, error) {
	if x.con != nil && y.con != nil {
		c, err := n.b.foldPair(op, x.con, y.con)
		if err != nil {
			return nil, err
		}
		return known(c), nil
	}
	var err error
	for _, v := range []**value{&x, &y} {
		c := (*v).con
		switch {
		case c == nil:
		case c.len() == 0:
			return nil, fmt.Errorf("with a constant of no elements")
		case c.isInt && (op == "And" || op == "Or" || op == "Xor" || op == "Pow" || op == "Equal"):
			if *v, err = n.b.truths(c); err != nil {
				return nil, err
			}
		case c.isInt:
			return nil, fmt.Errorf("a tensor with a constant of integers")
		}
	}
	x, y, order, err := n.b.common(x, y) // their axes as stored
	if err != nil {
		return nil, err
	}
	v, err := n.simpler(op, x, y)
	if v == nil && err == nil {
		k := kinds[op]
		if k.swapped {
			x, y = y, x
		}
		v, err = n.tensors(k.kind, x, y)
	}
	if err != nil {
		return nil, err
	}
	return v.named(order), nil
}

// simpler is x op y as something that costs less than a step of two inputs, or nil.
func (n *node) simpler(op string, x, y *value) (*value, error) {
	switch op {
	case "Add", "Sub", "Mul", "Div":
		switch {
		case x.con != nil && op != "Div":
			return n.withConstant(op, y, x.con, true)
		case y.con != nil:
			return n.withConstant(op, x, y.con, false)
		case op == "Mul":
			return n.spelled(x, y)
		}
	case "Min", "Max":
		if x.con != nil {
			x, y = y, x
		}
		if c, ok := scalar(y); ok && c == c && len(y.dims) <= x.rank() {
			low, high := c, float32(math.Inf(1))
			if op == "Min" {
				low, high = float32(math.Inf(-1)), c
			}
			if low == 0 {
				return n.unary(x, graph.ReLU{})
			}
			return n.unary(x, graph.Clip{Min: low, Max: high})
		}
	case "PRelu":
		if c := y.con; c != nil && !slices.ContainsFunc(c.f, func(v float32) bool { return v != c.f[0] }) {
			return n.unary(x, graph.Unary{Type: graph.LeakyReLU, Alpha: c.f[0]})
		}
	case "Pow":
		switch c, ok := scalar(y); {
		case ok && c == 1 && len(y.dims) <= x.rank():
			return x, nil
		case ok && c == 2 && len(y.dims) <= x.rank():
			return n.tensors(graph.Mul, x, x)
		}
	}
	return nil, nil
}

// scalar is the number that a constant holds, if it holds one.
func scalar(v *value) (float32, bool) {
	if v.con == nil || v.con.isInt || v.con.len() != 1 {
		return 0, false
	}
	return v.con.f[0], true
}

// withConstant is x op c, or c op x, as an Affine whose channels are the axes along which c varies; nil where x would have to be
// repeated or reshaped for that.
func (n *node) withConstant(op string, x *value, c *constant, first bool) (*value, error) {
	dims := aligned(x.dims, len(c.dims))
	cd := aligned(fixed(c.dims), len(dims))
	if all, err := broadcast(dims, cd); err != nil || !slices.Equal(all, dims) {
		return nil, nil
	}
	from, to := len(dims), 0
	for k, d := range cd {
		if !d.is(1) {
			from, to = min(from, k), k+1
		}
	}
	x = &value{dims: dims, t: x.t}
	if x.t.view[0].sym != number {
		return nil, nil
	}
	if slices.ContainsFunc(c.f, func(v float32) bool { return !steady(op, v) }) {
		return nil, nil
	}
	if to == 0 { // a scalar
		scale, shift := coefficients(op, first, float64(c.f[0]))
		p, err := n.uniform(x, scale, shift)
		return &value{dims: dims, t: p}, err
	}
	axes, ok := numbers(dims[from:to])
	if !ok || !n.b.sees(x, from, to) {
		return nil, nil
	}
	p := x.t
	if err := n.b.spend(3 * p.view[0].n); err != nil {
		return nil, err
	}
	own, _ := numbers(cd[from:to])
	index := repeated(own, axes)
	scale, shift := make([]float64, len(index)), make([]float64, len(index))
	for k, i := range index {
		scale[k], shift[k] = coefficients(op, first, float64(c.f[i]))
	}
	q := p.affine(n.label, scale, shift)
	if _, convolves := n.b.g.Nodes[q.from].Op.(graph.Conv2D); convolves && q.index == nil { // a bias: it moves there, whoever reads the sum
		q = whole(n.b.node(q), q.view[0].n, q.view)
	}
	return &value{dims: dims, t: q}, nil
}

// steady reports a constant whose coefficients are finite. Others, such as the infinities of masks, stay what they are.
func steady(op string, c float32) bool {
	if op == "Div" {
		c = 1 / c
	}
	return c-c == 0
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

// tensors is x op y as a step.
func (n *node) tensors(kind graph.BinaryKind, x, y *value) (*value, error) {
	rank := max(x.rank(), y.rank())
	x, y = &value{dims: aligned(x.dims, rank), t: x.t, con: x.con}, &value{dims: aligned(y.dims, rank), t: y.t, con: y.con}
	if (kind == graph.Add || kind == graph.Mul) && perPixel(y.dims, x.dims) && !perPixel(x.dims, y.dims) {
		x, y = y, x // a kernel reads it so
	}
	dims, err := together(x.dims, y.dims)
	if err != nil {
		return nil, err
	}
	var v, w, all view
	if own, same := alike(x, y); same {
		v, w, all = own, own, own
	} else if v, w, all, err = n.b.facing(x.dims, y.dims, dims); errors.Is(err, errAxes) {
		p, failed := n.spread(x, dims)
		if failed != nil {
			return nil, failed
		}
		q, failed := n.spread(y, dims)
		if failed != nil {
			return nil, failed
		}
		if p == x && q == y { // it is along free ones
			return nil, fmt.Errorf("%w (Options.Dims can fix those that are free)", err)
		}
		return n.tensors(kind, p, q) // these axes are alike now
	} else if err != nil {
		return nil, err
	}
	p, err := n.b.as(x, v)
	if err != nil {
		return nil, err
	}
	q, err := n.b.as(y, w)
	if err != nil {
		return nil, err
	}
	return n.emit(graph.Binary{Type: kind}, dims, all, p, q), nil
}

// alike is how both are seen already, where they have the same extents and are, or one is a constant.
func alike(x, y *value) (view, bool) {
	for k, d := range x.dims {
		if d != y.dims[k] && d.sym != unknown && y.dims[k].sym != unknown {
			return view{}, false
		}
	}
	one := x
	if x.t == nil {
		one = y
	}
	if x.t != nil && y.t != nil && x.t.view != y.t.view || pick(one.t.view[:], unknown) != nil {
		return view{}, false
	}
	return one.t.view, true
}
