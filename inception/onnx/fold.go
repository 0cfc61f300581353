package onnx

import (
	"fmt"
	"math"
	"slices"

	pb "inceptiongl/inception/onnx/internal/onnxpb"
)

// constant is the Constant operator.
func (n *node) constant() (*value, error) {
	if len(n.all) != 1 {
		return nil, fmt.Errorf("has %d attributes, must have 1 value", len(n.all))
	}
	switch {
	case n.has("value"):
		c := n.tensor("value")
		if c == nil {
			return nil, n.err
		}
		c.name = "" // named by its output
		return known(c), nil
	case n.has("value_float"):
		return known(floats("", nil, []float32{n.float("value_float", 0)})), nil
	case n.has("value_floats"):
		p, _ := n.get("value_floats", pb.AttributeProto_FLOATS)
		return known(floats("", []int{len(p.GetFloats())}, p.GetFloats())), nil
	case n.has("value_int"):
		return known(ints("", nil, []dim{num(n.int("value_int", 0))})), nil
	case n.has("value_ints"):
		list := n.ints("value_ints")
		return known(ints("", []int{len(list)}, fixed(list))), nil
	}
	return nil, n.left()
}

// constantOfShape repeats one number.
func (n *node) constantOfShape() (*value, error) {
	dims, err := n.list(0)
	if err != nil {
		return nil, err
	}
	if len(dims) > maxRank {
		return nil, fmt.Errorf("%d dimensions: more than %d", len(dims), maxRank)
	}
	size, err := n.b.allot(dims)
	if err != nil {
		return nil, err
	}
	c := floats("", nil, []float32{0})
	if n.has("value") {
		if c = n.tensor("value"); c == nil {
			return nil, n.err
		}
	}
	if c.len() != 1 {
		return nil, fmt.Errorf("the value is %v, must be one number", c.dims)
	}
	if c.isInt {
		data := make([]dim, size)
		for k := range data {
			data[k] = c.i[0]
		}
		return known(ints("", dims, data)), nil
	}
	data := make([]float32, size)
	if c.f[0] != 0 {
		for k := range data {
			data[k] = c.f[0]
		}
	}
	return known(floats("", dims, data)), nil
}

// allot counts the elements of a constant that is about to be computed, and spends them.
func (b *builder) allot(dims []int) (int, error) {
	if slices.Contains(dims, 0) && !slices.ContainsFunc(dims, func(d int) bool { return d < 0 }) {
		return 0, nil
	}
	size, err := count(dims, b.folded)
	if err != nil {
		return 0, fmt.Errorf("%w (Options.MaxFolded)", err)
	}
	return size, b.spend(size)
}

// shape lists the extents. The batch stays a symbol.
func (n *node) shape() (*value, error) {
	dims := n.in[0].dims
	rank := len(dims)
	clamp := func(v int) int {
		if v < 0 {
			v = max(v, -rank) + rank
		}
		return min(v, rank)
	}
	start, end := clamp(n.int("start", 0)), clamp(n.int("end", rank))
	dims = slices.Clone(dims[start:max(start, end)])
	return known(ints("", []int{len(dims)}, dims)), nil
}

// size is the number of elements.
func (n *node) size() (*value, error) {
	p, err := product(n.in[0].dims, n.b.fresh)
	if err != nil {
		return nil, err
	}
	return known(ints("", nil, []dim{p})), nil
}

// foldPair is a op b for constants.
func (b *builder) foldPair(op string, x, y *constant) (*constant, error) {
	if x.isInt != y.isInt {
		return nil, fmt.Errorf("a constant of floats with one of integers")
	}
	all, err := broadcast(fixed(x.dims), fixed(y.dims))
	if err != nil {
		return nil, err
	}
	dims, _ := numbers(all)
	size, err := b.allot(dims)
	if err != nil || size == 0 {
		return &constant{dims: dims, isInt: x.isInt}, err
	}
	own := func(c *constant) []int {
		ns, _ := numbers(aligned(fixed(c.dims), len(dims)))
		return ns
	}
	i, j := repeated(own(x), dims), repeated(own(y), dims)
	if x.isInt {
		out := make([]dim, size)
		for k := range out {
			if out[k], err = arith(op, x.i[i[k]], y.i[j[k]]); err != nil {
				return nil, err
			}
		}
		return ints("", dims, out), nil
	}
	out := make([]float32, size)
	for k := range out {
		u, v := x.f[i[k]], y.f[j[k]]
		switch op {
		case "Add":
			out[k] = u + v
		case "Sub":
			out[k] = u - v
		case "Mul":
			out[k] = u * v
		default:
			out[k] = u / v
		}
	}
	return floats("", dims, out), nil
}

