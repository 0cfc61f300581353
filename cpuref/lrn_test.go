package cpuref

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

func TestLRNByHand(t *testing.T) {
	x := mk(t, 1, 4, 1, 1, 1, 2, -3, 4)
	for _, c := range []struct {
		name string
		l    graph.LRN
		want []float64
	}{
		{"3 channels", graph.LRN{Size: 3, Alpha: 3, Beta: 1, Bias: 1}, []float64{1. / 6, 2. / 15, -3. / 30, 4. / 26}},
		{"2 channels: this one and the next", graph.LRN{Size: 2, Alpha: 2, Beta: 1, Bias: 0}, []float64{1. / 5, 2. / 13, -3. / 25, 4. / 16}},
		{"more channels than there are", graph.LRN{Size: 9, Alpha: 9, Beta: 0.5, Bias: 6}, []float64{1. / 6, 2. / 6, -3. / 6, 4. / 6}},
		{"¾", graph.LRN{Size: 1, Alpha: 15, Beta: 0.75, Bias: 1}, []float64{1. / 8, 2 / math.Pow(61, .75), -3 / math.Pow(136, .75), 4 / math.Pow(241, .75)}},
		{"no power", graph.LRN{Size: 3, Alpha: 3, Beta: 0, Bias: 1}, []float64{1, 2, -3, 4}},
	} {
		r := must(t)(LRN(x, c.l))
		for i, w := range c.want {
			if !(math.Abs(r.Value[i]-w) <= 1e-15) {
				t.Errorf("%s: %v, want %v", c.name, r.Value, c.want)
				break
			}
		}
	}
	if _, err := LRN(nil, graph.LRN{Size: 1}); err == nil {
		t.Error("nil: no error")
	}
}

// literalLRN is LRN's formula.
func literalLRN(x *tensor.Tensor, l graph.LRN) (all []float64) {
	for n := range x.N {
		for c := range x.C {
			for yy := range x.H {
				for xx := range x.W {
					sum := 0.0
					for i := range x.C {
						if 2*(c-i) <= l.Size-1 && 2*(i-c) <= l.Size {
							sum += float64(x.At(n, i, yy, xx)) * float64(x.At(n, i, yy, xx))
						}
					}
					all = append(all, float64(x.At(n, c, yy, xx))/math.Pow(l.Bias+l.Alpha/float64(l.Size)*sum, l.Beta))
				}
			}
		}
	}
	return all
}

func TestLRNIsItsFormula(t *testing.T) {
	r := random(12)
	for range 100 {
		s := tensor.Shape{N: 1 + r.IntN(2), C: 1 + r.IntN(7), H: 1 + r.IntN(3), W: 1 + r.IntN(3)}
		x := mk(t, s.N, s.C, s.H, s.W, normal(r, s.Len())...)
		l := graph.LRN{Size: 1 + r.IntN(8), Alpha: r.Float64(), Beta: r.Float64() * 2, Bias: 0.1 + r.Float64()}
		got := must(t)(LRN(x, l)).Value
		for i, w := range literalLRN(x, l) {
			if !(math.Abs(got[i]-w) <= 1e-13*math.Abs(w)) {
				t.Fatalf("%+v on %v: element %d is %v, want %v", l, s, i, got[i], w)
			}
		}
	}
}

// powers are what GLSL may compute for s^−β, β from the shader's float32.
var powers = map[string]func(r *rand.Rand, s, beta float32) float32{
	"pow":                                  func(_ *rand.Rand, s, beta float32) float32 { return float32(math.Pow(float64(s), -float64(beta))) },
	"exp2 and log2, as bad as allowed, up": func(_ *rand.Rand, s, beta float32) float32 { return glslPower(s, beta, 1) },
	"the same, down":                       func(_ *rand.Rand, s, beta float32) float32 { return glslPower(s, beta, -1) },
	"the same, anywhere":                   func(r *rand.Rand, s, beta float32) float32 { return glslPower(s, beta, 2*r.Float64()-1) },
}

// glslPower is exp2(−beta·log2(s)) with both functions off by as much as GLSL allows, times to, which is −1 … 1.
func glslPower(s, beta float32, to float64) float32 {
	log := math.Log2(float64(s))
	off := 6 * unit * math.Abs(log) // 3 ULP
	if s >= 0.5 && s <= 2 {
		off = 0x1p-21
	}
	t := -beta * float32(log-to*off)
	return float32(math.Exp2(float64(t)) * (1 + to*(6+4*math.Abs(float64(t)))*unit))
}

