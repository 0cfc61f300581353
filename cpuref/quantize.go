package cpuref

import (
	"context"
	"fmt"
	"math"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Quantize rounds to codes of a few bits, and back: see graph.Quantize. zero nil means 0.
//
// A shader must find the very code: its quotient, 2.5 ULP off, isn't enough where the quotient is near a half. Codes are whole numbers, and
// nothing is rounded then; (code − zero) · scale is one product. Flush: none of both is subnormal, unless it is 0.
func Quantize(x *tensor.Tensor, op graph.Quantize, scale, zero []float32) (*Result, error) {
	if _, err := outShape(op, x); err != nil {
		return nil, err
	}
	y, err := quantize(context.Background(), fromTensor(x), op, scale, zero)
	if err != nil {
		return nil, fmt.Errorf("cpuref: quantize: %w", err)
	}
	ops := 1
	if op.Codes {
		ops = 0
	}
	return newResult(y, nil, ops), nil
}

// quantize is Quantize for a shape already checked. Where x isn't float32, x/scale is rounded to it all the same.
func quantize(ctx context.Context, x array, op graph.Quantize, scale, zero []float32) (array, error) {
	if err := op.CheckValues(scale, zero); err != nil {
		return array{}, err
	}
	y := newArray(x.Shape)
	err := eachPlane(ctx, y, func(n, c int) {
		s, z := float64(scale[c]), 0.0
		if zero != nil {
			z = float64(zero[c])
		}
		dst := y.plane(n, c)
		for i, v := range x.plane(n, c) {
			// A quotient of two float32, rounded to float64 and then to float32, is as if rounded once.
			code := math.RoundToEven(float64(float32(v/s))) + z
			code = min(max(code, float64(op.Low)), float64(op.High))
			if !op.Codes {
				code = (code - z) * s
			}
			dst[i] = code
		}
	})
	return y, err
}
