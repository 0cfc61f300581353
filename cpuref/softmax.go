package cpuref

import (
	"context"
	"fmt"
	"math"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Softmax is over the channels, torch.nn.Softmax(dim=1):
//
//	out(n, c, y, x) = exp(d(c)) / Σ_i exp(d(i)),   d(c) = in(n, c, y, x) − max_i in(n, i, y, x)
//
// A NaN makes all channels of its pixel NaN, as in PyTorch, and so do a +∞ and channels that are all −∞.
//
// The shader must subtract the maximum (then no exp overflows and the sum is at least 1), call exp itself, and
// divide by the sum or multiply by 1/sum. It may sum in any order.
//
// The bound, in units of u and relative to the output: d is rounded once, which changes exp(d) by |d|·u; exp is allowed
// 3 + 2·|d| ULP, at most (6 + 4·|d|)·u (GLSL 4.30 §4.7.1; Mesa's software drivers take at most 0.6 of it). So each
// exp is off by at most e(d) = 6 + 5·|d|. The sum of C positive terms is off by their mean error, weighted by the
// outputs p, and by C − 1 additions; the division by 5, or 6 as a reciprocal and a product; 1 is for second-order terms:
//
//	κ(c) = e(d(c)) + Σ_i p(i)·e(d(i)) + (C − 1) + 6 + 1
//
// Flush: where exp(d) < 2⁻¹²⁶ it may become 0, and so may the quotient. From |d| = 104 on exp(d) is below every subnormal,
// hence e grows no further.
func Softmax(x *tensor.Tensor) (*Result, error) {
	if _, err := outShape(graph.Softmax{}, x); err != nil {
		return nil, err
	}
	y, d, err := softmax(context.Background(), fromTensor(x))
	if err != nil {
		return nil, fmt.Errorf("cpuref: softmax: %w", err)
	}
	roundings := make([]float64, len(y.v))
	eachColumn(y.Shape, func(at func(c int) int) {
		mean := 0.0
		for c := range y.C {
			i := at(c)
			roundings[i] = 6 + 5*min(-d.v[i], 104)
			mean += y.v[i] * roundings[i]
		}
		for c := range y.C {
			roundings[at(c)] += mean + float64(y.C-1) + 7
		}
	})
	return relativeResult(y, roundings), nil
}

// softmax is Softmax in float64, and its d.
func softmax(ctx context.Context, x array) (y, d array, err error) {
	y, d = newArray(x.Shape), newArray(x.Shape)
	eachColumn(x.Shape, func(at func(c int) int) {
		if ctx.Err() != nil {
			return
		}
		largest, sum := math.Inf(-1), 0.0
		for c := range x.C {
			largest = max(largest, x.v[at(c)]) // NaN if any is
		}
		for c := range x.C {
			i := at(c)
			d.v[i] = x.v[i] - largest
			y.v[i] = math.Exp(d.v[i])
			sum += y.v[i]
		}
		for c := range x.C {
			y.v[at(c)] /= sum
		}
	})
	return y, d, ctx.Err()
}

// eachColumn calls f for every pixel of every image; at(c) is the index of the pixel's element in channel c.
func eachColumn(s tensor.Shape, f func(at func(c int) int)) {
	plane := s.H * s.W
	for n := range s.N {
		for p := range plane {
			f(func(c int) int { return (n*s.C+c)*plane + p })
		}
	}
}
