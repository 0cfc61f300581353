package onnx

import (
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
)

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
