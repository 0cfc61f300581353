package onnx

import (
	"fmt"

	"inceptiongl/inception/graph"
)

// softmaxAxes are those that Softmax and its kin work along: one, and before opset 13 it and all after it together.
func (n *node) softmaxAxes() ([]int, error) {
	rank, def := n.in[0].rank(), -1
	if n.b.opset < 13 {
		def = 1
	}
	from, err := axis(n.int("axis", def), rank)
	if err != nil || n.b.opset >= 13 {
		return []int{from}, err
	}
	return identity(rank)[from:], nil
}

func (n *node) softmax() (*value, error) {
	x := n.in[0]
	axes, err := n.softmaxAxes()
	if err != nil {
		return nil, err
	}
	if len(axes) == 1 {
		return n.along(x, axes[0], graph.Softmax{})
	}
	if x, err = n.b.plain(x); err != nil {
		return nil, err
	}
	p, err := n.b.seen(x, axes[0], x.rank())
	if err != nil {
		return nil, err
	}
	return n.emit(graph.Softmax{}, x.dims, p.view, p), nil
}

// along emits an operator that works over the channels, on an axis of x.
func (n *node) along(x *value, axis int, op graph.Op) (*value, error) {
	x, p, err := n.b.channels(x, axis)
	if err != nil {
		return nil, err
	}
	return x.like(n.emit(op, nil, p.view, p).t), nil
}

// logSoftmax is d − log Σ exp(d), with d = x − max x: the logarithm of a softmax would be lost where that is too small.
func (n *node) logSoftmax() (*value, error) {
	axes, err := n.softmaxAxes()
	if err != nil {
		return nil, err
	}
	m, err := n.reduced(n.in[0], graph.Max, axes)
	if err != nil {
		return nil, err
	}
	d, err := n.combine("Sub", n.in[0], m)
	if err != nil {
		return nil, err
	}
	y, err := n.logOfSum(d, axes)
	if err != nil {
		return nil, err
	}
	return n.combine("Sub", d, y)
}

// hardmax is 1 at the largest number along the axes, the first one of several, and 0 elsewhere: those that are the largest and have none of
// them before.
func (n *node) hardmax() (*value, error) {
	x := n.in[0]
	axes, err := n.softmaxAxes()
	if err != nil {
		return nil, err
	}
	m, err := n.reduced(x, graph.Max, axes)
	if err != nil {
		return nil, err
	}
	largest, err := n.combine("Equal", x, m)
	if err != nil {
		return nil, err
	}
	flat := largest
	if len(axes) > 1 {
		last, err := product(x.dims[axes[0]:], n.b.fresh)
		if err != nil {
			return nil, err
		}
		if flat, err = n.b.reshape(largest, append(x.dims[:axes[0]:axes[0]], last)); err != nil {
			return nil, err
		}
	}
	before, err := n.along(flat, axes[0], graph.CumSum{Exclusive: true})
	if err != nil {
		return nil, err
	}
	if before, err = n.b.reshape(before, x.dims); err != nil {
		return nil, err
	}
	return n.combine("drop", largest, before)
}

// cumSum is running sums along an axis.
func (n *node) cumSum() (*value, error) {
	a, err := n.cumSumAxis()
	if err != nil {
		return nil, err
	}
	op := graph.CumSum{Exclusive: n.flag("exclusive", false), Reverse: n.flag("reverse", false)}
	return n.along(n.in[0], a, op)
}

// cumSumAxis is the axis, which is input 1.
func (n *node) cumSumAxis() (int, error) {
	list, err := n.list(1)
	if err != nil {
		return 0, err
	}
	if len(list) != 1 {
		return 0, fmt.Errorf("axes %v: one is needed", list)
	}
	return axis(list[0], n.in[0].rank())
}
