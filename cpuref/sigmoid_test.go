package cpuref

import (
	"math"
	"testing"

	"inceptiongl/inception/graph"
)

func TestSigmoid(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	x := mk(t, 1, 1, 1, 7, 0, float32(math.Log(3)), -float32(math.Log(3)), -200, float32(inf), float32(-inf), float32(nan))
	r := Sigmoid(x)
	got := r.Tensor()
	for i, want := range []float32{0.5, 0.75, 0.25, 0, 1, 0, float32(nan)} {
		if d := math.Abs(float64(got.Data[i] - want)); !(d <= 1e-7) && got.Data[i] == got.Data[i] {
			t.Errorf("sigmoid(%v) is %v, want %v", x.Data[i], got.Data[i], want)
		}
	}
	if rep := Check(mk(t, 1, 1, 1, 7, 0.5, 0.75, 0.25, 0, 1, 0, float32(nan)), r); rep.Err != nil {
		t.Error(rep.Err)
	}
	for _, wrong := range []float32{0.75 + 4e-6, float32(nan), 0} {
		if rep := Check(mk(t, 1, 1, 1, 7, 0.5, wrong, 0.25, 0, 1, 0, float32(nan)), r); rep.Err == nil {
			t.Errorf("%v for 0.75 passes", wrong)
		}
	}
}

// TestSigmoidEpilogue: the convolution's own error counts a quarter, where the curve is steepest.
func TestSigmoidEpilogue(t *testing.T) {
	c := graph.Conv2D{In: 1, Out: 1, Kernel: graph.Square(1)}
	r := must(t)(Conv2D(mk(t, 1, 1, 1, 2, 3, 100), c, []float32{2}, []float32{-6}))
	before := r.Bound(0)
	if _, err := r.Activate(graph.Sigmoid{}); err != nil {
		t.Fatal(err)
	}
	same(t, "after", r.Value, 0.5, 1/(1+math.Exp(-194)))
	own := gamma(sigmoid.roundings(0)) * 0.5
	if b := r.Bound(0); b < before/4+own || b > before/4+own+unit+4*tiny {
		t.Errorf("bound %g, want %g and one rounding of the result", b, before/4+own)
	}
	if _, err := r.Activate(graph.Softmax{}); err == nil {
		t.Error("softmax as an epilogue: no error")
	}
}
