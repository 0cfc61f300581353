package cpuref

import (
	"math"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

func TestBinary(t *testing.T) {
	a, b := mk(t, 2, 1, 1, 2, 1, 2, 3, 4), mk(t, 2, 1, 1, 2, 10, 20, -30, 0.5)
	pixel := mk(t, 2, 1, 1, 1, 10, -2)
	add, mul := graph.Binary{}, graph.Binary{Type: graph.Mul}
	same(t, "a + b", must(t)(Binary(a, b, add)).Value, 11, 22, -27, 4.5)
	same(t, "a · b", must(t)(Binary(a, b, mul)).Value, 10, 40, -90, 2)
	same(t, "a + pixel", must(t)(Binary(a, pixel, add)).Value, 11, 12, 1, 2)
	same(t, "a · pixel", must(t)(Binary(a, pixel, mul)).Value, 10, 20, -6, -8)
	same(t, "1×1 map", must(t)(Binary(pixel, pixel, mul)).Value, 100, 4)
	same(t, "pixel + a", must(t)(Binary(pixel, a, add)).Value, 11, 12, 1, 2)
	same(t, "row · column", must(t)(Binary(mk(t, 1, 1, 1, 2, 2, 3), mk(t, 1, 2, 2, 1, 1, 10, 100, 1000), mul)).Value, 2, 3, 20, 30, 200, 300, 2000, 3000)
	for name, in := range map[string][2]*tensor.Tensor{"two and three": {a, mk(t, 1, 1, 1, 3, 1, 2, 3)}, "nil": {a, nil}, "nil first": {nil, a}} {
		if _, err := Binary(in[0], in[1], add); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestBinaryBound: a correctly rounded sum or product passes, and two ULP off doesn't.
func TestBinaryBound(t *testing.T) {
	r := random(9)
	const n = 2000
	for _, kind := range []graph.BinaryKind{graph.Add, graph.Mul} {
		a, b := mk(t, n, 1, 1, 1, normal(r, n)...), mk(t, n, 1, 1, 1, normal(r, n)...)
		for i := range n / 2 {
			b.Data[i] = -a.Data[i] * float32(1+r.NormFloat64()/1000) // cancels in a sum
		}
		ref := must(t)(Binary(a, b, graph.Binary{Type: kind}))
		got := tensor.New(ref.Shape)
		for i := range n {
			if got.Data[i] = a.Data[i] + b.Data[i]; kind == graph.Mul {
				got.Data[i] = a.Data[i] * b.Data[i]
			}
		}
		if rep := Check(got, ref); rep.Err != nil {
			t.Errorf("%v: %v", kind, rep.Err)
		}
		for i, v := range got.Data {
			got.Data[i] = v * (1 + 2*0x1p-22)
			if rep := Check(got, ref); rep.Err == nil || rep.Index != i {
				t.Fatalf("%v: element %d, 4 ULP off, passes", kind, i)
			}
			got.Data[i] = v
		}
	}
}

func TestBinaryFlush(t *testing.T) {
	const sub = 1e-39
	zero := func(v float32) float32 {
		if math.Abs(float64(v)) < tiny {
			return 0
		}
		return v
	}
	for _, c := range [][2]float32{{sub, sub}, {sub, 2e-38}, {2e-38, -1.9e-38}, {1e-20, 1e-20}, {sub, 1e30}, {1e30, sub}, {sub, 3}} {
		a, b := mk(t, 1, 1, 1, 1, c[0]), mk(t, 1, 1, 1, 1, c[1])
		for _, kind := range []graph.BinaryKind{graph.Add, graph.Mul} {
			ref := must(t)(Binary(a, b, graph.Binary{Type: kind}))
			flushed := zero(zero(c[0]) + zero(c[1]))
			if kind == graph.Mul {
				flushed = zero(zero(c[0]) * zero(c[1]))
			}
			if rep := Check(mk(t, 1, 1, 1, 1, flushed), ref); rep.Err != nil {
				t.Errorf("%v of %v, flushing: %v", kind, c, rep.Err)
			}
		}
	}
}

// TestBinaryKinds: every operation by hand, on what is awkward too.
func TestBinaryKinds(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	a := []float32{3, -2, 0, nan, inf, -3, 0, 1}
	b := []float32{2, 2, 0, 1, inf, -3, 5, nan}
	n, i := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		kind graph.BinaryKind
		want []float64
	}{
		{graph.Sub, []float64{1, -4, 0, n, n, 0, -5, n}},
		{graph.Div, []float64{1.5, -1, n, n, n, 1, 0, n}},
		{graph.Pow, []float64{9, 4, 1, n, i, -1. / 27, 0, 1}},
		{graph.Minimum, []float64{2, -2, 0, n, i, -3, 0, n}},
		{graph.Maximum, []float64{3, 2, 0, n, i, -3, 5, n}},
		{graph.PReLU, []float64{3, -4, 0, n, i, 9, 0, 1}},
		{graph.Equal, []float64{0, 0, 1, 0, 1, 1, 0, 0}},
		{graph.NotEqual, []float64{1, 1, 0, 1, 0, 0, 1, 1}},
		{graph.Greater, []float64{1, 0, 0, 0, 0, 0, 0, 0}},
		{graph.GreaterEqual, []float64{1, 0, 1, 0, 1, 1, 0, 0}},
		{graph.And, []float64{1, 1, 0, 1, 1, 1, 0, 1}},
		{graph.Or, []float64{1, 1, 0, 1, 1, 1, 1, 1}},
		{graph.Xor, []float64{0, 0, 0, 0, 0, 0, 1, 0}},
		{graph.Keep, []float64{3, -2, 0, n, i, -3, 0, 1}},
		{graph.Drop, []float64{0, 0, 0, 0, 0, 0, 0, 0}},
	} {
		r := must(t)(Binary(mk(t, 1, 1, 1, 8, a...), mk(t, 1, 1, 1, 8, b...), graph.Binary{Type: c.kind}))
		same(t, c.kind.String(), r.Value, c.want...)
		if rep := Check(r.Tensor(), r); rep.Err != nil {
			t.Errorf("%v: %v", c.kind, rep.Err)
		}
		got := r.Tensor()
		if got.Data[0] += 1e-4; Check(got, r).Err == nil {
			t.Errorf("%v: %v for %v passes", c.kind, got.Data[0], r.Value[0])
		}
	}
	pow := must(t)(Binary(mk(t, 1, 1, 1, 6, -2, -2, 0, -1, -inf, 2), mk(t, 1, 1, 1, 6, 0.5, 3, -1, inf, 3, -inf), graph.Binary{Type: graph.Pow}))
	same(t, "pow", pow.Value, n, -8, i, 1, -i, 0)
}
