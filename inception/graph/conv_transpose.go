package graph

import (
	"fmt"

	"inceptiongl/inception/tensor"
)

// ConvTranspose2D is a transposed 2-D convolution, torch.nn.ConvTranspose2d, ONNX ConvTranspose: every input pixel adds its kernel,
// times its value, to the output.
//
//	out(n, o, y, x) = bias(o) + Σ_{i, ky, kx} weight(g·I + i, o − g·O, ky, kx) · in(n, g·I + i, iy, ix)
//
// with I = In/Groups, O = Out/Groups, g = o / O, over the taps for which iy·Stride.H = y + Pad.Top − ky·Dilation.H and
// ix·Stride.W = x + Pad.Left − kx·Dilation.W have a pixel (iy, ix) of the input. Zero Stride, Dilation and Groups mean 1.
type ConvTranspose2D struct {
	In, Out  int
	Kernel   Pair
	Stride   Pair
	Pad      Padding // rows and columns cut off the output
	Extra    Pair    // rows and columns added at the output's end, PyTorch's output_padding: what no tap reaches is the bias
	Dilation Pair
	Groups   int
	Weight   string // parameter name; dimensions In × Out/Groups × Kernel.H × Kernel.W
	Bias     string // parameter name; dimension Out; "" for none
}

// Norm fills in the defaults: Stride, Dilation and Groups of 0 become 1.
func (c ConvTranspose2D) Norm() ConvTranspose2D {
	for _, v := range []*int{&c.Stride.H, &c.Stride.W, &c.Dilation.H, &c.Dilation.W, &c.Groups} {
		if *v == 0 {
			*v = 1
		}
	}
	return c
}

// Kind is "convtranspose".
func (c ConvTranspose2D) Kind() string { return "convtranspose" }

// Params are the weight and, if there is one, the bias.
func (c ConvTranspose2D) Params() []Param {
	c = c.Norm()
	ps := []Param{{c.Weight, []int{c.In, c.Out / c.Groups, c.Kernel.H, c.Kernel.W}}}
	if c.Bias != "" {
		ps = append(ps, Param{c.Bias, []int{c.Out}})
	}
	return ps
}

// OutShape is N × Out × H' × W', H' = (H − 1)·Stride.H − Pad.Top − Pad.Bottom + Dilation.H·(Kernel.H − 1) + 1 + Extra.H, and W' likewise.
func (c ConvTranspose2D) OutShape(in []tensor.Shape) (tensor.Shape, error) {
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
	h, err := spread("rows", s.H, c.Kernel.H, c.Stride.H, c.Dilation.H, c.Pad.Top, c.Pad.Bottom, c.Extra.H)
	if err != nil {
		return s, err
	}
	w, err := spread("columns", s.W, c.Kernel.W, c.Stride.W, c.Dilation.W, c.Pad.Left, c.Pad.Right, c.Extra.W)
	return tensor.Shape{N: s.N, C: c.Out, H: h, W: w}, err
}

// MACs is N · In · H · W · Out/Groups · Kernel.H · Kernel.W: every tap of every input pixel, those that are cut off included.
func (c ConvTranspose2D) MACs(in []tensor.Shape, _ tensor.Shape) int64 {
	c = c.Norm()
	return int64(in[0].Len()) * int64(c.Out/c.Groups) * int64(c.Kernel.H) * int64(c.Kernel.W)
}

// spread is the extent of a transposed convolution's output along one axis.
func spread(axis string, size, kernel, stride, dilation, before, after, extra int) (int, error) {
	for _, v := range []int{kernel, stride, dilation} {
		if v < 1 || v > maxExtent {
			return 0, fmt.Errorf("%s: kernel %d, stride %d, dilation %d: each must be in 1…%d", axis, kernel, stride, dilation, maxExtent)
		}
	}
	for _, v := range []int{before, after, extra} {
		if v < 0 || v > maxExtent {
			return 0, fmt.Errorf("%s: padding %d before, %d after, %d added: each must be in 0…%d", axis, before, after, extra, maxExtent)
		}
	}
	if size < 1 || size > maxExtent {
		return 0, fmt.Errorf("%s: %d pixels: 1 to %d can be spread", axis, size, maxExtent)
	}
	n := (size-1)*stride - before - after + dilation*(kernel-1) + 1 + extra
	if n < 1 {
		return 0, fmt.Errorf("%s: padding %d before, %d after leaves nothing of %d", axis, before, after, n+before+after)
	}
	return n, nil
}
