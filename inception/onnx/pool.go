package onnx

import (
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
)

// pool is AveragePool and MaxPool. A ceil_mode window that would start in the padding after the input is dropped, as PyTorch does
// and as ONNX says from opset 22 on.
func (n *node) pool() (*value, error) {
	x := n.in[0]
	win, w, err := n.window(x, nil)
	if err != nil {
		return nil, err
	}
	op := graph.Pool2D{
		Kernel: win.pair(win.kernel, 1), Stride: win.pair(win.stride, 1), Dilation: win.pair(win.dilation, 1), Pad: win.pad,
		CeilMode: n.flag("ceil_mode", false) && !win.same,
	}
	if n.op == "MaxPool" {
		op.Type = graph.Max
		n.flag("storage_order", false) // of the second output, which nothing may use
	} else {
		op.CountIncludePad = n.flag("count_include_pad", false)
	}
	if n.err != nil {
		return nil, n.err
	}
	if w[0].sym != number {
		return nil, fmt.Errorf("a tensor %s: the number of channels isn't fixed (Options.Dims)", show(x.dims))
	}
	return n.slide(x, w, op, w[0].n)
}

// globalPool is a pool over all that comes after the channels.
func (n *node) globalPool() (*value, error) {
	x := n.in[0]
	if x.rank() < 3 {
		return nil, fmt.Errorf("a tensor of rank %d, must be at least 3", x.rank())
	}
	kind := graph.Average
	if n.op == "GlobalMaxPool" {
		kind = graph.Max
	}
	dims := slices.Clone(x.dims)
	for k := 2; k < len(dims); k++ {
		dims[k] = num(1)
	}
	x, err := n.b.plain(x)
	if err != nil {
		return nil, err
	}
	p, err := n.b.seen(x, 1, 2)
	if err != nil {
		return nil, err
	}
	return n.emit(graph.GlobalPool{Type: kind}, dims, view{p.view[0], num(1), num(1)}, p), nil
}

// reduce is the mean or the maximum over some axes, which are stored last for that.
func (n *node) reduce() (*value, error) {
	x := n.in[0]
	axes, err := n.axes(18, x.rank())
	if err != nil {
		return nil, err
	}
	keep := n.flag("keepdims", true)
	if noop := n.flag("noop_with_empty_axes", false); len(axes) == 0 {
		if noop {
			return x, nil
		}
		axes = identity(x.rank())
	}
	gone := func(a int) bool { return slices.Contains(axes, a) }
	order := filled(x.order, x.rank())
	rest := slices.DeleteFunc(slices.Clone(order), gone)
	if x, err = n.b.ordered(x, append(rest, slices.DeleteFunc(slices.Clone(order), func(a int) bool { return !gone(a) })...)); err != nil {
		return nil, err
	}
	y, err := n.reduceLast(x.stored(), len(rest))
	if err != nil {
		return nil, err
	}
	y = y.named(x.order)
	for _, a := range slices.Backward(slices.Sorted(slices.Values(axes))) {
		if !keep {
			y = y.replaced(a, nil)
		}
	}
	return y, nil
}

// reduceLast reduces all axes from one on, which stay with an extent of 1.
func (n *node) reduceLast(x *value, low int) (*value, error) {
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
	kind := graph.Average
	if n.op == "ReduceMax" {
		kind = graph.Max
	}
	return n.emit(graph.GlobalPool{Type: kind}, dims, view{p.view[0], num(1), num(1)}, p), nil
}
