package onnx

import (
	"fmt"
	"math"
	"slices"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
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
		Kernel: win.pair(win.kernel, 1), Stride: win.pair(win.stride, 1), Pad: win.pad, CeilMode: n.flag("ceil_mode", false) && !win.same,
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
	if slices.Max(win.dilation) > 1 {
		return n.dilated(x, w, op, win.pair(win.dilation, 1))
	}
	return n.slide(x, w, op, w[0].n)
}

// dilated is a dilated max pool of an image with known extents: for each window, its rows and columns are copied next to those of the
// window before, and an ordinary pool with a stride of its kernel follows.
func (n *node) dilated(x *value, w view, op graph.Pool2D, dilation graph.Pair) (*value, error) {
	if op.Type != graph.Max {
		return nil, fmt.Errorf("dilations of an average pool are not supported")
	}
	if _, ok := numbers(w[:]); !ok {
		return nil, fmt.Errorf("dilations need fixed rows and columns (Options.Dims)")
	}
	// The windows are those of a convolution.
	conv := graph.Conv2D{In: 1, Out: 1, Kernel: op.Kernel, Stride: op.Stride, Pad: op.Pad, Dilation: dilation}
	ceil := func(size, before, after, kernel, stride, dilation int) int { // what to add after, so that floor is ceil
		room := size + before + after - dilation*(kernel-1) - 1
		if !op.CeilMode || room < 0 || room%stride == 0 || (room/stride+1)*stride >= size+before {
			return 0
		}
		return stride - room%stride
	}
	conv.Pad.Bottom += ceil(w[1].n, op.Pad.Top, op.Pad.Bottom, op.Kernel.H, op.Stride.H, dilation.H)
	conv.Pad.Right += ceil(w[2].n, op.Pad.Left, op.Pad.Right, op.Kernel.W, op.Stride.W, dilation.W)
	if p := op.Pad; max(p.Top, p.Bottom) > dilation.H*(op.Kernel.H-1) || max(p.Left, p.Right) > dilation.W*(op.Kernel.W-1) {
		return nil, fmt.Errorf("padding %+v must be smaller than the window", p)
	}
	out, err := conv.OutShape([]tensor.Shape{{N: 1, C: 1, H: w[1].n, W: w[2].n}})
	if err != nil {
		return nil, err
	}
	p, err := n.b.as(x, w)
	if err != nil {
		return nil, err
	}
	dims := []dim{x.dims[0], w[0], w[1], w[2]}
	v := &value{dims: dims, t: p}
	if conv.Pad != (graph.Padding{}) {
		dims = []dim{dims[0], dims[1], num(w[1].n + conv.Pad.Top + conv.Pad.Bottom), num(w[2].n + conv.Pad.Left + conv.Pad.Right)}
		v = n.emit(graph.Pad2D{Pad: conv.Pad, Value: -math.MaxFloat32}, dims, view{dims[1], dims[2], dims[3]}, p)
	}
	for k, t := range []struct{ size, count, kernel, stride, dilation int }{
		{v.dims[2].n, out.H, op.Kernel.H, op.Stride.H, dilation.H}, {v.dims[3].n, out.W, op.Kernel.W, op.Stride.W, dilation.W},
	} {
		if t.count*t.kernel > maxChosen/t.size { // as choose says, before the list is made
			return nil, fmt.Errorf("dilations of %d windows of %d along %d elements: too many", t.count, t.kernel, t.size)
		}
		index := make([]int, 0, t.count*t.kernel)
		for o := range t.count {
			for i := range t.kernel {
				index = append(index, o*t.stride+i*t.dilation)
			}
		}
		if v, err = n.choose(v, 2+k, index); err != nil {
			return nil, err
		}
	}
	y, err := n.slide(v, view{w[0], v.dims[2], v.dims[3]}, graph.Pool2D{Type: graph.Max, Kernel: op.Kernel, Stride: op.Kernel}, w[0].n)
	if err == nil && x.rank() == 3 {
		y = y.with([]dim{y.dims[0], y.dims[1], y.dims[3]})
	}
	return y, err
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
	p, err := n.b.seen(x, 1, 2)
	if err != nil {
		return nil, err
	}
	return n.emit(graph.GlobalPool{Type: kind}, dims, view{p.view[0], num(1), num(1)}, p), nil
}

// reduce is the mean or the maximum over the last axes.
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
		for k := range x.rank() {
			axes = append(axes, k)
		}
	}
	low := x.rank() // the first axis to reduce that has more than one element
	var dims []dim
	for k, d := range x.dims {
		switch reduced := slices.Contains(axes, k); {
		case reduced && !d.is(1):
			low = min(low, k)
		case !d.is(1) && k > low:
			return nil, fmt.Errorf("over axes %v of %s: only the last ones can be reduced", axes, show(x.dims))
		}
		if !slices.Contains(axes, k) {
			dims = append(dims, d)
		} else if keep {
			dims = append(dims, num(1))
		}
	}
	if low == x.rank() {
		return x.with(dims), nil
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
