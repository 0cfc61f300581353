package cpuref

import (
	"math"
	"testing"

	"inceptiongl/inception/graph"
)

func TestReLU(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	r := ReLU(mk(t, 1, 1, 1, 6, -1, 0, 2, float32(inf), float32(-inf), float32(nan)))
	same(t, "relu", r.Value, 0, 0, 2, inf, 0, nan)
	if rep := Check(mk(t, 1, 1, 1, 6, 0, 0, 2, float32(inf), 0, float32(nan)), r); rep.Err != nil {
		t.Error(rep.Err)
	}
	if rep := Check(mk(t, 1, 1, 1, 6, 0, 0, math.Nextafter32(2, 3), float32(inf), 0, float32(nan)), r); rep.Err == nil {
		t.Error("ReLU is exact: one ULP off must fail")
	}
}

func TestReLUEpilogue(t *testing.T) {
	c := graph.Conv2D{In: 1, Out: 1, Kernel: graph.Square(1)}
	r := must(t)(Conv2D(mk(t, 1, 1, 1, 2, 3, -3), c, []float32{2}, []float32{1}))
	same(t, "before", r.Value, 7, -5)
	if r.ReLU() != r {
		t.Error("not in place")
	}
	same(t, "after", r.Value, 7, 0)
	same(t, "magnitude", r.Mag, 7, 7) // that of the sum: rounding may lift a small negative above zero
}
