package cpuref

import (
	"context"
	"fmt"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Affine is a scale and a shift for each channel:
//
//	out(n, c, y, x) = scale(c) · in(n, c, y, x) + shift(c)
//
// scale nil means 1, shift nil means 0. It is a convolution with K = 1, and so is its bound: Ops = K + 2 = 3, Mag is
// |scale·x| + |shift|, and a subnormal scale or input read as zero loses 2⁻¹²⁶ times the other.
func Affine(x *tensor.Tensor, a graph.Affine, scale, shift []float32) (*Result, error) {
	out, err := outShape(a, x)
	if err != nil {
		return nil, err
	}
	for _, v := range [][]float32{scale, shift} {
		if v != nil && len(v) != out.C {
			return nil, fmt.Errorf("cpuref: affine: %d channels need as many scales and shifts, given %d", out.C, len(v))
		}
	}
	in, w, b := fromTensor(x), widen(scale), widen(shift)
	value, err := affine(context.Background(), in, w, b)
	if err != nil {
		return nil, fmt.Errorf("cpuref: affine: %w", err)
	}
	mag, err := affine(context.Background(), in.abs(), abs(w), abs(b))
	if err != nil {
		return nil, fmt.Errorf("cpuref: affine: %w", err)
	}
	r := newResult(value, mag.v, 3)
	r.Flush += subnormalLoss(x.Data, scale)
	return r, nil
}

// affine is Affine in float64, for arguments already checked.
func affine(ctx context.Context, x array, scale, shift []float64) (array, error) {
	y := newArray(x.Shape)
	err := eachPlane(ctx, y, func(n, c int) {
		w, b := 1.0, 0.0
		if scale != nil {
			w = scale[c]
		}
		if shift != nil {
			b = shift[c]
		}
		dst := y.plane(n, c)
		for i, v := range x.plane(n, c) {
			dst[i] = w*v + b
		}
	})
	return y, err
}
