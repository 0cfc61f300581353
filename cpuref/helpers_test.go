package cpuref

import (
	"math"
	"math/rand/v2"
	"testing"

	"inceptiongl/inception/tensor"
)

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// normal is n standard normal numbers.
func normal(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

// small is n small integers: sums of their products are exact.
func small(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.IntN(17) - 8)
	}
	return v
}

func mk(t testing.TB, n, c, h, w int, data ...float32) *tensor.Tensor {
	t.Helper()
	x, err := tensor.FromData(tensor.Shape{N: n, C: c, H: h, W: w}, data)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// same requires exactly these values.
func same(t *testing.T, what string, got []float64, want ...float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values %v, want %d: %v", what, len(got), got, len(want), want)
	}
	for i := range want {
		if got[i] != want[i] && !(math.IsNaN(got[i]) && math.IsNaN(want[i])) {
			t.Fatalf("%s: element %d is %v, want %v\ngot  %v\nwant %v", what, i, got[i], want[i], got, want)
		}
	}
}

func must(t testing.TB) func(*Result, error) *Result {
	return func(r *Result, err error) *Result {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
}
