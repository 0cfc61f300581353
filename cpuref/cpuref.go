// Package cpuref is the specification: every operator in plain Go, with a bound on the rounding error that a correct
// float32 implementation can make.
//
// Operators take float32 inputs and accumulate in float64, so a Result's own error is about 2⁻²⁹ of its bound and is
// left out of it. There is one file per operator; its doc comment is the formula. See Result.Bound for the bound and
// Check for the comparison.
package cpuref

import (
	"context"
	"math"
	"runtime"

	"golang.org/x/sync/errgroup"

	"inceptiongl/inception/tensor"
)

const (
	unit = 0x1p-24  // u: half the spacing of float32 around 1, the largest relative error of one rounding
	tiny = 0x1p-126 // the smallest normal float32; below it, a GPU may flush to zero
)

// Result is an operator's exact answer and what bounds the error of a float32 implementation.
type Result struct {
	tensor.Shape
	Value []float64 // the answer, NCHW
	Mag   []float64 // Σ|w·x| + |b| for every element: what the rounding error scales with
	Ops   int       // the number of roundings on the longest path from an input to the result; 0 where nothing is rounded
	Flush float64   // the absolute error from subnormals flushed to zero, the same for every element
}

// Bound is the largest error that float32 arithmetic can make in element i:
//
//	γ(Ops)·Mag + u·|Value| + Flush,   γ(n) = n·u/(1 − n·u),   u = 2⁻²⁴
//
// Rounding: a sum of products computed in any order, with or without fused multiply-adds, equals the exact sum of the same
// products, each scaled by at most n factors (1+δ), |δ| ≤ u; n such factors differ from 1 by at most γ(n) (Higham,
// Accuracy and Stability of Numerical Algorithms, §3.1). So the error is at most γ(n)·Σ|w·x|, whatever the signs. The
// term u·|Value| is to spare: it is one more rounding of the result. Assumed are that nothing overflows on the way; that the GPU rounds
// to nearest (all known ones do, though GLSL leaves the mode open); and that sums only add: a sliding window that subtracts,
// or half-precision storage, needs its own bound; a Winograd transform has one, Result.Winograd.
//
// Flush: GLSL lets a driver flush any subnormal operand or result to zero, an absolute error below 2⁻¹²⁶ each time. It
// can strike at every product and every partial sum, not only at the end, hence 2·Ops of them and not one. (A subnormal
// weight or input is worse, because what it is multiplied with scales the error: see Conv2D.)
//
// Where nothing is rounded (Ops = 0: ReLU, Clip, max pooling, and what only moves elements), only Flush is allowed.
//
// Softmax and LRN are no sums of products. Each derives a number of roundings κ for every element, so that the error is
// at most γ(κ)·|Value|; Ops is 1 then, and Mag = γ(κ)/u·|Value|. Their derivations add up first-order errors: a product or
// quotient of factors that are off by a·u, b·u … is off by at most γ(a + b + …).
func (r *Result) Bound(i int) float64 {
	if r.Ops == 0 {
		return r.Flush
	}
	return gamma(float64(r.Ops))*r.Mag[i] + unit*math.Abs(r.Value[i]) + r.Flush
}

// gamma is γ(n) = n·u/(1 − n·u). It means nothing from n·u = 1/2 on: NaN then, which no comparison passes.
func gamma(n float64) float64 {
	nu := n * unit
	if !(nu < 0.5) {
		return math.NaN()
	}
	return nu / (1 - nu)
}

// Tensor is the answer rounded to float32.
func (r *Result) Tensor() *tensor.Tensor { return array{r.Shape, r.Value}.tensor() }

// newResult is the Result of an operator with ops roundings; mag nil means |value|.
func newResult(a array, mag []float64, ops int) *Result {
	if mag == nil {
		mag = abs(a.v)
	}
	return &Result{Shape: a.Shape, Value: a.v, Mag: mag, Ops: ops, Flush: 2 * tiny * float64(max(ops, 1))}
}

// relativeResult is the Result of an operator whose element i is off by at most γ(roundings[i]) of its value. Flush lets
// an intermediate number below 1 and the result be flushed.
func relativeResult(a array, roundings []float64) *Result {
	r := newResult(a, nil, 1)
	for i, k := range roundings {
		if a.v[i] != 0 {
			r.Mag[i] *= gamma(k) / unit
		}
	}
	return r
}

// array is a tensor in float64: what the operators' loops work on.
type array struct {
	tensor.Shape
	v []float64 // N·C·H·W
}

func newArray(s tensor.Shape) array { return array{s, make([]float64, s.Len())} }

// fromTensor is t in float64, exactly.
func fromTensor(t *tensor.Tensor) array { return array{t.Shape, widen(t.Data)} }

// tensor is a rounded to float32.
func (a array) tensor() *tensor.Tensor {
	t := tensor.New(a.Shape)
	for i, v := range a.v {
		t.Data[i] = float32(v)
	}
	return t
}

// plane is channel c of image n: H·W elements.
func (a array) plane(n, c int) []float64 {
	size := a.H * a.W
	return a.v[(n*a.C+c)*size:][:size]
}

func (a array) abs() array { return array{a.Shape, abs(a.v)} }

// abs is |v|; nil stays nil.
func abs(v []float64) []float64 {
	if v == nil {
		return nil
	}
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = math.Abs(x)
	}
	return out
}

// widen is v in float64; nil stays nil.
func widen(v []float32) []float64 {
	if v == nil {
		return nil
	}
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}

// eachPlane calls f for every plane (n, c) of a, on all cores, until done or until ctx ends.
func eachPlane(ctx context.Context, a array, f func(n, c int)) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for n := range a.N {
		for c := range a.C {
			g.Go(func() error {
				if err := ctx.Err(); err != nil {
					return err
				}
				f(n, c)
				return nil
			})
		}
	}
	return g.Wait()
}
