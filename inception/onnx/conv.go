package onnx

import (
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// conv is a Conv2D. A signal N × C × W is an image with one row.
func (n *node) conv() (*value, error) {
	x := n.in[0]
	weight, groups, win, w, err := n.filter()
	if err != nil {
		return nil, err
	}
	op := graph.Conv2D{
		In: weight.dims[1] * groups, Out: weight.dims[0], Groups: groups,
		Kernel: win.pair(win.kernel, 1), Stride: win.pair(win.stride, 1), Dilation: win.pair(win.dilation, 1), Pad: win.pad,
	}
	op.Weight = n.b.weight(weight.name, []int{op.Out, weight.dims[1], op.Kernel.H, op.Kernel.W}, weight.f)
	if n.opt(2) != nil {
		if op.Bias, err = n.perChannel(2, op.Out); err != nil {
			return nil, err
		}
	}
	return n.slide(x, w, op, op.Out)
}

// filter is a convolution's weight, in how many groups, with its window and its input's natural view.
func (n *node) filter() (weight *constant, groups int, win *window, v view, err error) {
	x := n.in[0]
	if weight, err = n.known(1); err != nil {
		return nil, 0, nil, v, err
	}
	if win, v, err = n.window(x, weight.dims[min(2, len(weight.dims)):]); err != nil {
		return nil, 0, nil, v, err
	}
	groups = n.int("group", 1)
	switch {
	case len(weight.dims) != x.rank():
		err = fmt.Errorf("weight %v for a tensor of rank %d", weight.dims, x.rank())
	case !slices.Equal(win.kernel, weight.dims[2:]):
		err = fmt.Errorf("kernel_shape %v, weight %v", win.kernel, weight.dims)
	case groups < 1 || groups > maxExtent:
		err = fmt.Errorf("group %d must be in 1…%d", groups, maxExtent)
	case weight.len() == 0:
		err = fmt.Errorf("weight %v has no elements", weight.dims)
	}
	return weight, groups, win, v, err
}

// perChannel stores input k, a constant of c elements, as a weight.
func (n *node) perChannel(k, c int) (string, error) {
	v, err := n.known(k)
	if err != nil {
		return "", err
	}
	if len(v.dims) != 1 || v.dims[0] != c {
		return "", fmt.Errorf("input %d is %v, must be [%d]", k, v.dims, c)
	}
	return n.b.weight(v.name, v.dims, v.f), nil
}

// window is a sliding window's attributes, for one or two axes.
type window struct {
	kernel, stride, dilation []int
	pad                      graph.Padding
	same, lower              bool // auto_pad says SAME_UPPER or SAME_LOWER; SAME_LOWER
}

// pair is v as rows and columns; a single one is columns.
func (w *window) pair(v []int, rows int) graph.Pair {
	if len(v) == 1 {
		return graph.Pair{H: rows, W: v[0]}
	}
	return graph.Pair{H: v[0], W: v[1]}
}

// window reads kernel_shape, strides, dilations, pads and auto_pad, and gives x's natural view. Without kernel_shape, the
// kernel is the given one.
func (n *node) window(x *value, kernel []int) (*window, view, error) {
	axes := x.rank() - 2
	if axes != 1 && axes != 2 {
		return nil, view{}, fmt.Errorf("a tensor of rank %d: only 3 (signals) and 4 (images) are supported", x.rank())
	}
	v, err := n.b.natural(x.dims)
	if err != nil {
		return nil, v, err
	}
	if last(x.dims) != 0 {
		return nil, v, fmt.Errorf("a tensor %s: the batch must come first (Options.Dims can fix it)", show(x.dims))
	}
	if kernel == nil && !n.has("kernel_shape") {
		return nil, v, fmt.Errorf("attribute kernel_shape is missing")
	}
	w := &window{kernel: kernel}
	if n.has("kernel_shape") || len(kernel) != axes {
		w.kernel = n.extents("kernel_shape", axes, 1, 1)
	}
	w.stride = n.extents("strides", axes, 1, 1)
	w.dilation = n.extents("dilations", axes, 1, 1)
	pads := n.extents("pads", 2*axes, 0, 0)
	auto := n.string("auto_pad", "NOTSET")
	if n.err != nil {
		return nil, v, n.err
	}
	if slices.Min(w.kernel) < 1 || slices.Max(w.kernel) > maxExtent {
		return nil, v, fmt.Errorf("kernel %v: each must be in 1…%d", w.kernel, maxExtent)
	}
	switch auto {
	case "NOTSET", "":
	case "VALID":
		clear(pads)
	case "SAME_UPPER", "SAME_LOWER":
		w.same, w.lower = true, auto == "SAME_LOWER"
		for k := range axes {
			if n.op == "ConvTranspose" { // pads so that its outputs are as many
				break
			}
			total, err := samePadding(x.dims[2+k], w.kernel[k], w.stride[k], w.dilation[k])
			if err != nil {
				return nil, v, fmt.Errorf("auto_pad %s: %w", auto, err)
			}
			before := total / 2
			if w.lower {
				before = total - before
			}
			pads[k], pads[axes+k] = before, total-before
		}
	default:
		return nil, v, fmt.Errorf("auto_pad %s is not supported", quote(auto))
	}
	w.pad = padding(pads)
	return w, v, nil
}

// padding is pads of one or two axes.
func padding(pads []int) graph.Padding {
	if len(pads) == 2 {
		return graph.Padding{Left: pads[0], Right: pads[1]}
	}
	return graph.Padding{Top: pads[0], Left: pads[1], Bottom: pads[2], Right: pads[3]}
}

// samePadding is the padding that gives ⌈size/stride⌉ windows, as the operators' definitions say. With stride 1 it doesn't depend on the
// size. A dilated kernel needs more of it, in pools too: ONNX's reference evaluator has it so, onnxruntime's MaxPool doesn't.
func samePadding(size dim, kernel, stride, dilation int) (int, error) {
	span := dilation*(kernel-1) + 1
	if stride == 1 {
		return span - 1, nil
	}
	if size.sym != number {
		return 0, fmt.Errorf("depends on an extent that isn't fixed (Options.Dims)")
	}
	return max(((size.n+stride-1)/stride-1)*stride+span-size.n, 0), nil
}

// slide emits an operator that keeps N, gives the channels and computes rows and columns.
func (n *node) slide(x *value, w view, op graph.Op, channels int) (*value, error) {
	x, err := n.b.orderedFor(x, nil, &w)
	if err != nil {
		return nil, err
	}
	p, err := n.b.as(x, w)
	if err != nil {
		return nil, err
	}
	out := view{num(channels), n.b.fresh(), n.b.fresh()}
	if chw, ok := numbers(w[:]); ok {
		in := tensor.Shape{N: 1, C: chw[0], H: chw[1], W: chw[2]}
		if err := in.Check(); err != nil {
			return nil, err
		}
		s, err := op.OutShape([]tensor.Shape{in})
		if err != nil {
			return nil, err
		}
		out = view{num(s.C), num(s.H), num(s.W)}
	} else if w[1].is(1) && x.rank() == 3 {
		out[1] = num(1)
	}
	dims := []dim{x.dims[0], out[0], out[1], out[2]}
	if x.rank() == 3 {
		dims = []dim{x.dims[0], out[0], out[2]}
	}
	return n.emit(op, dims, out, p), nil
}
