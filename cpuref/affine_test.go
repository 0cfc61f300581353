package cpuref

import (
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

func TestAffine(t *testing.T) {
	x := mk(t, 2, 2, 1, 1, 1, 2, 3, -4)
	a := graph.Affine{Channels: 2}
	for _, c := range []struct {
		name         string
		scale, shift []float32
		value, mag   []float64
	}{
		{"both", []float32{2, -3}, []float32{10, -20}, []float64{12, -26, 16, -8}, []float64{12, 26, 16, 32}},
		{"scale", []float32{2, -3}, nil, []float64{2, -6, 6, 12}, []float64{2, 6, 6, 12}},
		{"shift", nil, []float32{10, -20}, []float64{11, -18, 13, -24}, []float64{11, 22, 13, 24}},
		{"neither", nil, nil, []float64{1, 2, 3, -4}, []float64{1, 2, 3, 4}},
	} {
		r := must(t)(Affine(x, a, c.scale, c.shift))
		same(t, c.name, r.Value, c.value...)
		same(t, c.name+", magnitude", r.Mag, c.mag...)
	}
	if _, err := Affine(nil, a, nil, nil); err == nil {
		t.Error("nil: no error")
	}
}

// TestAffineIsConv: an Affine is a convolution with as many groups as channels, and has its bound.
func TestAffineIsConv(t *testing.T) {
	r := random(7)
	const c = 5
	x, w, b := mk(t, 2, c, 3, 4, normal(r, 2*c*12)...), normal(r, c), normal(r, c)
	x.Data[3], w[2] = 1e-39, 1e-40 // subnormal
	want := must(t)(Conv2D(x, graph.Conv2D{In: c, Out: c, Kernel: graph.Square(1), Groups: c}, w, b))
	got := must(t)(Affine(x, graph.Affine{Channels: c}, w, b))
	same(t, "value", got.Value, want.Value...)
	for i := range want.Value {
		if got.Bound(i) != want.Bound(i) {
			t.Fatalf("element %d: bound %g, a convolution's is %g", i, got.Bound(i), want.Bound(i))
		}
	}
}

func TestAffineBoundCovers(t *testing.T) {
	r := random(8)
	const n = 4000
	for _, scale := range []float32{1, 1e-20, 1e-38} {
		x, w, b := mk(t, 1, n, 1, 1, normal(r, n)...), normal(r, n), normal(r, n)
		for i := range n {
			x.Data[i] *= scale
			b[i] = -w[i]*x.Data[i] + b[i]*scale/1000 // cancels
		}
		ref := must(t)(Affine(x, graph.Affine{Channels: n}, w, b))
		for name, sum := range orders {
			got, wrong := tensor.New(ref.Shape), tensor.New(ref.Shape)
			for i := range n {
				got.Data[i] = sum(w[i:i+1], x.Data[i:i+1], b[i])
				wrong.Data[i] = sum([]float32{w[i] * 1.00001}, x.Data[i:i+1], b[i])
			}
			if rep := Check(got, ref); rep.Err != nil {
				t.Errorf("scale %g, %s: %v", scale, name, rep.Err)
			}
			if rep := Check(wrong, ref); rep.Err == nil && scale > 1e-30 {
				t.Errorf("scale %g, %s: a scale 0.001 %% off passes", scale, name)
			}
		}
	}
}
