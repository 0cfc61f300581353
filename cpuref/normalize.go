package cpuref

import (
	"context"
	"fmt"
	"math"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Normalize brings numbers to one scale: see graph.Normalize. scale nil means 1, shift nil 0.
//
// The shader must take the mean first and then the squares of what differs from it, in two passes: the mean of the squares less the mean's
// square has no bound like this one. It may sum in any order, multiply by 1/K, and by GLSL's inversesqrt or the inverse of a sum.
//
// The bound is an interval, of K numbers of which a float32 implementation makes m̂, d̂ = x − m̂ and v̂:
//
//   - m̂ is off by δ = γ(K + 2)·Σ|x|/K: a sum, 1/K rounded, a product. d̂ is off by δ and a rounding. Where nothing is subtracted, both are
//     exact.
//   - Σ(x − m̂)²/K is v + (m̂ − m)² exactly, whatever m̂: between v and v + δ². d̂ counts twice as it is squared, the square is rounded, then
//     come the sum and a product as before: γ(K + 5).
//   - Epsilon is rounded and added: 2. inversesqrt is off by 2 ULP, at most 4u, and the inverse of a sum by 2.5 ULP, at most 5u (GLSL 4.30
//     §4.7.1). The factor f̂ then lies between two numbers; of a sum that may be 0 but isn't there is no bound.
//   - d̂·f̂ is off by d̂'s error times the largest f̂, and |d| times what f̂ may be off. Two products and a sum are rounded.
//
// Flush: subnormal numbers on the way count as lost, 2⁻¹²⁶ each, before the factors.
func Normalize(x *tensor.Tensor, op graph.Normalize, scale, shift []float32) (*Result, error) {
	if _, err := outShape(op, x); err != nil {
		return nil, err
	}
	for _, v := range [][]float32{scale, shift} {
		if v != nil && len(v) != op.Channels {
			return nil, fmt.Errorf("cpuref: %s: %d factors or addends for %d channels", op.Kind(), len(v), op.Channels)
		}
	}
	in, a, b := fromTensor(x), widen(scale), widen(shift)
	y, err := normalize(context.Background(), in, op, a, b)
	if err != nil {
		return nil, fmt.Errorf("cpuref: %s: %w", op.Kind(), err)
	}
	r := newResult(y, nil, 1)
	eachNormalized(x.Shape, op, func(at []int) {
		s := measure(in.v, at, op)
		for _, i := range at {
			c := i / (x.H * x.W) % x.C
			factor, addend := 1.0, 0.0
			if a != nil {
				factor = math.Abs(a[c])
			}
			if b != nil {
				addend = math.Abs(b[c])
			}
			r.Mag[i] = s.bound(in.v[i], factor, addend) / unit
		}
	})
	return r, nil
}

// scaleOf is what some numbers are brought to one scale by.
type scaleOf struct {
	mean, by  float64 // (x − mean)·by
	off       float64 // how far off the mean may be
	low, high float64 // where by may lie
	centred   bool
}

// measure is the scale of the elements at these places.
func measure(v []float64, at []int, op graph.Normalize) scaleOf {
	k := float64(len(at))
	s := scaleOf{centred: op.Type == graph.Standard}
	size := 0.0
	for _, i := range at {
		s.mean += v[i] / k
		size += math.Abs(v[i])
	}
	if s.off = gamma(k+2)*size/k + 3*tiny; !s.centred {
		s.mean, s.off = 0, 0
	}
	if op.Type == graph.L1 {
		s.by, s.low, s.high = inverse(size), (1-gamma(k+5))/(size+k*tiny), (1+gamma(5))/max(size*(1-gamma(k))-k*tiny, 0)
		if size == 0 { // zeros stay zeros
			s.low, s.high = 0, 0
		}
		return s
	}
	sum := 0.0
	for _, i := range at {
		sum += (v[i] - s.mean) * (v[i] - s.mean)
	}
	eps := op.Eps
	if op.Type == graph.L2 {
		k, eps = 1, 0
	}
	variance := sum / k
	s.by = inverse(math.Sqrt(variance + eps))
	relative := gamma(float64(len(at)) + 5)
	flushed := (2 + 2*float64(len(at))/k) * tiny
	least := (max(variance*(1-relative)-flushed, 0) + eps) * (1 - gamma(2))
	most := ((variance+s.off*s.off)*(1+relative) + flushed + eps) * (1 + gamma(2))
	s.low, s.high = (1-gamma(4))/math.Sqrt(most), (1+gamma(4))/math.Sqrt(least)
	if size == 0 && eps == 0 { // zeros stay zeros
		s.low, s.high = 0, 0
	}
	return s
}

// inverse is 1/v, and 0 for 0.
func inverse(v float64) float64 {
	if v == 0 {
		return 0
	}
	return 1 / v
}

// bound is how far off the answer may be for x, with the sizes of factor and addend.
func (s *scaleOf) bound(x, factor, addend float64) float64 {
	d := math.Abs(x - s.mean)
	off := tiny
	if s.centred {
		off += s.off + unit*(d+s.off)
	}
	worst := off*s.high + d*max(s.high-s.by, s.by-s.low)
	size := d*s.by + worst
	return factor*(worst+gamma(2)*size) + unit*(factor*size+addend) + 4*tiny*(1+size+factor*(1+s.high))
}

// normalize is Normalize in float64.
func normalize(ctx context.Context, x array, op graph.Normalize, scale, shift []float64) (array, error) {
	y := newArray(x.Shape)
	eachNormalized(x.Shape, op, func(at []int) {
		if ctx.Err() != nil {
			return
		}
		s := measure(x.v, at, op)
		for _, i := range at {
			v := (x.v[i] - s.mean) * s.by
			c := i / (x.H * x.W) % x.C
			if scale != nil {
				v *= scale[c]
			}
			if shift != nil {
				v += shift[c]
			}
			y.v[i] = v
		}
	})
	return y, ctx.Err()
}

// eachNormalized calls f with the places of those elements that are brought to one scale together.
func eachNormalized(s tensor.Shape, op graph.Normalize, f func(at []int)) {
	if op.Groups == 0 {
		at := make([]int, s.C)
		eachColumn(s, func(place func(c int) int) {
			for c := range at {
				at[c] = place(c)
			}
			f(at)
		})
		return
	}
	at := make([]int, op.Count(s))
	for n := range s.N * op.Groups {
		for i := range at {
			at[i] = n*len(at) + i
		}
		f(at)
	}
}
