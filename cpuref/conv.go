package cpuref

import (
	"context"
	"fmt"
	"math"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Conv2D is a 2-D cross-correlation, torch.nn.Conv2d:
//
//	out(n, o, y, x) = b(o) + Σ_{i, ky, kx} w(o, i, ky, kx) · in(n, g·I + i, y·Stride.H + ky·Dilation.H − Pad.Top, x·Stride.W + kx·Dilation.W − Pad.Left)
//
// with i < I = In/Groups, g = o / (Out/Groups), and zeros outside the input. w is Out × I × Kernel.H × Kernel.W; b is Out,
// or nil for none.
//
// Ops = K + 2 with K = I·Kernel.H·Kernel.W: a product is rounded once and takes part in at most K additions, since K
// products and a bias have K + 1 terms; one rounding is to spare. Zeros from the padding, or from filling up a tile,
// add exactly.
//
// Flush: besides 2·Ops, a subnormal weight read as zero loses |x|·2⁻¹²⁶, and a subnormal input |w|·2⁻¹²⁶, up to K times.
func Conv2D(x *tensor.Tensor, c graph.Conv2D, w, b []float32) (*Result, error) {
	c = c.Norm()
	out, err := outShape(c, x)
	if err != nil {
		return nil, err
	}
	ws := tensor.Shape{N: c.Out, C: c.In / c.Groups, H: c.Kernel.H, W: c.Kernel.W}
	if err := ws.Check(); err != nil {
		return nil, fmt.Errorf("cpuref: conv: weight: %w", err)
	}
	if len(w) != ws.Len() {
		return nil, fmt.Errorf("cpuref: conv: weight of shape %v needs %d elements, has %d", ws, ws.Len(), len(w))
	}
	if b != nil && len(b) != c.Out {
		return nil, fmt.Errorf("cpuref: conv: bias needs %d elements, has %d", c.Out, len(b))
	}

	// The magnitudes are the same convolution of absolute values.
	in, b64 := fromTensor(x), widen(b)
	value, err := conv(context.Background(), in, c, w, b64, out, false)
	if err != nil {
		return nil, fmt.Errorf("cpuref: conv: %w", err)
	}
	mag, err := conv(context.Background(), in.abs(), c, w, abs(b64), out, true)
	if err != nil {
		return nil, fmt.Errorf("cpuref: conv: %w", err)
	}
	k := ws.C * ws.H * ws.W
	r := newResult(value, mag.v, k+2)
	r.Flush += float64(k) * subnormalLoss(x.Data, w)
	return r, nil
}

// conv is Conv2D in float64, for arguments already checked. c is normalised; out is its output's shape. With magnitudes it takes
// the weights' absolute values. They stay as they are in memory: a fully connected layer's may be most of a network.
func conv(ctx context.Context, x array, c graph.Conv2D, w []float32, b []float64, out tensor.Shape, magnitudes bool) (array, error) {
	y := newArray(out)
	in, kernel := c.In/c.Groups, c.Kernel.H*c.Kernel.W // channels per group, taps per channel
	err := eachPlane(ctx, y, func(n, o int) {
		dst := y.plane(n, o)
		if b != nil {
			for i := range dst {
				dst[i] = b[o]
			}
		}
		first := o / (c.Out / c.Groups) * in // the group's first input channel
		for i := range in {
			src := x.plane(n, first+i)
			taps := w[(o*in+i)*kernel:][:kernel]
			for ky := range c.Kernel.H {
				for kx := range c.Kernel.W {
					tap := float64(taps[ky*c.Kernel.W+kx])
					if magnitudes {
						tap = math.Abs(tap)
					}
					dy, dx := ky*c.Dilation.H-c.Pad.Top, kx*c.Dilation.W-c.Pad.Left
					x0, x1 := inside(dx, c.Stride.W, x.W, out.W)
					y0, y1 := inside(dy, c.Stride.H, x.H, out.H)
					for yy := y0; yy < y1; yy++ {
						from := src[(yy*c.Stride.H+dy)*x.W:][:x.W]
						to := dst[yy*out.W:][:out.W]
						for xx := x0; xx < x1; xx++ {
							to[xx] += tap * from[xx*c.Stride.W+dx]
						}
					}
				}
			}
		}
	})
	return y, err
}

// inside is the range of output positions p, first ≤ p < end, for which 0 ≤ p·stride + offset < size; p < limit.
func inside(offset, stride, size, limit int) (first, end int) {
	if offset < 0 {
		first = (-offset + stride - 1) / stride
	}
	if offset < size {
		end = min((size-1-offset)/stride+1, limit)
	}
	return first, end
}

// subnormalLoss is the most that a product of one of a and one of b loses where a subnormal is read as zero.
func subnormalLoss(a, b []float32) float64 {
	loss := 0.0
	if hasSubnormal(a) {
		loss += tiny * maxFinite(b)
	}
	if hasSubnormal(b) {
		loss += tiny * maxFinite(a)
	}
	return loss
}

func hasSubnormal(v []float32) bool {
	for _, x := range v {
		if x != 0 && math.Abs(float64(x)) < tiny {
			return true
		}
	}
	return false
}

// maxFinite is the largest finite |v|: where an input is infinite, so is the answer, and no bound is used.
func maxFinite(v []float32) float64 {
	m := 0.0
	for _, x := range v {
		if a := math.Abs(float64(x)); a > m && !math.IsInf(a, 0) {
			m = a
		}
	}
	return m
}
