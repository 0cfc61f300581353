package graph

import (
	"fmt"
	"math"

	"inceptiongl/inception/tensor"
)

// Pair is an extent in rows (H) and columns (W).
type Pair struct{ H, W int }

// Square is the pair (k, k).
func Square(k int) Pair { return Pair{k, k} }

// Padding is the number of zero rows and columns around the input.
type Padding struct{ Top, Left, Bottom, Right int }

// Pad is the same padding on all four sides.
func Pad(p int) Padding { return Padding{p, p, p, p} }

// Conv2D is a 2-D cross-correlation, torch.nn.Conv2d:
//
//	out(n, o, y, x) = bias(o) + Σ_{i, ky, kx} weight(o, i, ky, kx) · in(n, g·In/Groups + i, y·Stride.H + ky·Dilation.H − Pad.Top, x·Stride.W + kx·Dilation.W − Pad.Left)
//
// with g = o / (Out/Groups) and zeros outside the input. Zero Stride, Dilation and Groups mean 1.
type Conv2D struct {
	In, Out  int
	Kernel   Pair
	Stride   Pair
	Pad      Padding
	Dilation Pair
	Groups   int
	Weight   string // parameter name; dimensions Out × In/Groups × Kernel.H × Kernel.W
	Bias     string // parameter name; dimension Out; "" for none
}

// Norm fills in the defaults: Stride, Dilation and Groups of 0 become 1.
func (c Conv2D) Norm() Conv2D {
	one := func(v *int) {
		if *v == 0 {
			*v = 1
		}
	}
	for _, v := range []*int{&c.Stride.H, &c.Stride.W, &c.Dilation.H, &c.Dilation.W, &c.Groups} {
		one(v)
	}
	return c
}

// Pointwise reports a 1×1 convolution with stride 1, no padding and one group: a matrix product per pixel.
func (c Conv2D) Pointwise() bool {
	c = c.Norm()
	return c.Kernel == Square(1) && c.Stride == Square(1) && c.Pad == Padding{} && c.Groups == 1
}

// Kind is "conv".
func (c Conv2D) Kind() string { return "conv" }

// Params are the weight and, if there is one, the bias.
func (c Conv2D) Params() []Param {
	c = c.Norm()
	ps := []Param{{c.Weight, []int{c.Out, c.In / c.Groups, c.Kernel.H, c.Kernel.W}}}
	if c.Bias != "" {
		ps = append(ps, Param{c.Bias, []int{c.Out}})
	}
	return ps
}

// OutShape is N × Out × H' × W'.
func (c Conv2D) OutShape(in []tensor.Shape) (tensor.Shape, error) {
	c = c.Norm()
	s, err := one(in)
	if err != nil {
		return s, err
	}
	if c.In < 1 || c.Out < 1 || c.Groups < 1 || c.In%c.Groups != 0 || c.Out%c.Groups != 0 {
		return s, fmt.Errorf("%d→%d channels in %d groups: counts must be positive and divisible by the groups", c.In, c.Out, c.Groups)
	}
	if s.C != c.In {
		return s, fmt.Errorf("input has %d channels, the weights take %d", s.C, c.In)
	}
	h, err := windows("rows", s.H, c.Kernel.H, c.Stride.H, c.Dilation.H, c.Pad.Top, c.Pad.Bottom, false)
	if err != nil {
		return s, err
	}
	w, err := windows("columns", s.W, c.Kernel.W, c.Stride.W, c.Dilation.W, c.Pad.Left, c.Pad.Right, false)
	return tensor.Shape{N: s.N, C: c.Out, H: h, W: w}, err
}

// MACs is N · Out · H' · W' · In/Groups · Kernel.H · Kernel.W.
func (c Conv2D) MACs(_ []tensor.Shape, out tensor.Shape) int64 {
	c = c.Norm()
	return int64(out.Len()) * int64(c.In/c.Groups) * int64(c.Kernel.H) * int64(c.Kernel.W)
}

// one is the single input's shape.
func one(in []tensor.Shape) (tensor.Shape, error) {
	if len(in) != 1 {
		return tensor.Shape{}, fmt.Errorf("takes 1 input, has %d", len(in))
	}
	return in[0], nil
}

// maxExtent bounds kernels, strides, paddings and dilations, so that no product here overflows.
const maxExtent = 1 << 20

// windows counts the positions of a kernel along one axis: ⌊(size + padding − dilation·(kernel−1) − 1)/stride⌋ + 1,
// or with ⌈ ⌉ where ceil is set; a window that would start in the padding after the input is then dropped, as PyTorch does.
func windows(axis string, size, kernel, stride, dilation, before, after int, ceil bool) (int, error) {
	for _, v := range []int{kernel, stride, dilation} {
		if v < 1 || v > maxExtent {
			return 0, fmt.Errorf("%s: kernel %d, stride %d, dilation %d: each must be in 1…%d", axis, kernel, stride, dilation, maxExtent)
		}
	}
	if before < 0 || after < 0 || before > maxExtent || after > maxExtent {
		return 0, fmt.Errorf("%s: padding %d before, %d after: each must be in 0…%d", axis, before, after, maxExtent)
	}
	span := dilation*(kernel-1) + 1
	room := size + before + after - span
	if ceil && room < 0 && room > -stride && size <= math.MaxInt32 {
		return 1, nil // one window, cut off by the end of the input
	}
	if room < 0 || size > math.MaxInt32 {
		return 0, fmt.Errorf("%s: a kernel spanning %d does not fit into %d with padding %d and %d: the input must be larger", axis, span, size, before, after)
	}
	n := room/stride + 1
	if ceil && room%stride != 0 && n*stride < size+before {
		n++
	}
	return n, nil
}
