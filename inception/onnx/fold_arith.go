package onnx

import (
	"fmt"
	"math"
	"slices"

	"inceptiongl/inception/graph"
	pb "inceptiongl/inception/onnx/internal/onnxpb"
)

// foldPair is a op b for constants. Floats are computed in float64 and rounded once.
func (b *builder) foldPair(op string, x, y *constant) (*constant, error) {
	if x.isInt != y.isInt {
		if op != "Pow" || x.isInt {
			return nil, fmt.Errorf("a constant of floats with one of integers")
		}
		v, err := b.truths(y)
		if err != nil {
			return nil, err
		}
		y = v.con
	}
	all, err := broadcast(fixed(x.dims), fixed(y.dims))
	if err != nil {
		return nil, err
	}
	dims, _ := numbers(all)
	k := kinds[op]
	logical := k.kind >= graph.Equal && k.kind <= graph.Xor
	size, err := b.allotLike(x, dims, 0)
	if err != nil || size == 0 {
		return &constant{dims: dims, isInt: x.isInt || logical}, err
	}
	i, j := walkOf(x.rankOf(len(dims)), dims), walkOf(y.rankOf(len(dims)), dims)
	if k.swapped {
		x, y, i, j = y, x, j, i
	}
	if x.isInt {
		out := make([]dim, size)
		for m := range out {
			if out[m], err = integers(op, k.kind, x.i[i.next()], y.i[j.next()]); err != nil {
				return nil, err
			}
		}
		return ints("", dims, out), nil
	}
	out := make([]float32, size)
	for m := range out {
		out[m] = float32(k.kind.At(float64(x.f[i.next()]), float64(y.f[j.next()])))
	}
	if logical {
		return truth(dims, out), nil
	}
	return floats("", dims, out), nil
}

// truth is a constant of booleans.
func truth(dims []int, v []float32) *constant {
	out := make([]dim, len(v))
	for k, x := range v {
		if x != 0 {
			out[k] = num(1)
		}
	}
	return ints("", dims, out)
}

// rankOf are the extents with ones before them, up to the rank.
func (c *constant) rankOf(rank int) []int {
	ns, _ := numbers(aligned(fixed(c.dims), rank))
	return ns
}

// integers is a op b of integers: beside the arithmetic of extents, what float64 computes exactly.
func integers(op string, kind graph.BinaryKind, a, b dim) (dim, error) {
	switch op {
	case "Add", "Sub", "Mul", "Div":
		return arith(op, a, b)
	case "Equal":
		if a == b {
			return num(1), nil
		}
	}
	const exact = 1 << 53
	if a.sym == number && b.sym == number && max(a.n, -a.n, b.n, -b.n) <= exact {
		if v := kind.At(float64(a.n), float64(b.n)); v == math.Trunc(v) && math.Abs(v) <= exact {
			return num(int(v)), nil
		}
	}
	return dim{}, unfoldable(op, a, b)
}

// foldWhere picks elements of constants.
func (n *node) foldWhere() (*value, error) {
	c, x, y := n.in[0].con, n.in[1].con, n.in[2].con
	if x.isInt != y.isInt || !c.isInt {
		return nil, fmt.Errorf("a constant of floats with one of integers")
	}
	all, err := broadcast(fixed(x.dims), fixed(y.dims))
	if err == nil {
		all, err = broadcast(all, fixed(c.dims))
	}
	if err != nil {
		return nil, err
	}
	dims, _ := numbers(all)
	size, err := n.b.allotLike(x, dims, 3)
	if err != nil {
		return nil, err
	}
	out := &constant{dims: dims, isInt: x.isInt}
	if out.isInt {
		out.i = make([]dim, 0, size)
	} else {
		out.f = make([]float32, 0, size)
	}
	h, i, j := repeated(c.rankOf(len(dims)), dims), repeated(x.rankOf(len(dims)), dims), repeated(y.rankOf(len(dims)), dims)
	for k := range size {
		from, at := x, i
		if c.i[h[k]].is(0) {
			from, at = y, j
		}
		if out.isInt {
			out.i = append(out.i, from.i[at[k]])
		} else {
			out.f = append(out.f, from.f[at[k]])
		}
	}
	return known(out), nil
}

// foldMod is the remainder, with the sign of the divisor, or with fmod of the dividend.
func (n *node) foldMod() (*value, error) {
	like := n.flag("fmod", false)
	x, y := n.in[0].con, n.in[1].con
	if !x.isInt || !y.isInt {
		return nil, fmt.Errorf("of floats is not supported")
	}
	q, err := broadcast(fixed(x.dims), fixed(y.dims))
	if err != nil {
		return nil, err
	}
	dims, _ := numbers(q)
	size, err := n.b.allotLike(x, dims, 2)
	if err != nil {
		return nil, err
	}
	i, j := repeated(x.rankOf(len(dims)), dims), repeated(y.rankOf(len(dims)), dims)
	out := make([]dim, size)
	for k := range out {
		a, b := x.i[i[k]], y.i[j[k]]
		if a.sym != number || b.sym != number || b.n == 0 {
			return nil, unfoldable("Mod", a, b)
		}
		r := a.n % b.n
		if !like && r != 0 && (r < 0) != (b.n < 0) {
			r += b.n
		}
		out[k] = num(r)
	}
	return known(ints("", dims, out)), nil
}

// foldNot turns truths around.
func (n *node) foldNot() (*value, error) {
	c := n.in[0].con
	if !c.isInt {
		return nil, fmt.Errorf("of floats is not supported")
	}
	if err := n.b.spend(c.len()); err != nil {
		return nil, err
	}
	out := make([]dim, len(c.i))
	for k, d := range c.i {
		if d.is(0) {
			out[k] = num(1)
		}
	}
	return known(ints("", c.dims, out)), nil
}

// foldNeg is −x.
func (n *node) foldNeg() (*value, error) {
	c := n.in[0].con
	if err := n.b.spend(c.len()); err != nil {
		return nil, err
	}
	if c.isInt {
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
		out[k] = -v
	}
	return known(floats("", c.dims, out)), nil
}

// beyond32 reports a number that 32 bits don't hold: a Cast keeps the lower ones.
func beyond32(d dim) bool { return d.sym == number && d.n != int(int32(d.n)) }

// foldCast converts between floats and integers.
func (n *node) foldCast() (*value, error) {
	n.int("saturate", 1)
	n.string("round_mode", "")
	to := int32(n.int("to", 0))
	c := n.in[0].con
	switch {
	case pb.TensorProto_DataType(to) == pb.TensorProto_INT32 && slices.ContainsFunc(c.i, beyond32):
		if err := n.b.spend(c.len()); err != nil {
			return nil, err
		}
		out := slices.Clone(c.i)
		for k, d := range out {
			if beyond32(d) {
				out[k] = num(int(int32(d.n)))
			}
		}
		return known(ints("", c.dims, out)), nil
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
			return nil, fmt.Errorf("to %s of an extent that the file leaves open: its value must be given (Options.Dims)", dtype(to))
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