// TestLRNBoundCovers computes LRN in float32 in the ways that a shader may.
func TestLRNBoundCovers(t *testing.T) {
	r := random(13)
	const c = 64
	for _, l := range []graph.LRN{
		{Size: 5, Alpha: 1e-4, Beta: 0.75, Bias: 1}, // GoogLeNet's
		{Size: 5, Alpha: 1e-4, Beta: 0.75, Bias: 2}, // AlexNet's
		{Size: 2, Alpha: 1, Beta: 0.75, Bias: 0.1},
		{Size: 1, Alpha: 0.3, Beta: 0.5, Bias: 1e-3},
		{Size: 63, Alpha: 2, Beta: 1, Bias: 0},
	} {
		for _, scale := range []float32{1, 100, 1e-10, 1e9} {
			if l.Bias == 0 && scale < 1 {
				continue // s would be subnormal, or near it
			}
			x := mk(t, 1, c, 1, 1, normal(r, c)...)
			for i := range x.Data {
				x.Data[i] *= scale
			}
			ref := must(t)(LRN(x, l))
			alpha, beta, bias := float32(l.Alpha), float32(l.Beta), float32(l.Bias)
			factor := float32(l.Alpha / float64(l.Size))
			sums := map[string]func(v []float32) float32{
				"forward": func(v []float32) float32 {
					var sum float32
					for _, v := range v {
						sum += float32(v * v)
					}
					return float32(factor*sum) + bias
				},
				"backward, fused, divided": func(v []float32) float32 {
					var sum float32
					for i := len(v) - 1; i >= 0; i-- {
						sum = float32(float64(v[i])*float64(v[i]) + float64(sum))
					}
					return float32(float64(alpha*sum)/float64(l.Size)*(1+5*unit)) + bias
				},
				"on top of the bias": func(v []float32) float32 {
					sum := bias
					for _, v := range v {
						sum += float32(factor * float32(v*v))
					}
					return sum
				},
			}
			for name, sum := range sums {
				for how, power := range powers {
					got, wrong := tensor.New(ref.Shape), tensor.New(ref.Shape)
					for i, v := range x.Data {
						s := sum(x.Data[max(i-(l.Size-1)/2, 0) : min(i+l.Size/2, c-1)+1])
						got.Data[i] = v * power(r, s, beta)
						wrong.Data[i] = v * power(r, s, beta*1.01)
					}
					what := fmt.Sprintf("%+v at %g, %s, %s", l, scale, name, how)
					if rep := Check(got, ref); rep.Err != nil {
						t.Errorf("%s: %v", what, rep.Err)
					}
					if rep := Check(wrong, ref); rep.Err == nil && ref.Value[0] != float64(x.Data[0]) && l.Bias != 1 {
						t.Errorf("%s: a power 1 %% off passes", what)
					}
				}
			}
			// Not vacuous.
			for i, v := range ref.Value {
				if b := ref.Bound(i); !(b <= 1e-4*math.Abs(v)) || l.Size == 5 && scale <= 100 && !(b <= 2.5e-6*math.Abs(v)) {
					t.Errorf("%+v at %g: element %d, %g, has the bound %g", l, scale, i, v, b)
				}
			}
		}
	}
}

// TestLRNByInverseSquareRoots: the way around pow that LRN's comment has room for, with inversesqrt 2 ULP off.
func TestLRNByInverseSquareRoots(t *testing.T) {
	r := random(14)
	const n = 2000
	l := graph.LRN{Size: 1, Alpha: 1, Beta: 0.75, Bias: 1}
	x := mk(t, n, 1, 1, 1, normal(r, n)...)
	ref := must(t)(LRN(x, l))
	for _, to := range []float64{-1, 1} {
		invsqrt := func(v float32) float32 { return float32(1 / math.Sqrt(float64(v)) * (1 + 4*to*unit)) }
		got := tensor.New(x.Shape)
		for i, v := range x.Data {
			root := invsqrt(float32(v*v) + 1)
			got.Data[i] = v * float32(root*float32(1/float64(invsqrt(root))*(1-5*to*unit)))
		}
		if rep := Check(got, ref); rep.Err != nil {
			t.Error(rep.Err)
		}
	}
}

// TestLRNOutsideItsRange: where pow is undefined, or its error unbounded, only the reference's own NaN or infinity passes.
func TestLRNOutsideItsRange(t *testing.T) {
	for name, c := range map[string]struct {
		x float32
		l graph.LRN
	}{
		"s negative":             {1, graph.LRN{Size: 1, Alpha: -2, Beta: 0.75, Bias: 1}},
		"s negative, integer β":  {1, graph.LRN{Size: 1, Alpha: -2, Beta: 1, Bias: 1}},
		"s 0":                    {0, graph.LRN{Size: 1, Alpha: 1, Beta: 0.75}},
		"s subnormal":            {1e-22, graph.LRN{Size: 1, Alpha: 1, Beta: 0.75}},
		"s lost to cancellation": {1, graph.LRN{Size: 1, Alpha: -1, Beta: 0.75, Bias: 1.0000001}},
	} {
		ref := must(t)(LRN(mk(t, 1, 1, 1, 1, c.x), c.l))
		for _, v := range []float32{0, 1, 1e9} {
			if rep := Check(mk(t, 1, 1, 1, 1, v), ref); rep.Err == nil {
				t.Errorf("%s: %v passes for %v, bound %v", name, v, ref.Value[0], ref.Bound(0))
			}
		}
	}
	// A subnormal input may be lost, but not a normal one.
	l := graph.LRN{Size: 1, Alpha: 1, Beta: 0.75, Bias: 1e-8}
	zero := mk(t, 1, 1, 1, 1, 0)
	if rep := Check(zero, must(t)(LRN(mk(t, 1, 1, 1, 1, 1e-39), l))); rep.Err != nil {
		t.Error(rep.Err)
	}
	if rep := Check(zero, must(t)(LRN(mk(t, 1, 1, 1, 1, 2e-38), l))); rep.Err == nil {
		t.Error("a normal input may not be dropped")
	}
}