// foldUnary is Neg and Sqrt.
func (n *node) foldUnary() (*value, error) {
	c := n.in[0].con
	if err := n.b.spend(c.len()); err != nil {
		return nil, err
	}
	if c.isInt {
		if n.op != "Neg" {
			return nil, fmt.Errorf("of integers is not supported")
		}
		out := make([]dim, len(c.i))
		for k, d := range c.i {
			if d.sym == unknown || d.n == math.MinInt {
				return nil, fmt.Errorf("can't fold -%v", d)
			}
			out[k] = dim{d.sym, -d.n}
		}
		return known(ints("", c.dims, out)), nil
	}
	out := make([]float32, len(c.f))
	for k, v := range c.f {
		if out[k] = -v; n.op == "Sqrt" {
			out[k] = float32(math.Sqrt(float64(v)))
		}
	}
	return known(floats("", c.dims, out)), nil
}

// foldCast converts between floats and integers.
func (n *node) foldCast() (*value, error) {
	n.int("saturate", 1)
	to := int32(n.int("to", 0))
	c := n.in[0].con
	switch {
	case isFloat(to) && !c.isInt, isInt(to) && c.isInt && pb.TensorProto_DataType(to) != pb.TensorProto_BOOL:
		return n.in[0], nil
	case !isFloat(to) && !isInt(to):
		return nil, fmt.Errorf("to %s is not supported", dtype(to))
	}
	if err := n.b.spend(c.len()); err != nil {
		return nil, err
	}
	if isFloat(to) {
		list, ok := numbers(c.i)
		if !ok {
			return nil, fmt.Errorf("from the batch to %s", dtype(to))
		}
		out := make([]float32, len(list))
		for k, v := range list {
			out[k] = float32(v)
		}
		return known(floats("", c.dims, out)), nil
	}
	truth := pb.TensorProto_DataType(to) == pb.TensorProto_BOOL
	out := make([]dim, c.len())
	for k := range out {
		switch {
		case c.isInt:
			out[k] = num(1)
			if c.i[k].is(0) {
				out[k] = num(0)
			}
		case truth && c.f[k] != 0:
			out[k] = num(1)
		case truth:
			out[k] = num(0)
		case !(math.Abs(float64(c.f[k])) < 1<<62):
			return nil, fmt.Errorf("from %v to %s", c.f[k], dtype(to))
		default:
			out[k] = num(int(c.f[k]))
		}
	}
	return known(ints("", c.dims, out)), nil
}

// foldExpand repeats a constant.
func (n *node) foldExpand() (*value, error) {
	target, err := n.list(1)
	if err != nil {
		return nil, err
	}
	if len(target) > maxRank {
		return nil, fmt.Errorf("%d dimensions: more than %d", len(target), maxRank)
	}
	c := n.in[0].con
	all, err := broadcast(fixed(c.dims), fixed(target))
	if err != nil {
		return nil, err
	}
	dims, _ := numbers(all)
	size, err := n.b.allot(dims)
	if err != nil {
		return nil, err
	}
	if size == 0 {
		return known(&constant{dims: dims, isInt: c.isInt}), nil
	}
	own, _ := numbers(aligned(fixed(c.dims), len(dims)))
	return known(anonymous(c.at(dims, repeated(own, dims)))), nil
}

// anonymous takes a constant's name: its output will name it.
func anonymous(c *constant) *constant {
	c.name = ""
	return c
}

