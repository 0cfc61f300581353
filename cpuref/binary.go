package cpuref

import (
	"context"
	"fmt"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Binary is a + b or a · b, element by element. b may be N × C × 1 × 1: one number for all pixels. A NaN in either makes a NaN, and so
// do ∞ − ∞ and 0 · ∞.
//
// Ops = 1, Mag = |out|: GLSL 4.30 §4.7.1 rounds sums and products correctly.
//
// Flush: a sum loses two operands, or one and the result. In a product, as for Conv2D, a subnormal operand read as zero
// loses 2⁻¹²⁶ times the other.
func Binary(a, b *tensor.Tensor, op graph.Binary) (*Result, error) {
	if _, err := outShape(op, a, b); err != nil {
		return nil, err
	}
	value, err := binary(context.Background(), fromTensor(a), fromTensor(b), op)
	if err != nil {
		return nil, fmt.Errorf("cpuref: %s: %w", op.Kind(), err)
	}
	r := newResult(value, nil, 1)
	if op.Type == graph.Mul {
		r.Flush += subnormalLoss(a.Data, b.Data)
	}
	return r, nil
}

// binary is Binary in float64, for arguments already checked.
func binary(ctx context.Context, a, b array, op graph.Binary) (array, error) {
	y := newArray(a.Shape)
	step := 1 // through b
	if b.Shape != a.Shape {
		step = 0
	}
	err := eachPlane(ctx, y, func(n, c int) {
		dst, other := y.plane(n, c), b.plane(n, c)
		for i, v := range a.plane(n, c) {
			if op.Type == graph.Mul {
				dst[i] = v * other[i*step]
			} else {
				dst[i] = v + other[i*step]
			}
		}
	})
	return y, err
}
