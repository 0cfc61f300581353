package onnx

import (
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// pool is AveragePool and MaxPool. A ceil_mode window that would start in the padding after the input is dropped, as PyTorch does
// and as ONNX says from opset 22 on.
func (n *node) pool() (*value, error) {
	y, _, err := n.poolOf(n.in[0])
	return y, err
}

// poolOf is the node's pool of x, and how many elements a window has.
func (n *node) poolOf(x *value) (y *value, area int, err error) {
	win, w, err := n.window(x, nil)
	if err != nil {
		return nil, 0, err
	}
	op := graph.Pool2D{
		Kernel: win.pair(win.kernel, 1), Stride: win.pair(win.stride, 1), Dilation: win.pair(win.dilation, 1), Pad: win.pad,
		CeilMode: n.flag("ceil_mode", false) && !win.same,
	}
	switch n.op {
	case "MaxPool":
		op.Type = graph.Max
		n.flag("storage_order", false) // of the second output, which nothing may use
	case "LpPool":
		op.CountIncludePad = true
		if op.CeilMode {
			if op, err = padFully(op, x.dims[2:]); err != nil {
				return nil, 0, err
			}
		}
	default:
		op.CountIncludePad = n.flag("count_include_pad", false)
	}
	if n.err != nil {
		return nil, 0, n.err
	}
	if w[0].sym != number {
		return nil, 0, fmt.Errorf("a tensor %s: the number of channels isn't fixed (Options.Dims)", show(x.dims))
	}
	y, err = n.slide(x, w, op, w[0].n)
	return y, op.Kernel.H * op.Kernel.W, err
}

// padFully is a pool in ceil_mode whose padding reaches as far as its windows, so that each has as many elements.
func padFully(op graph.Pool2D, dims []dim) (graph.Pool2D, error) {
	size, ok := numbers(dims)
	if !ok {
		return op, fmt.Errorf("ceil_mode depends on an extent that isn't fixed (Options.Dims)")
	}
	in := tensor.Shape{N: 1, C: 1, H: 1, W: size[len(size)-1]}
	if len(size) == 2 {
		in.H = size[0]
	}
	out, err := op.OutShape([]tensor.Shape{in})
	if err != nil {
		return op, err
	}
	reach := func(windows, stride, dilation, kernel, before, size int) int {
		return max((windows-1)*stride+dilation*(kernel-1)+1-before-size, 0)
	}
	op.CeilMode = false
	op.Pad.Bottom = max(op.Pad.Bottom, reach(out.H, op.Stride.H, op.Dilation.H, op.Kernel.H, op.Pad.Top, in.H))
	op.Pad.Right = max(op.Pad.Right, reach(out.W, op.Stride.W, op.Dilation.W, op.Kernel.W, op.Pad.Left, in.W))
	return op, nil
}

// lpPool is the p-th root of the sum of p-th powers in a window: an average pool's, times the window's elements.
func (n *node) lpPool() (*value, error) {
	x, p, err := n.power(n.in[0])
	if err != nil {
		return nil, err
	}
	y, area, err := n.poolOf(x)
	if err != nil {
		return nil, err
	}
	if y, err = n.scaled(y, float64(area)); err != nil {
		return nil, err
	}
	return n.root(y, p)
}

// globalLpPool is that over all that comes after the channels.
func (n *node) globalLpPool() (*value, error) {
	x, p, err := n.power(n.in[0])
	if err != nil {
		return nil, err
	}
	if x.rank() < 3 {
		return nil, fmt.Errorf("a tensor of rank %d, must be at least 3", x.rank())
	}
	if x, err = n.total(x, identity(x.rank())[2:]); err != nil {
		return nil, err
	}
	return n.root(x, p)
}

// power is |x|^p, with p an attribute.
func (n *node) power(x *value) (y *value, p float32, err error) {
	p = float32(n.int("p", 2))
	if n.err != nil || !(p >= 1 && p <= 64) {
		return nil, 0, fmt.Errorf("p is %v, must be in 1…64", p)
	}
	if p == 2 {
		y, err = n.combine("Mul", x, x)
		return y, p, err
	}
	if y, err = n.unary(x, graph.Unary{Type: graph.Abs}); err == nil {
		y, err = n.combine("Pow", y, numeral(p))
	}
	return y, p, err
}

// root is the p-th root of x, which isn't negative.
func (n *node) root(x *value, p float32) (*value, error) {
	switch p {
	case 1:
		return x, nil
	case 2:
		return n.unary(x, graph.Unary{Type: graph.Sqrt})
	}
	return n.combine("Pow", x, numeral(1/p))
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
