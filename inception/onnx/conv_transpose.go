package onnx

import (
	"fmt"

	"inceptiongl/inception/graph"
)

// convTranspose is a ConvTranspose2D. A signal N × C × W is an image with one row.
func (n *node) convTranspose() (*value, error) {
	x := n.in[0]
	weight, groups, win, w, err := n.filter()
	if err != nil {
		return nil, err
	}
	extra, err := n.outputs(x, win)
	if err != nil {
		return nil, err
	}
	op := graph.ConvTranspose2D{
		In: weight.dims[0], Out: weight.dims[1] * groups, Groups: groups, Kernel: win.pair(win.kernel, 1), Stride: win.pair(win.stride, 1),
		Dilation: win.pair(win.dilation, 1), Pad: win.pad, Extra: win.pair(extra, 0),
	}
	op.Weight = n.b.weight(weight.name, []int{op.In, weight.dims[1], op.Kernel.H, op.Kernel.W}, weight.f)
	if n.opt(2) != nil {
		if op.Bias, err = n.perChannel(2, op.Out); err != nil {
			return nil, err
		}
	}
	return n.slide(x, w, op, op.Out)
}

// outputs reads output_padding and output_shape. Where that or auto_pad tells how many outputs there are, it sets the padding so that there
// are as many; outputs that are missing come at the end, as ONNX's own tests have it.
func (n *node) outputs(x *value, win *window) (extra []int, err error) {
	axes := x.rank() - 2
	extra = n.extents("output_padding", axes, 0, 0)
	shape := n.ints("output_shape")
	if n.err != nil || shape == nil && !win.same {
		return extra, n.err
	}
	if shape != nil && len(shape) != axes {
		return nil, fmt.Errorf("output_shape %v, must have %d elements", shape, axes)
	}
	pads := make([]int, 2*axes)
	for k := range axes {
		total := extra[k] + win.dilation[k]*(win.kernel[k]-1) + 1 - win.stride[k] // which gives stride outputs for each input
		if shape != nil {
			size := x.dims[2+k]
			if size.sym != number {
				return nil, fmt.Errorf("output_shape: depends on an extent that isn't fixed (Options.Dims)")
			}
			if shape[k] < 1 || shape[k] > maxExtent {
				return nil, fmt.Errorf("output_shape %v: each must be in 1…%d", shape, maxExtent)
			}
			total += win.stride[k]*size.n - shape[k]
		}
		if total < 0 {
			extra[k], total = extra[k]-total, 0
		}
		before := total - total/2
		if win.same && !win.lower {
			before = total / 2
		}
		pads[k], pads[axes+k] = before, total-before
	}
	win.pad = padding(pads)
	return extra, nil
}
