package cpuref

import (
	"context"
	"fmt"
	"math"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Pool2D is average or max pooling, torch.nn.AvgPool2d and MaxPool2d, with an optional bias per channel added after it
// (for a 1×1 convolution moved before the pooling); b nil means none. The window of output (y, x) covers the rows
// y·Stride.H − Pad.Top … + Kernel.H − 1, and likewise the columns.
//
//	average: out(n, c, y, x) = (Σ in(n, c, window ∩ input)) / d + b(c)
//	max:     out(n, c, y, x) = max in(n, c, window ∩ input) + b(c)
//
// The divisor d is the number of the window's pixels that lie in the padded input where CountIncludePad is set (so
// Kernel.H·Kernel.W, unless CeilMode lets the window reach past the padding), else the number that lie in the input.
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

// GlobalPool is Pool2D with a window of the whole map, K = H·W, and has its bound. As d is always K, the shader must
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
			rows := window(oy*p.Stride.H-p.Pad.Top, p.Kernel.H, x.H, p.Pad.Bottom)
			for ox := range out.W {
				cols := window(ox*p.Stride.W-p.Pad.Left, p.Kernel.W, x.W, p.Pad.Right)
				sum, largest := 0.0, math.Inf(-1)
				for iy := rows.first; iy < rows.end; iy++ {
					for ix := cols.first; ix < cols.end; ix++ {
						v := src[iy*x.W+ix]
						sum += v
						largest = max(largest, v) // NaN if either is, as PyTorch
					}
				}
				var v float64
				switch {
				case p.Type == graph.Max:
					v = largest
				case p.CountIncludePad:
					v = sum / float64(rows.padded*cols.padded)
				default:
					v = sum / float64((rows.end-rows.first)*(cols.end-cols.first))
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

// extent is a window along one axis: the input positions first … end−1, and the length it has with padding counted.
type extent struct{ first, end, padded int }

// window clips the kernel's span at start to an input of the given size, with padding after it.
func window(start, kernel, size, after int) extent {
	end := min(start+kernel, size+after)
	return extent{first: max(start, 0), end: min(end, size), padded: end - start}
}
