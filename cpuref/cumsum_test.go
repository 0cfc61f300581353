package cpuref

import (
	"math"
	"testing"

	"inceptiongl/inception/graph"
)

func TestCumSum(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		op   graph.CumSum
		x    []float32 // one pixel's channels
		want []float64
		mag  float64 // of the largest sum
	}{
		{graph.CumSum{}, []float32{1, -2, 4}, []float64{1, -1, 3}, 7},
		{graph.CumSum{Exclusive: true}, []float32{1, -2, 4}, []float64{0, 1, -1}, 3},
		{graph.CumSum{Reverse: true}, []float32{1, -2, 4}, []float64{3, 2, 4}, 7},
		{graph.CumSum{Exclusive: true, Reverse: true}, []float32{1, -2, 4}, []float64{2, 4, 0}, 6},
		{graph.CumSum{}, []float32{1, float32(inf), 4}, []float64{1, inf, inf}, 1},
		{graph.CumSum{Exclusive: true}, []float32{1, float32(nan), 4}, []float64{0, 1, nan}, 1},
	} {
		r := must(t)(CumSum(mk(t, 1, 3, 1, 1, c.x...), c.op))
		mag := 0.0
		for i, v := range c.want {
			if g := r.Value[i]; g != v && !(g != g && v != v) {
				t.Errorf("%+v of %v: channel %d is %v, want %v", c.op, c.x, i, g, v)
			}
			if m := r.Mag[i]; m == m {
				mag = max(mag, m)
			}
		}
		if mag != c.mag || r.Ops != 3 {
			t.Errorf("%+v of %v: magnitude %v, %d roundings; want %v and 3", c.op, c.x, mag, r.Ops, c.mag)
		}
	}
	// Two images of two pixels: each sums by itself.
	r := must(t)(CumSum(mk(t, 2, 2, 1, 2, 1, 2, 3, 4, 5, 6, 7, 8), graph.CumSum{}))
	for i, v := range []float64{1, 2, 4, 6, 5, 6, 12, 14} {
		if r.Value[i] != v {
			t.Errorf("element %d is %v, want %v", i, r.Value[i], v)
		}
	}
}