// foldProd is the product of a list.
func (n *node) foldProd() (*value, error) {
	c := n.in[0].con
	if !c.isInt || len(c.dims) != 1 {
		return nil, fmt.Errorf("of a constant %v: only lists of integers are supported", c.dims)
	}
	if _, err := n.axes(18, 1); err != nil {
		return nil, err
	}
	n.flag("noop_with_empty_axes", false)
	p := num(1)
	for _, d := range c.i {
		var err error
		if p, err = arith("Mul", p, d); err != nil {
			return nil, err
		}
	}
	var dims []int
	if n.flag("keepdims", true) {
		dims = []int{1}
	}
	return known(ints("", dims, []dim{p})), nil
}

func (n *node) foldTranspose() (*value, error) {
	c := n.in[0].con
	perm, err := n.perm(len(c.dims))
	if err != nil {
		return nil, err
	}
	dims := make([]int, len(perm))
	for k, a := range perm {
		dims[k] = c.dims[a]
	}
	if _, err := n.b.allot(dims); err != nil {
		return nil, err
	}
	if c.len() == 0 {
		return known(&constant{dims: dims, isInt: c.isInt}), nil
	}
	return known(anonymous(c.at(dims, transposed(c.dims, perm)))), nil
}

// take is elements index[0], index[1] … along an axis of a constant.
func (b *builder) take(c *constant, axis int, index []int) (*constant, error) {
	dims := slices.Clone(c.dims)
	dims[axis] = len(index)
	size, err := b.allot(dims)
	if err != nil {
		return nil, err
	}
	after := 1
	for _, d := range c.dims[axis+1:] {
		after *= d
	}
	from := make([]int, 0, size)
	for at := 0; size > 0 && len(from) < size; at += c.dims[axis] * after {
		for _, i := range index {
			for k := range after {
				from = append(from, at+i*after+k)
			}
		}
	}
	return anonymous(c.at(dims, from)), nil
}

func (n *node) foldGather() (*value, error) {
	c := n.in[0].con
	a, err := axis(n.int("axis", 0), len(c.dims))
	if err != nil {
		return nil, err
	}
	by, index, err := n.indices(c.dims[a])
	if err != nil {
		return nil, err
	}
	out, err := n.b.take(c, a, index)
	if err != nil {
		return nil, err
	}
	out.dims = slices.Concat(c.dims[:a], by.dims, c.dims[a+1:])
	return known(out), nil
}

func (n *node) foldSlice() (*value, error) {
	c := n.in[0].con
	cuts, err := n.cuts(n.in[0].dims)
	if err != nil {
		return nil, err
	}
	for _, k := range cuts {
		if c, err = n.b.take(c, k.axis, k.index); err != nil {
			return nil, err
		}
	}
	return known(c), nil
}

func (n *node) foldConcat() (*value, error) {
	if !n.has("axis") {
		return nil, fmt.Errorf("attribute axis is missing")
	}
	first := n.in[0].con
	a, err := axis(n.int("axis", 0), len(first.dims))
	if err != nil {
		return nil, err
	}
	sum := fixed(first.dims)
	sum[a] = num(0)
	for _, v := range n.in {
		if v.con.isInt != first.isInt {
			return nil, fmt.Errorf("a constant of floats with one of integers")
		}
		if sum, err = joined(sum, v.dims, a); err != nil {
			return nil, err
		}
	}
	dims, _ := numbers(sum)
	size, err := n.b.allot(dims)
	if err != nil {
		return nil, err
	}
	if size == 0 {
		return known(&constant{dims: dims, isInt: first.isInt}), nil
	}
	before := 1
	for _, d := range dims[:a] {
		before *= d
	}
	out := &constant{dims: dims, isInt: first.isInt}
	if first.isInt {
		out.i = make([]dim, 0, size)
	} else {
		out.f = make([]float32, 0, size)
	}
	for k := range before {
		for _, v := range n.in {
			each := v.con.len() / before
			if first.isInt {
				out.i = append(out.i, v.con.i[k*each:][:each]...)
			} else {
				out.f = append(out.f, v.con.f[k*each:][:each]...)
			}
		}
	}
	return known(out), nil
}
