package cpuref

import (
	"context"
	"fmt"
	"math"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Binary joins two tensors, element by element, as NumPy broadcasts them: package graph has the operations. A NaN in either makes a
// NaN, and so do ∞ − ∞, 0 · ∞ and 0/0; but 1 and 0 come of comparisons, and of Pow what C's pow gives.
//
// Ops = 1, Mag = |out|: GLSL 4.30 §4.7.1 rounds sums and products correctly. Minimum, Maximum and all that gives a truth or picks
// round nothing. Div: a quotient is within 2.5 ULP, at most 5 roundings, where the divisor is 2⁻¹²⁶ … 2¹²⁶; beyond that GLSL promises nothing.
// Pow is exp(b · log|a|): log is off by 10, a product (Unary), of which exp makes |b · log|a|| times as much, and exp by 3.
//
// Flush: a sum loses two operands, or one and the result. In a product, as for Conv2D, a subnormal operand read as zero
// loses 2⁻¹²⁶ times the other.
func Binary(a, b *tensor.Tensor, op graph.Binary) (*Result, error) {
	out, err := outShape(op, a, b)
	if err != nil {
		return nil, err
	}
	x, y := fromTensor(a), fromTensor(b)
	value, err := binary(context.Background(), x, y, op, out)
	if err != nil {
		return nil, fmt.Errorf("cpuref: %s: %w", op.Kind(), err)
	}
	var bound func(u, v, y float64) float64
	switch op.Type {
	case graph.Add, graph.Sub, graph.Mul, graph.PReLU:
		r := newResult(value, nil, 1)
		if op.Type == graph.Mul || op.Type == graph.PReLU {
			r.Flush += subnormalLoss(a.Data, b.Data)
		}
		return r, nil
	case graph.Div:
		bound = quotientBound
	case graph.Pow:
		bound = func(u, v, y float64) float64 {
			t := math.Abs(v * math.Log(math.Abs(u)))
			if !(t < 104) { // the answer is 0, 1, ∞ or NaN
				t = 104
			}
			return gamma(12*t+5) * min(math.Abs(y), 0x1p130) // beyond is infinite
		}
	default:
		r := newResult(value, nil, 0)
		if hasSubnormal(a.Data) || hasSubnormal(b.Data) {
			return subnormalTruths(r, x, y, op), nil
		}
		return r, nil
	}
	r := newResult(value, nil, 1)
	eachPair(x, y, out, func(i, j, k int) {
		if r.Value[k] != 0 {
			r.Mag[k] = bound(x.v[i], y.v[j], r.Value[k]) / unit
		}
	})
	return r, nil
}

// quotientBound: beside a quotient's error, any answer where the divisor is subnormal, and 0 where it is so large that its inverse is flushed.
func quotientBound(_, v, y float64) float64 {
	switch size := math.Abs(v); {
	case size < tiny && v != 0:
		return 0x1p128
	case size > 1/tiny:
		return math.Abs(y)
	}
	return gamma(5) * math.Abs(y)
}

// subnormalTruths allows an element what it would be if subnormal operands were zero.
func subnormalTruths(r *Result, x, y array, op graph.Binary) *Result {
	zero := func(v float64) float64 {
		if math.Abs(v) < tiny {
			return 0
		}
		return v
	}
	f := op.Type.At
	r.Ops, r.Mag = 1, make([]float64, len(r.Value))
	eachPair(x, y, array{r.Shape, r.Value}.Shape, func(i, j, k int) {
		for _, other := range []float64{f(zero(x.v[i]), y.v[j]), f(x.v[i], zero(y.v[j])), f(zero(x.v[i]), zero(y.v[j]))} {
			if d := math.Abs(other - r.Value[k]); d > 0 {
				r.Mag[k] = max(r.Mag[k], d/unit)
			}
		}
	})
	return r
}

// binary is Binary in float64, for arguments already checked.
func binary(ctx context.Context, a, b array, op graph.Binary, out tensor.Shape) (array, error) {
	y := newArray(out)
	f := op.Type.At
	eachPair(a, b, out, func(i, j, k int) { y.v[k] = f(a.v[i], b.v[j]) })
	return y, ctx.Err()
}

// eachPair calls f for every element k of the output, with the elements i of a and j of b that it is made of.
func eachPair(a, b array, out tensor.Shape, f func(i, j, k int)) {
	at := func(x array, n, c, h int) (first, step int) {
		if x.W > 1 {
			step = 1
		}
		return ((n%x.N*x.C+c%x.C)*x.H + h%x.H) * x.W, step
	}
	k := 0
	for n := range out.N {
		for c := range out.C {
			for h := range out.H {
				i, di := at(a, n, c, h)
				j, dj := at(b, n, c, h)
				for w := range out.W {
					f(i+w*di, j+w*dj, k)
					k++
				}
			}
		}
	}
}
