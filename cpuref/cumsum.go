package cpuref

import (
	"context"
	"math"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// CumSum is running sums over the channels: see graph.CumSum. Ops = C, Mag = Σ|in| over the channels that a sum takes: it is as any other sum. An
// exclusive one of none is 0; no sum may be had by subtracting from a larger one, where an infinity would be left over.
func CumSum(x *tensor.Tensor, op graph.CumSum) (*Result, error) {
	if _, err := outShape(op, x); err != nil {
		return nil, err
	}
	in := fromTensor(x)
	y, err := cumSum(context.Background(), in, op)
	if err != nil {
		return nil, err
	}
	mag, err := cumSum(context.Background(), in.abs(), op)
	if err != nil {
		return nil, err
	}
	for i, v := range y.v {
		if math.IsInf(v, 0) { // exactly, whatever the others are
			mag.v[i] = 0
		}
	}
	return newResult(y, mag.v, x.C), nil
}

// cumSum is CumSum in float64.
func cumSum(ctx context.Context, x array, op graph.CumSum) (array, error) {
	y := newArray(x.Shape)
	eachColumn(x.Shape, func(at func(c int) int) {
		if ctx.Err() != nil {
			return
		}
		sum := 0.0
		for k := range x.C {
			c := k
			if op.Reverse {
				c = x.C - 1 - k
			}
			if op.Exclusive {
				y.v[at(c)] = sum
			}
			sum += x.v[at(c)]
			if !op.Exclusive {
				y.v[at(c)] = sum
			}
		}
	})
	return y, ctx.Err()
}
