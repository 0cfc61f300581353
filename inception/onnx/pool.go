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
