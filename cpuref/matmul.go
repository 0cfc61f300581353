package cpuref

import (
	"context"
	"fmt"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// MatMul multiplies two tensors as matrices, image by image: see graph.MatMul for the formula.
//
// Ops and Flush are those of a 1×1 convolution of as many products: Conv2D.
func MatMul(a, b *tensor.Tensor, op graph.MatMul) (*Result, error) {
	out, err := outShape(op, a, b)
	if err != nil {
		return nil, err
	}
	x, y := fromTensor(a), fromTensor(b)
	value, err := matMul(context.Background(), x, y, op, out)
	if err != nil {
		return nil, fmt.Errorf("cpuref: matmul: %w", err)
	}
	mag, err := matMul(context.Background(), x.abs(), y.abs(), op, out)
	if err != nil {
		return nil, fmt.Errorf("cpuref: matmul: %w", err)
	}
	k := op.Terms(a.Shape)
	r := newResult(value, mag.v, k+2)
	r.Flush += float64(k) * subnormalLoss(a.Data, b.Data)
	return r, nil
}

// matMul is MatMul in float64, for arguments already checked; out is its output's shape.
func matMul(ctx context.Context, a, b array, op graph.MatMul, out tensor.Shape) (array, error) {
	y := newArray(out)
	terms, rows := op.Terms(a.Shape), out.H*out.W
	// From a term to the next, and from a row of a or a column of b to the next.
	aTerm, aRow, bTerm, bColumn := rows, 1, 1, terms
	if op.TransA {
		aTerm, aRow = 1, terms
	}
	if op.TransB {
		bTerm, bColumn = out.C, 1
	}
	err := eachPlane(ctx, y, func(n, c int) {
		from := a.v[n%a.N*terms*rows:][:terms*rows]
		by := b.v[n%b.N*terms*out.C+c*bColumn:]
		dst := y.plane(n, c)
		for k := range terms {
			factor := by[k*bTerm]
			for i := range dst {
				dst[i] += from[k*aTerm+i*aRow] * factor
			}
		}
	})
	return y, err
}
