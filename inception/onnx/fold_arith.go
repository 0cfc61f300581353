package onnx

import (
	"fmt"
	"math"

	pb "inceptiongl/inception/onnx/internal/onnxpb"
)

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
