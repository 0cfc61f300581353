package cpuref

import (
	"math"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// TestUnary: values worked out by hand or known, at −2, −0.5, 0, 1, −∞, ∞ and NaN.
func TestUnary(t *testing.T) {
	n, inf := math.NaN(), math.Inf(1)
	e := math.Exp
	for _, c := range []struct {
		op   graph.Unary
		want [6]float64 // at NaN it is NaN
	}{
		{graph.Unary{Type: graph.Abs}, [6]float64{2, 0.5, 0, 1, inf, inf}},
		{graph.Unary{Type: graph.Ceil}, [6]float64{-2, 0, 0, 1, -inf, inf}},
		{graph.Unary{Type: graph.Celu, Alpha: 2}, [6]float64{2*e(-1) - 2, 2*e(-0.25) - 2, 0, 1, -2, inf}},
		{graph.Unary{Type: graph.Elu, Alpha: 3}, [6]float64{3*e(-2) - 3, 3*e(-0.5) - 3, 0, 1, -3, inf}},
		{graph.Unary{Type: graph.Erf}, [6]float64{-0.9953222650189527, -0.5204998778130465, 0, 0.8427007929497149, -1, 1}},
		{graph.Unary{Type: graph.Exp}, [6]float64{e(-2), e(-0.5), 1, e(1), 0, inf}},
		{graph.Unary{Type: graph.Floor}, [6]float64{-2, -1, 0, 1, -inf, inf}},
		{graph.Unary{Type: graph.Gelu}, [6]float64{-0.04550026389635842, -0.15426876936299344, 0, 0.8413447460685429, n, inf}},
		{graph.Unary{Type: graph.GeluTanh}, [6]float64{-0.04540230591222976, -0.15428599017485609, 0, 0.8411919906082768, n, inf}},
		{graph.Unary{Type: graph.HardSigmoid, Alpha: 0.25, Beta: 0.5}, [6]float64{0, 0.375, 0.5, 0.75, 0, 1}},
		{graph.Unary{Type: graph.HardSwish, Alpha: 0.25, Beta: 0.5}, [6]float64{0, -0.1875, 0, 0.75, n, inf}},
		{graph.Unary{Type: graph.LeakyReLU, Alpha: 0.25}, [6]float64{-0.5, -0.125, 0, 1, -inf, inf}},
		{graph.Unary{Type: graph.Log}, [6]float64{n, n, -inf, 0, n, inf}},
		{graph.Unary{Type: graph.Mish}, [6]float64{-2 * math.Tanh(math.Log1p(e(-2))), -0.5 * math.Tanh(math.Log1p(e(-0.5))), 0, math.Tanh(math.Log1p(e(1))), n, inf}},
		{graph.Unary{Type: graph.Reciprocal}, [6]float64{-0.5, -2, inf, 1, 0, 0}},
		{graph.Unary{Type: graph.Round}, [6]float64{-2, 0, 0, 1, -inf, inf}},
		{graph.Unary{Type: graph.Selu, Alpha: 2, Beta: 3}, [6]float64{6*e(-2) - 6, 6*e(-0.5) - 6, 0, 3, -6, inf}},
		{graph.Unary{Type: graph.Shrink, Alpha: 0.5, Beta: 0.25}, [6]float64{-1.75, 0, 0, 0.75, -inf, inf}},
		{graph.Unary{Type: graph.Sign}, [6]float64{-1, -1, 0, 1, -1, 1}},
		{graph.Unary{Type: graph.Softplus}, [6]float64{math.Log(1 + e(-2)), math.Log(1 + e(-0.5)), math.Ln2, math.Log(1 + e(1)), 0, inf}},
		{graph.Unary{Type: graph.Softsign}, [6]float64{-2. / 3, -1. / 3, 0, 0.5, n, n}},
		{graph.Unary{Type: graph.Sqrt}, [6]float64{n, n, 0, 1, n, inf}},
		{graph.Unary{Type: graph.Swish, Alpha: 2}, [6]float64{-2 / (1 + e(4)), -0.5 / (1 + e(1)), 0, 1 / (1 + e(-2)), n, inf}},
		{graph.Unary{Type: graph.Tanh}, [6]float64{-0.9640275800758169, -0.46211715726000976, 0, 0.7615941559557649, -1, 1}},
		{graph.Unary{Type: graph.ThresholdedReLU, Alpha: -1}, [6]float64{0, -0.5, 0, 1, 0, inf}},
	} {
		x := mk(t, 1, 1, 1, 7, -2, -0.5, 0, 1, float32(-inf), float32(inf), float32(n))
		r := must(t)(Unary(x, c.op))
		for k, want := range append(c.want[:], n) {
			got := r.Value[k]
			if d := math.Abs(got - want); !(d <= 1e-14*math.Max(1, math.Abs(want))) && got != want && !(got != got && want != want) {
				t.Errorf("%v(%v) is %v, want %v", c.op.Type, x.Data[k], got, want)
			}
		}
		good := r.Tensor()
		if rep := Check(good, r); rep.Err != nil {
			t.Errorf("%v: rounded to float32: %v", c.op.Type, rep.Err)
		}
		for k, v := range good.Data {
			for _, wrong := range []float32{v*(1+1e-4) + 1e-5, float32(n), float32(inf)} {
				if wrong == v || wrong != wrong && v != v {
					continue
				}
				if good.Data[k] = wrong; Check(good, r).Err == nil {
					t.Errorf("%v(%v): %v for %v passes", c.op.Type, x.Data[k], wrong, v)
				}
				good.Data[k] = v
			}
		}
	}
}

// TestUnarySteepest: no two numbers come further apart than the slope says, and it is not far too large; what has none is refused
// behind a sum.
func TestUnarySteepest(t *testing.T) {
	r := random(3)
	for _, kind := range graph.UnaryKinds() {
		for range 20 {
			u := graph.Unary{Type: kind, Alpha: float32(r.NormFloat64()), Beta: float32(r.NormFloat64())}
			if r.IntN(2) == 0 {
				u.Beta = u.Alpha
			}
			f, steepest, seen := unary(u).value, u.Steepest(), 0.0
			sum := must(t)(Conv2D(mk(t, 1, 1, 1, 1, 3), graph.Conv2D{In: 1, Out: 1, Kernel: graph.Square(1)}, []float32{1}, nil))
			if _, err := sum.Activate(u); (err != nil) != math.IsInf(steepest, 0) {
				t.Errorf("%+v, slope %v, behind a sum: %v", u, steepest, err)
			}
			if math.IsInf(steepest, 0) {
				continue
			}
			for v := -20.0; v < 20; v += 1. / 64 {
				seen = max(seen, math.Abs(f(v+1./64)-f(v))*64)
			}
			if seen > steepest*(1+1e-12)+1e-9 || kind != graph.HardSwish && seen < 0.8*min(steepest, 1) {
				t.Errorf("%+v: slope %v, said to be %v at most", u, seen, steepest)
			}
		}
	}
}

// TestUnaryBeyond: an exponential that a float32 can't hold by far is infinite, and nothing else is right.
func TestUnaryBeyond(t *testing.T) {
	u := graph.Unary{Type: graph.Celu, Alpha: -2}
	x := &tensor.Tensor{Shape: tensor.Shape{N: 1, C: 2, H: 1, W: 1}, Data: []float32{-1412, -1418}}
	r, err := Unary(x, u)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		got   float32
		right bool
	}{{float32(math.Inf(-1)), true}, {float32(math.Inf(1)), false}, {-math.MaxFloat32, false}} {
		got := &tensor.Tensor{Shape: x.Shape, Data: []float32{c.got, c.got}}
		if err := Check(got, r).Err; (err == nil) != c.right {
			t.Errorf("%v: %v", c.got, err)
		}
	}
}
