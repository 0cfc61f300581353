package onnx

import (
	"fmt"
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

// foldRange counts from a start by a step, and stops before a limit.
func (n *node) foldRange() (*value, error) {
	var of [3]int
	for k := range of {
		list, err := n.list(k)
		if err != nil {
			return nil, err
		}
		if len(list) != 1 {
			return nil, fmt.Errorf("input %d must be one number", k)
		}
		of[k] = list[0]
	}
	start, limit, step := of[0], of[1], of[2]
	const big = 1 << 40 // no difference or sum of two such overflows
	if step == 0 || max(start, limit, step) > big || min(start, limit, step) < -big {
		return nil, fmt.Errorf("from %d to %d by %d", start, limit, step)
	}
	size := max((limit-start+step-step/max(step, -step))/step, 0)
	if _, err := n.b.allot([]int{size}); err != nil {
		return nil, err
	}
	data := make([]dim, size)
	for k := range data {
		data[k] = num(start + k*step)
	}
	return known(ints("", []int{size}, data)), nil
}
