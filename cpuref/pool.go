package cpuref

import (
	"context"
	"fmt"
	"math"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Pool2D is average or max pooling, torch.nn.AvgPool2d and MaxPool2d, with an optional bias per channel added after it
// (for a 1×1 convolution moved before the pooling); b nil means none. The window of output (y, x) is the rows
// y·Stride.H − Pad.Top + k·Dilation.H, k < Kernel.H, and likewise the columns.
//
//	average: out(n, c, y, x) = (Σ in(n, c, window ∩ input)) / d + b(c)
//	max:     out(n, c, y, x) = max in(n, c, window ∩ input) + b(c)
//
// The divisor d is the number of the window's pixels that lie in the padded input where CountIncludePad is set (so
// Kernel.H·Kernel.W, unless CeilMode lets the window reach past the padding), else the number that lie in the input.
// ONNX's AveragePool counts the same, with dilations too.
//
// A NaN in the window makes the output NaN, of the maximum too, as in PyTorch. Padding never wins: the maximum of a window whose
// pixels are all −∞ is −∞.
//
// Ops for the average, with K = Kernel.H·Kernel.W. The sum takes at most K − 1 additions and the bias one more. Where d is
// always K, it is a constant: 1/K is rounded once and so is the product, or x/K is rounded once: K + 2 in all. Where d
// varies, the shader divides, and GLSL 4.30 §4.7.1 allows a/b, and 1/b, 2.5 ULP, at most 5u; with the product by 1/b that is
// (K − 1) + 5 + 1 + 1 = K + 6. Mag is Σ|x|/d + |b|.
//
// Ops for the maximum: none; with a bias, one.
func Pool2D(x *tensor.Tensor, p graph.Pool2D, b []float32) (*Result, error) {
	p = p.Norm()
	out, err := outShape(p, x)
	if err != nil {
		return nil, err
	}
	if b != nil && len(b) != out.C {
		return nil, fmt.Errorf("cpuref: %s: bias needs %d elements, has %d", p.Kind(), out.C, len(b))
	}
	in, b64 := fromTensor(x), widen(b)
	value, err := pool(context.Background(), in, p, b64, out)
	if err != nil {
		return nil, fmt.Errorf("cpuref: %s: %w", p.Kind(), err)
	}
	if p.Type == graph.Max {
		ops := 0
		if b != nil {
			ops = 1
		}
		return newResult(value, nil, ops), nil
	}
	mag, err := pool(context.Background(), in.abs(), p, abs(b64), out)
	if err != nil {
		return nil, fmt.Errorf("cpuref: %s: %w", p.Kind(), err)
	}
	ops := p.Kernel.H*p.Kernel.W + 2
	if !p.CountIncludePad || p.CeilMode {
		ops += 4
	}
	return newResult(value, mag.v, ops), nil
}

// GlobalPool is Pool2D with a window of the whole map, K = H·W, and has its bound and its NaNs. As d is always K, the shader must
// multiply by a 1/K that comes from the host: the bound has no room for GLSL's division.
func GlobalPool(x *tensor.Tensor, g graph.GlobalPool, b []float32) (*Result, error) {
	if _, err := outShape(g, x); err != nil {
		return nil, err
	}
	return Pool2D(x, g.Pool(x.Shape), b)
}

// pool is Pool2D in float64, for arguments already checked. p is normalised; out is its output's shape.
func pool(ctx context.Context, x array, p graph.Pool2D, b []float64, out tensor.Shape) (array, error) {
	y := newArray(out)
	err := eachPlane(ctx, y, func(n, c int) {
		src, dst := x.plane(n, c), y.plane(n, c)
		for oy := range out.H {
			rows := window(oy*p.Stride.H-p.Pad.Top, p.Kernel.H, p.Dilation.H, x.H, p.Pad.Bottom)
			for ox := range out.W {
				cols := window(ox*p.Stride.W-p.Pad.Left, p.Kernel.W, p.Dilation.W, x.W, p.Pad.Right)
				sum, largest := 0.0, math.Inf(-1)
				for ky := range rows.inside {
					for kx := range cols.inside {
						v := src[(rows.first+ky*p.Dilation.H)*x.W+cols.first+kx*p.Dilation.W]
						sum += v
						largest = max(largest, v) // NaN if either is
					}
				}
				var v float64
				switch {
				case p.Type == graph.Max:
					v = largest
				case p.CountIncludePad:
					v = sum / float64(rows.padded*cols.padded)
				default:
					v = sum / float64(rows.inside*cols.inside)
				}
				if b != nil {
					v += b[c]
				}
				dst[oy*out.W+ox] = v
			}
		}
	})
	return y, err
}

// extent is a window along one axis: its first pixel of the input, how many it has there, and how many with the padding.
type extent struct{ first, inside, padded int }

// window cuts a kernel that starts at start to an input of the given size, with padding after it.
func window(start, kernel, dilation, size, after int) extent {
	below := func(limit int) int { return min((max(limit-start, 0)+dilation-1)/dilation, kernel) } // how many pixels come before limit
	skip := below(0)
	return extent{first: start + skip*dilation, inside: below(size) - skip, padded: below(size + after)}
}
