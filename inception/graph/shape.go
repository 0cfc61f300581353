package graph

import (
	"fmt"

	"inceptiongl/inception/tensor"
)

// Reshape keeps the elements in NCHW order and gives them new extents: C, H and W as stated, N so that all elements are
// used. Flatten of a C × H × W map is Reshape{C·H·W, 1, 1}.
type Reshape struct{ C, H, W int }

// Kind is "reshape".
func (Reshape) Kind() string { return "reshape" }

// Params is empty.
func (Reshape) Params() []Param { return nil }

// MACs is 0.
func (Reshape) MACs([]tensor.Shape, tensor.Shape) int64 { return 0 }

// OutShape is N' × C × H × W with N' = N·C·H·W of the input / (C·H·W), which must divide.
func (r Reshape) OutShape(in []tensor.Shape) (tensor.Shape, error) {
	s, err := one(in)
	if err != nil {
		return s, err
	}
	item := tensor.Shape{N: 1, C: r.C, H: r.H, W: r.W}
	if err := item.Check(); err != nil {
		return s, err
	}
	if s.Len()%item.Len() != 0 {
		return s, fmt.Errorf("%v has %d elements, which is no multiple of %d×%d×%d", s, s.Len(), r.C, r.H, r.W)
	}
	item.N = s.Len() / item.Len()
	return item, nil
}

// PadMode is what a Pad2D puts around its input.
type PadMode int

// The modes: a constant, or what NumPy's pad takes from the input, also where the padding is longer than that.
const (
	PadConstant PadMode = iota
	PadEdge             // the outermost pixel
	PadReflect          // mirrored at the outermost pixel, which isn't repeated
	PadWrap             // the other end
)

// At is which of size pixels stands at place i, which may be outside 0 … size−1; −1 for the constant.
func (m PadMode) At(i, size int) int {
	switch {
	case i >= 0 && i < size:
		return i
	case m == PadEdge:
		return min(max(i, 0), size-1)
	case m == PadWrap:
		return (i%size + size) % size
	case m == PadReflect && size == 1:
		return 0
	case m == PadReflect:
		period := 2 * (size - 1)
		i = (i%period + period) % period
		return min(i, period-i)
	}
	return -1
}

// Pad2D surrounds the rows and columns: torch.nn.ConstantPad2d, ReplicationPad2d, ReflectionPad2d and CircularPad2d.
type Pad2D struct {
	Pad   Padding
	Mode  PadMode
	Value float32 // of PadConstant
}

// Kind is "pad".
func (Pad2D) Kind() string { return "pad" }

// Params is empty.
func (Pad2D) Params() []Param { return nil }

// MACs is 0.
func (Pad2D) MACs([]tensor.Shape, tensor.Shape) int64 { return 0 }

// OutShape is N × C × (H + Top + Bottom) × (W + Left + Right).
func (p Pad2D) OutShape(in []tensor.Shape) (tensor.Shape, error) {
	s, err := one(in)
	if err != nil {
		return s, err
	}
	for _, v := range []int{p.Pad.Top, p.Pad.Left, p.Pad.Bottom, p.Pad.Right} {
		if v < 0 || v > maxExtent {
			return s, fmt.Errorf("padding %+v must be in 0…%d", p.Pad, maxExtent)
		}
	}
	if p.Value != p.Value || p.Mode < PadConstant || p.Mode > PadWrap {
		return s, fmt.Errorf("padding with %v, mode %d", p.Value, p.Mode)
	}
	s.H += p.Pad.Top + p.Pad.Bottom
	s.W += p.Pad.Left + p.Pad.Right
	return s, nil
}

// Channels picks channels of its input: out(n, k, y, x) = in(n, Index[k], y, x). Slices and permutations are of this kind.
type Channels struct{ Index []int }

// Kind is "channels".
func (Channels) Kind() string { return "channels" }

// Params is empty.
func (Channels) Params() []Param { return nil }

// MACs is 0.
func (Channels) MACs([]tensor.Shape, tensor.Shape) int64 { return 0 }

// OutShape is N × len(Index) × H × W.
func (c Channels) OutShape(in []tensor.Shape) (tensor.Shape, error) {
	s, err := one(in)
	if err != nil {
		return s, err
	}
	for _, i := range c.Index {
		if i < 0 || i >= s.C {
			return s, fmt.Errorf("channel %d is not among the input's %d", i, s.C)
		}
	}
	s.C = len(c.Index)
	return s, nil
}

// Constant is a tensor that doesn't depend on the input. It has no inputs.
type Constant struct {
	Shape tensor.Shape
	Value string // parameter name; dimensions N × C × H × W
}

// Kind is "constant".
func (Constant) Kind() string { return "constant" }

// Params is the value.
func (c Constant) Params() []Param {
	s := c.Shape
	return []Param{{c.Value, []int{s.N, s.C, s.H, s.W}}}
}

// MACs is 0.
func (Constant) MACs([]tensor.Shape, tensor.Shape) int64 { return 0 }

// OutShape is Shape.
func (c Constant) OutShape(in []tensor.Shape) (tensor.Shape, error) {
	if len(in) != 0 {
		return c.Shape, fmt.Errorf("takes no input, has %d", len(in))
	}
	return c.Shape, nil
}

// GlobalPool is the average or the maximum over all pixels: N × C × 1 × 1. It suits any input size.
type GlobalPool struct{ Type PoolKind }

// Kind is "globalavgpool" or "globalmaxpool".
func (g GlobalPool) Kind() string { return "global" + Pool2D{Type: g.Type}.Kind() }

// Params is empty.
func (GlobalPool) Params() []Param { return nil }

// MACs is 0, as for Pool2D.
func (GlobalPool) MACs([]tensor.Shape, tensor.Shape) int64 { return 0 }

// OutShape is N × C × 1 × 1.
func (g GlobalPool) OutShape(in []tensor.Shape) (tensor.Shape, error) {
	s, err := one(in)
	if err == nil && g.Type != Average && g.Type != Max {
		err = fmt.Errorf("unknown pooling type %d", g.Type)
	}
	s.H, s.W = 1, 1
	return s, err
}

// Pool is the Pool2D that does the same for one input shape.
func (g GlobalPool) Pool(in tensor.Shape) Pool2D {
	return Pool2D{Type: g.Type, Kernel: Pair{in.H, in.W}, CountIncludePad: true}.Norm()
}
