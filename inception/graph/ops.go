package graph

import (
	"fmt"

	"inceptiongl/inception/tensor"
)

// Input is the network's input, N × Channels × H × W.
type Input struct{ Channels int }

// Kind is "input".
func (Input) Kind() string { return "input" }

// Params is empty.
func (Input) Params() []Param { return nil }

// MACs is 0.
func (Input) MACs([]tensor.Shape, tensor.Shape) int64 { return 0 }

// OutShape is the given input's shape; its channel count must be Channels.
func (i Input) OutShape(in []tensor.Shape) (tensor.Shape, error) {
	s, err := one(in)
	if err == nil && s.C != i.Channels {
		err = fmt.Errorf("input %v has %d channels, the network takes %d", s, s.C, i.Channels)
	}
	return s, err
}

// Concat joins its inputs along the channels, in order. N, H and W must agree.
type Concat struct{}

// Kind is "concat".
func (Concat) Kind() string { return "concat" }

// Params is empty.
func (Concat) Params() []Param { return nil }

// MACs is 0.
func (Concat) MACs([]tensor.Shape, tensor.Shape) int64 { return 0 }

// OutShape is N × ΣC × H × W.
func (Concat) OutShape(in []tensor.Shape) (tensor.Shape, error) {
	if len(in) == 0 {
		return tensor.Shape{}, fmt.Errorf("takes at least 1 input")
	}
	out := in[0]
	for _, s := range in[1:] {
		if s.N != out.N || s.H != out.H || s.W != out.W {
			return out, fmt.Errorf("inputs %v and %v differ in more than channels", in[0], s)
		}
		out.C += s.C
	}
	return out, nil
}

// PoolKind is what a pooling window computes.
type PoolKind int

// The kinds of pooling.
const (
	Average PoolKind = iota
	Max
)

// Pool2D is average or max pooling, torch.nn.AvgPool2d and MaxPool2d, ONNX AveragePool and MaxPool. Zero Stride (not the kernel's
// size) and zero Dilation mean 1. The window of output (y, x) is the Kernel.H·Kernel.W pixels
//
//	(y·Stride.H + ky·Dilation.H − Pad.Top, x·Stride.W + kx·Dilation.W − Pad.Left)
//
// Average: the sum over the window's pixels inside the input, divided by Kernel.H·Kernel.W where CountIncludePad is set
// (PyTorch's default, and the article's module), else by the number of pixels inside the input. With CeilMode a window
// may reach past the padding; what lies past it is never counted, as in PyTorch.
// Max: padding never wins; a NaN in the window does, as in PyTorch.
type Pool2D struct {
	Type            PoolKind
	Kernel          Pair
	Stride          Pair
	Pad             Padding
	Dilation        Pair
	CountIncludePad bool
	CeilMode        bool
}

// Norm fills in the defaults: Stride and Dilation of 0 become 1.
func (p Pool2D) Norm() Pool2D {
	for _, v := range []*int{&p.Stride.H, &p.Stride.W, &p.Dilation.H, &p.Dilation.W} {
		if *v == 0 {
			*v = 1
		}
	}
	return p
}

// Kind is "avgpool" or "maxpool".
func (p Pool2D) Kind() string {
	if p.Type == Max {
		return "maxpool"
	}
	return "avgpool"
}

// Params is empty.
func (Pool2D) Params() []Param { return nil }

// MACs is 0: additions and comparisons are not counted, as in the field.
func (Pool2D) MACs([]tensor.Shape, tensor.Shape) int64 { return 0 }

// OutShape is N × C × H' × W'. Padding must be smaller than what a window spans, and every window must hold a pixel of the input.
func (p Pool2D) OutShape(in []tensor.Shape) (tensor.Shape, error) {
	p = p.Norm()
	s, err := one(in)
	if err != nil {
		return s, err
	}
	if p.Type != Average && p.Type != Max {
		return s, fmt.Errorf("unknown pooling type %d", p.Type)
	}
	h, err := pooled("rows", s.H, p.Kernel.H, p.Stride.H, p.Dilation.H, p.Pad.Top, p.Pad.Bottom, p.CeilMode)
	if err != nil {
		return s, err
	}
	w, err := pooled("columns", s.W, p.Kernel.W, p.Stride.W, p.Dilation.W, p.Pad.Left, p.Pad.Right, p.CeilMode)
	return tensor.Shape{N: s.N, C: s.C, H: h, W: w}, err
}

// pooled is windows, with Pool2D's conditions.
func pooled(axis string, size, kernel, stride, dilation, before, after int, ceil bool) (int, error) {
	n, err := windows(axis, size, kernel, stride, dilation, before, after, ceil)
	if err != nil {
		return 0, err
	}
	if reach := dilation * (kernel - 1); max(before, after) > reach {
		return 0, fmt.Errorf("%s: padding %d before, %d after must be smaller than the window, which spans %d", axis, before, after, reach+1)
	}
	// Now no window ends before the input or starts after it; but where pixels are further apart than the input is long, it can lie between two.
	if size < dilation {
		for start := -before; start < 0 && start <= (n-1)*stride-before; start += stride {
			if first := (start%dilation + dilation) % dilation; first >= size {
				return 0, fmt.Errorf("%s: padding %d before, dilation %d: the window at %d holds none of the input's %d", axis, before, dilation, start, size)
			}
		}
	}
	return n, nil
}
