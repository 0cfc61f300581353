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
	c := floats("", nil, []float32{0})
	if n.has("value") {
		if c = n.tensor("value"); c == nil {
			return nil, n.err
		}
	}
	if c.len() != 1 {
		return nil, fmt.Errorf("the value is %v, must be one number", c.dims)
	}
	size, err := n.b.allotLike(c, dims, 0)
	if err != nil {
		return nil, err
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

// foldRange is start, start + delta … up to the limit.
func (n *node) foldRange() (*value, error) {
	var v [3]float64
	isInt := n.in[0].con.isInt
	for k := range v {
		c := n.in[k].con
		switch {
		case c.len() != 1 || c.isInt != isInt:
			return nil, fmt.Errorf("input %d must be one number, of the first one's type", k)
		case !isInt:
			v[k] = float64(c.f[0])
		case c.i[0].sym != number:
			return nil, fmt.Errorf("input %d depends on the batch (Options.Dims)", k)
		default:
			v[k] = float64(c.i[0].n)
		}
	}
	count := math.Ceil((v[1] - v[0]) / v[2])
	if !(count <= float64(n.b.folded)) { // NaN, too: a delta of 0
		return nil, fmt.Errorf("from %v to %v by %v", v[0], v[1], v[2])
	}
	size, err := n.b.allot([]int{max(int(count), 0)})
	if err != nil {
		return nil, err
	}
	out := &constant{dims: []int{size}, isInt: isInt}
	for k := range size {
		if x := v[0] + float64(k)*v[2]; isInt {
			out.i = append(out.i, num(int(x)))
		} else {
			out.f = append(out.f, float32(x))
		}
	}
	return known(out), nil
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
