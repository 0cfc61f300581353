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
	for name, in := range map[string][2]*tensor.Tensor{"pixel first": {pixel, a}, "nil": {a, nil}, "nil first": {nil, a}} {
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
