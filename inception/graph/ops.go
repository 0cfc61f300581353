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

// Pool2D is average or max pooling, torch.nn.AvgPool2d and MaxPool2d. Zero Stride means 1 (not the kernel's size).
//
// Average: the sum over the window's pixels inside the input, divided by Kernel.H·Kernel.W where CountIncludePad is set
// (PyTorch's default, and the article's module), else by the number of pixels inside the input. With CeilMode a window
// may reach past the padding; what lies past it is never counted, as in PyTorch.
// Max: padding never wins.
type Pool2D struct {
	Type            PoolKind
	Kernel          Pair
	Stride          Pair
	Pad             Padding
	CountIncludePad bool
	CeilMode        bool
}

// Norm fills in the defaults: a Stride of 0 becomes 1.
func (p Pool2D) Norm() Pool2D {
	if p.Stride.H == 0 {
		p.Stride.H = 1
	}
	if p.Stride.W == 0 {
		p.Stride.W = 1
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

// OutShape is N × C × H' × W'. Padding must be smaller than the kernel, so that every window holds a pixel.
func (p Pool2D) OutShape(in []tensor.Shape) (tensor.Shape, error) {
	p = p.Norm()
	s, err := one(in)
	if err != nil {
		return s, err
	}
	if p.Type != Average && p.Type != Max {
		return s, fmt.Errorf("unknown pooling type %d", p.Type)
	}
	if max(p.Pad.Top, p.Pad.Bottom) >= p.Kernel.H || max(p.Pad.Left, p.Pad.Right) >= p.Kernel.W {
		return s, fmt.Errorf("padding %+v must be smaller than the kernel %+v", p.Pad, p.Kernel)
	}
	h, err := windows("rows", s.H, p.Kernel.H, p.Stride.H, 1, p.Pad.Top, p.Pad.Bottom, p.CeilMode)
	if err != nil {
		return s, err
	}
	w, err := windows("columns", s.W, p.Kernel.W, p.Stride.W, 1, p.Pad.Left, p.Pad.Right, p.CeilMode)
	return tensor.Shape{N: s.N, C: s.C, H: h, W: w}, err
}
