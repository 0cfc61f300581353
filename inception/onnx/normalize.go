package onnx

import (
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
)

// layerNorm is LayerNormalization: each image's elements from an axis on, or each pixel's channels, get mean 0 and variance 1. Then come
// a factor and an addend for each element of those axes.
func (n *node) layerNorm() (*value, error) {
	x := n.in[0]
	from, err := axis(n.int("axis", -1), x.rank())
	if err != nil {
		return nil, err
	}
	if n.int("stash_type", 1) != 1 {
		return nil, fmt.Errorf("stash_type must be 1, float")
	}
	return n.normalized(x, identity(x.rank())[from:], n.in[1], n.opt(2))
}

// instanceNorm is InstanceNormalization, over all pixels of a channel.
func (n *node) instanceNorm() (*value, error) {
	x := n.in[0]
	if x.rank() < 3 {
		return nil, fmt.Errorf("a tensor of rank %d, must be at least 3", x.rank())
	}
	var each [2]*value // a number for each channel
	for k := range each {
		c, err := n.known(1 + k)
		if err != nil {
			return nil, err
		}
		if len(c.dims) != 1 || !x.dims[1].is(c.dims[0]) {
			return nil, fmt.Errorf("input %d is %v, for a tensor %s", 1+k, c.dims, show(x.dims))
		}
		dims := append([]int{c.dims[0]}, slices.Repeat([]int{1}, x.rank()-2)...)
		each[k] = known(floats(c.name, dims, c.f))
	}
	return n.normalized(x, identity(x.rank())[2:], each[0], each[1])
}

// normalized is scale·(x − mean)/√(variance + epsilon) + bias, with mean and variance over some axes. The variance is the mean square of
// the differences: the mean square of x, less the mean's square, would lose digits.
func (n *node) normalized(x *value, axes []int, scale, bias *value) (*value, error) {
	epsilon := n.float("epsilon", 1e-5)
	if n.err != nil {
		return nil, n.err
	}
	mean, err := n.reduced(x, graph.Average, axes)
	if err != nil {
		return nil, err
	}
	d, err := n.combine("Sub", x, mean)
	if err != nil {
		return nil, err
	}
	square, err := n.combine("Mul", d, d)
	if err != nil {
		return nil, err
	}
	variance, err := n.reduced(square, graph.Average, axes)
	if err != nil {
		return nil, err
	}
	deviation, err := n.combine("Add", variance, numeral(epsilon))
	if err != nil {
		return nil, err
	}
	if deviation, err = n.unary(deviation, graph.Unary{Type: graph.Sqrt}); err != nil {
		return nil, err
	}
	y, err := n.combine("Div", d, deviation)
	if err != nil {
		return nil, err
	}
	for _, step := range []struct {
		op string
		by *value
	}{{"Mul", scale}, {"Add", bias}} {
		if step.by == nil {
			continue
		}
		out, err := n.combine(step.op, y, step.by)
		if err != nil {
			return nil, err
		}
		if !slices.Equal(out.dims, y.dims) {
			return nil, fmt.Errorf("a factor or addend %s for a tensor %s", show(step.by.dims), show(y.dims))
		}
		y = out
	}
	return y, nil
}
