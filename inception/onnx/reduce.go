package onnx

import (
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
)

// reduce is a reduction over some axes: ReduceMean and ReduceMax are pools, the others are made of those.
func (n *node) reduce() (*value, error) {
	x := n.in[0]
	since := 18
	if n.op == "ReduceSum" {
		since = 13
	}
	axes, err := n.axes(since, x.rank())
	if err != nil {
		return nil, err
	}
	keep := n.flag("keepdims", true)
	noop := n.flag("noop_with_empty_axes", false) && len(axes) == 0
	if len(axes) == 0 && !noop {
		axes = identity(x.rank())
	}
	switch n.op {
	case "ReduceMin":
		x, err = n.scaled(x, -1)
	case "ReduceL1":
		x, err = n.unary(x, graph.Unary{Type: graph.Abs})
	case "ReduceL2", "ReduceSumSquare":
		x, err = n.combine("Mul", x, x)
	}
	if err != nil {
		return nil, err
	}
	y, count := x, 1
	if !noop {
		kind := graph.Average
		if n.op == "ReduceMax" || n.op == "ReduceMin" {
			kind = graph.Max
		}
		if y, err = n.reduced(x, kind, axes); err != nil {
			return nil, err
		}
	}
	switch n.op {
	case "ReduceMin":
		y, err = n.scaled(y, -1)
	case "ReduceSum", "ReduceL1", "ReduceL2", "ReduceSumSquare":
		for _, a := range axes {
			if x.dims[a].sym != number {
				return nil, fmt.Errorf("a sum over an axis of %s that isn't fixed (Options.Dims)", show(x.dims))
			}
			count *= x.dims[a].n
		}
		y, err = n.scaled(y, float64(count))
	}
	if err == nil && n.op == "ReduceL2" {
		y, err = n.unary(y, graph.Unary{Type: graph.Sqrt})
	}
	if err != nil {
		return nil, err
	}
	if !keep {
		y = y.without(axes)
	}
	return y, nil
}

// scaled is c·x.
func (n *node) scaled(x *value, c float64) (*value, error) {
	if c == 1 {
		return x, nil
	}
	p, err := n.uniform(x, c, 0)
	if err != nil {
		return nil, err
	}
	return x.like(p), nil
}

// reduced is the mean or the maximum over some axes, which are stored last for that and stay with an extent of 1.
func (n *node) reduced(x *value, kind graph.PoolKind, axes []int) (*value, error) {
	gone := func(a int) bool { return slices.Contains(axes, a) }
	order := filled(x.order, x.rank())
	rest := slices.DeleteFunc(slices.Clone(order), gone)
	x, err := n.b.ordered(x, append(rest, slices.DeleteFunc(slices.Clone(order), func(a int) bool { return !gone(a) })...))
	if err != nil {
		return nil, err
	}
	y, err := n.reduceLast(x.stored(), kind, len(rest))
	if err != nil {
		return nil, err
	}
	return y.named(x.order), nil
}

// reduceLast reduces all axes from one on, which stay with an extent of 1.
func (n *node) reduceLast(x *value, kind graph.PoolKind, low int) (*value, error) {
	dims := slices.Clone(x.dims)
	for k := low; k < len(dims); k++ {
		if dims[k].sym == batch {
			return nil, fmt.Errorf("over the batch of %s", show(x.dims))
		}
		dims[k] = num(1)
	}
	if slices.Equal(dims, x.dims) {
		return x, nil
	}
	from := max(low-1, 0)
	if low == 0 || x.dims[from].sym == batch {
		from = low // one channel
	}
	p, err := n.b.seen(x, from, low)
	if err != nil {
		return nil, err
	}
	return n.emit(graph.GlobalPool{Type: kind}, dims, view{p.view[0], num(1), num(1)}, p), nil
}
