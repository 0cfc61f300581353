package cpuref

import (
	"fmt"
	"math"

	"inceptiongl/inception/tensor"
)

// Report is the outcome of Check. It passed only if Err is nil.
type Report struct {
	Elements int     // elements compared
	MaxErr   float64 // the largest |got − want|
	MaxShare float64 // the largest |got − want| / bound; above 1 is wrong, +Inf where got and want can't be compared
	Index    int     // where MaxShare is
	Got      float64 // there
	Want     float64 // there
	Bound    float64 // there
	Err      error
}

// Check compares every element of got with the reference and its bound. It fails closed: on another shape, and on every element
// that is not shown to be right:
//
//   - where the reference is NaN, only NaN is, and nowhere else;
//   - where it is infinite, only the same infinity is;
//   - an infinity is right too where a float32 may overflow to it: the reference is in float64, so it, or a number within its
//     bound, is then beyond MaxFloat32 on that side;
//   - else a finite number within the bound is. A bound that is not finite shows nothing.
func Check(got *tensor.Tensor, ref *Result) Report {
	fail := func(format string, a ...any) Report {
		return Report{Index: -1, MaxErr: math.NaN(), MaxShare: math.Inf(1), Err: fmt.Errorf("cpuref: check: "+format, a...)}
	}
	if err := got.Check(); err != nil {
		return fail("%w", err)
	}
	if ref == nil {
		return fail("no reference to compare with")
	}
	if got.Shape != ref.Shape {
		return fail("shape is %v, the reference's is %v", got.Shape, ref.Shape)
	}
	if len(ref.Value) != got.Len() || len(ref.Mag) != got.Len() {
		return fail("the reference of shape %v holds %d values and %d magnitudes", ref.Shape, len(ref.Value), len(ref.Mag))
	}

	r := Report{Elements: got.Len(), Index: -1}
	wrong := 0
	for i, g := range got.Data {
		diff, share, bound := compare(g, ref, i)
		if diff > r.MaxErr || math.IsNaN(diff) {
			r.MaxErr = diff // once NaN, it stays NaN
		}
		if !(share <= 1) {
			wrong++
		}
		if r.Index < 0 || share > r.MaxShare {
			r.MaxShare, r.Index = share, i
			r.Got, r.Want, r.Bound = float64(g), ref.Value[i], bound
		}
	}
	if wrong > 0 {
		plane := got.H * got.W
		r.Err = fmt.Errorf("cpuref: check: %d of %d elements are out of bound; the worst is (n %d, c %d, y %d, x %d): got %g, want %g, off by %.3g, bound %.3g",
			wrong, r.Elements, r.Index/(plane*got.C), r.Index/plane%got.C, r.Index%plane/got.W, r.Index%got.W,
			r.Got, r.Want, math.Abs(r.Got-r.Want), r.Bound)
	}
	return r
}

// compare is element i's error, its share of the bound, and the bound. share ≤ 1 means right, +Inf not comparable.
func compare(g float32, ref *Result, i int) (diff, share, bound float64) {
	got, want := float64(g), ref.Value[i]
	bound = ref.Bound(i)
	diff = math.Abs(got - want)
	switch {
	case math.IsNaN(got) && math.IsNaN(want), math.IsInf(got, 0) && (got == want || overflows(want, bound, got)):
		return 0, 0, bound
	case math.IsNaN(diff) || math.IsInf(diff, 0) || math.IsNaN(bound) || math.IsInf(bound, 0):
		return diff, math.Inf(1), bound
	case diff == 0:
		return 0, 0, bound
	}
	return diff, diff / bound, bound
}

// overflows tells whether want, or a number within bound of it, becomes the given infinity in float32. Beyond MaxFloat32 want itself counts
// as one, though the first half of a step would still be rounded down.
func overflows(want, bound, inf float64) bool {
	const limit = math.MaxFloat32 + 0x1p103 // the first number that rounds to infinity
	w := math.Copysign(1, inf) * want
	return !math.IsInf(bound, 0) && (w > math.MaxFloat32 || w+bound >= limit)
}

// RelL2 is the relative L2 error √(Σ(got − want)² / Σ want²), for whole networks. It is 0 where both are zero. Differing or
// zero lengths, and values that are not finite, are errors.
func RelL2(got []float32, want []float64) (float64, error) {
	if len(got) != len(want) || len(got) == 0 {
		return 0, fmt.Errorf("cpuref: relative error: %d elements against %d: lengths must agree and not be 0", len(got), len(want))
	}
	var diff, norm float64
	for i, g := range got {
		d := float64(g) - want[i]
		if math.IsNaN(d) || math.IsInf(d, 0) {
			return 0, fmt.Errorf("cpuref: relative error: element %d is %v, want %v: not finite", i, g, want[i])
		}
		diff += d * d
		norm += want[i] * want[i]
	}
	if diff == 0 {
		return 0, nil
	}
	return math.Sqrt(diff / norm), nil // +Inf where want is zero and got is not
}
