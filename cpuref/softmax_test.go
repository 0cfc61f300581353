package cpuref

import (
	"math"
	"math/rand/v2"
	"testing"

	"inceptiongl/inception/tensor"
)

func TestSoftmax(t *testing.T) {
	ln := func(v float64) float32 { return float32(math.Log(v)) }
	near := func(name string, x *tensor.Tensor, want ...float64) {
		t.Helper()
		r := must(t)(Softmax(x))
		for i, w := range want {
			if !(math.Abs(r.Value[i]-w) <= 1e-7) && !math.IsNaN(r.Value[i]+w) {
				t.Errorf("%s: %v, want %v", name, r.Value, want)
				return
			}
		}
	}
	inf, nan := float32(math.Inf(1)), math.NaN()
	near("1 : 3", mk(t, 1, 2, 1, 1, 0, ln(3)), 0.25, 0.75)
	near("over channels, not pixels", mk(t, 2, 2, 1, 2, 0, ln(4), ln(3), 0, 9, -5, 9, -5), 0.25, 0.8, 0.75, 0.2, 0.5, 0.5, 0.5, 0.5)
	near("large", mk(t, 1, 3, 1, 1, 3e38, 3e38, -3e38), 0.5, 0.5, 0)
	near("−∞", mk(t, 1, 2, 1, 1, -inf, 5), 0, 1)
	near("only −∞", mk(t, 1, 2, 1, 1, -inf, -inf), nan, nan)
	near("+∞", mk(t, 1, 2, 1, 1, inf, 5), nan, nan)
	near("NaN", mk(t, 1, 2, 1, 1, float32(nan), 5), nan, nan)
	if _, err := Softmax(nil); err == nil {
		t.Error("nil: no error")
	}
}

// exps are what GLSL may compute for exp(d), as factors on the right answer: up to 3 + 2·|d| ULP.
var exps = map[string]func(r *rand.Rand, c int, d float64) float64{
	"right":             func(_ *rand.Rand, _ int, _ float64) float64 { return 1 },
	"any":               func(r *rand.Rand, _ int, d float64) float64 { return 1 + (2*r.Float64()-1)*(6+4*math.Abs(d))*unit },
	"one up, rest down": func(_ *rand.Rand, c int, d float64) float64 { return 1 + sign(c == 0)*(6+4*math.Abs(d))*unit },
	"one down, rest up": func(_ *rand.Rand, c int, d float64) float64 { return 1 - sign(c == 0)*(6+4*math.Abs(d))*unit },
	"by exp2": func(_ *rand.Rand, _ int, d float64) float64 {
		return math.Exp2(float64(float32(d*math.Log2E))) / math.Exp(d)
	},
}

func sign(plus bool) float64 {
	if plus {
		return 1
	}
	return -1
}

// TestSoftmaxBoundCovers computes softmax in float32 with exps and divisions as bad as GLSL allows.
func TestSoftmaxBoundCovers(t *testing.T) {
	r := random(11)
	divisions := map[string]func(e, s float32) float32{
		"divided":              func(e, s float32) float32 { return e / s },
		"2.5 ULP too large":    func(e, s float32) float32 { return float32(float64(e) / float64(s) * (1 + 5*unit)) },
		"times the reciprocal": func(e, s float32) float32 { return e * (1 / s) },
		"times one too small":  func(e, s float32) float32 { return e * float32(1/float64(s)*(1-5*unit)) },
	}
	flush := func(v float32) float32 {
		if v < tiny {
			return 0
		}
		return v
	}
	for _, spread := range []float64{0.01, 1, 10, 50} {
		for _, n := range []int{1, 2, 10, 1000} {
			x := mk(t, 1, n, 1, 1, normal(r, n)...)
			for i := range x.Data {
				x.Data[i] *= float32(spread)
			}
			ref := must(t)(Softmax(x))
			largest := float32(math.Inf(-1))
			for _, v := range x.Data {
				largest = max(largest, v)
			}
			for how, exp := range exps {
				e := make([]float32, n)
				var forward, backward float32
				for c, v := range x.Data {
					d := float64(v - largest)
					e[c] = flush(float32(math.Exp(d) * exp(r, c, d)))
					forward += e[c]
				}
				for c := n - 1; c >= 0; c-- {
					backward += e[c]
				}
				for name, div := range divisions {
					for _, sum := range []float32{forward, backward} {
						got := tensor.New(ref.Shape)
						for c := range e {
							got.Data[c] = flush(div(e[c], sum))
						}
						if rep := Check(got, ref); rep.Err != nil {
							t.Errorf("spread %v, %d channels, exp %s, %s: %v", spread, n, how, name, rep.Err)
						}
					}
				}
			}
			// Not vacuous: 1e-4 is found in every normal number, and for ten classes 1e-5.
			for i, v := range ref.Value {
				limit := 1e-4 * v
				if n <= 10 && spread <= 1 {
					limit = 1e-5 * v
				}
				if b := ref.Bound(i) - ref.Flush; b > limit && v >= tiny {
					t.Errorf("spread %v, %d channels: element %d, %g, has the bound %g", spread, n, i, v, b)
					break
				}
			}
		}
	}
}
