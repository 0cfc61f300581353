package cpuref

import (
	"math"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// TestNormalize: values worked out by hand.
func TestNormalize(t *testing.T) {
	x := mk(t, 1, 4, 1, 2, 1, 3, 5, 7, -1, 2, 7, 10)
	for _, c := range []struct {
		name         string
		op           graph.Normalize
		scale, shift []float32
		want         []float64
	}{
		{"instance", graph.Normalize{Groups: 4}, nil, nil, []float64{-1, 1, -1, 1, -1, 1, -1, 1}},
		{"factors and addends", graph.Normalize{Groups: 4}, []float32{1, 2, 3, 4}, []float32{0, 1, 0, -1}, []float64{-1, 1, -1, 3, -3, 3, -5, 3}},
		{"epsilon", graph.Normalize{Groups: 4, Eps: 3}, nil, nil, []float64{-0.5, 0.5, -0.5, 0.5, -1.5 / math.Sqrt(5.25), 1.5 / math.Sqrt(5.25), -1.5 / math.Sqrt(5.25), 1.5 / math.Sqrt(5.25)}},
		{"groups of two", graph.Normalize{Groups: 2}, nil, nil, []float64{-3 / math.Sqrt(5), -1 / math.Sqrt(5), 1 / math.Sqrt(5), 3 / math.Sqrt(5),
			-5.5 / math.Sqrt(18.25), -2.5 / math.Sqrt(18.25), 2.5 / math.Sqrt(18.25), 5.5 / math.Sqrt(18.25)}},
		{"pixels, sizes", graph.Normalize{Type: graph.L1}, nil, nil, []float64{1. / 14, 3. / 22, 5. / 14, 7. / 22, -1. / 14, 2. / 22, 7. / 14, 10. / 22}},
		{"pixels, squares", graph.Normalize{Type: graph.L2}, nil, nil, []float64{1 / math.Sqrt(76), 3 / math.Sqrt(162), 5 / math.Sqrt(76), 7 / math.Sqrt(162),
			-1 / math.Sqrt(76), 2 / math.Sqrt(162), 7 / math.Sqrt(76), 10 / math.Sqrt(162)}},
		{"all of it, mean square", graph.Normalize{Type: graph.RootMeanSquare, Groups: 1, Eps: 2.25}, nil, nil,
			[]float64{1 / math.Sqrt(32), 3 / math.Sqrt(32), 5 / math.Sqrt(32), 7 / math.Sqrt(32), -1 / math.Sqrt(32), 2 / math.Sqrt(32), 7 / math.Sqrt(32), 10 / math.Sqrt(32)}},
	} {
		c.op.Channels = 4
		r := must(t)(Normalize(x, c.op, c.scale, c.shift))
		for i, w := range c.want {
			if !(math.Abs(r.Value[i]-w) < 1e-14) {
				t.Errorf("%s: element %d is %v, want %v", c.name, i, r.Value[i], w)
			}
		}
	}
	for _, kind := range []graph.NormalizeKind{graph.Standard, graph.RootMeanSquare, graph.L1, graph.L2} {
		r := must(t)(Normalize(mk(t, 1, 2, 1, 1, 0, 0), graph.Normalize{Type: kind, Channels: 2}, nil, []float32{0, 3}))
		same(t, "zeros", r.Value, 0, 3)
		if rep := Check(r.Tensor(), r); rep.Err != nil {
			t.Errorf("%v of zeros: %v", kind, rep.Err)
		}
	}
	for _, bad := range []graph.Normalize{{Channels: 3}, {Channels: 4, Groups: 3}, {Channels: 4, Groups: 5}, {Channels: 4, Eps: -1}, {Channels: 4, Eps: math.NaN()}, {Channels: 4, Type: 4}} {
		if _, err := Normalize(x, bad, nil, nil); err == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
	if _, err := Normalize(x, graph.Normalize{Channels: 4}, []float32{1}, nil); err == nil {
		t.Error("one factor for four channels: no error")
	}
}

// TestNormalizeBound: two passes in float32 pass, near 0 and far from it, in any order; the mean square less the squared mean doesn't, and
// neither does an answer with another epsilon.
func TestNormalizeBound(t *testing.T) {
	r := random(31)
	const channels, pixels = 3, 200
	for _, offset := range []float32{0, 30, 3000} {
		x := mk(t, 1, channels, 1, pixels, normal(r, channels*pixels)...)
		for i := range x.Data {
			x.Data[i] += offset
		}
		op := graph.Normalize{Channels: channels, Groups: channels, Eps: 1e-5}
		scale, shift := normal(r, channels), normal(r, channels)
		ref := must(t)(Normalize(x, op, scale, shift))
		// run is what a kernel would compute.
		run := func(eps float32, once bool) *tensor.Tensor {
			y := tensor.New(x.Shape)
			for c := range channels {
				v := x.Data[c*pixels:][:pixels]
				var sum, squares float32
				for _, i := range r.Perm(pixels) {
					sum += v[i]
					squares += v[i] * v[i]
				}
				mean := sum * float32(1./pixels)
				variance := squares*float32(1./pixels) - mean*mean
				if !once {
					squares = 0
					for _, i := range r.Perm(pixels) {
						squares += (v[i] - mean) * (v[i] - mean)
					}
					variance = squares * float32(1./pixels)
				}
				by := float32(1 / math.Sqrt(float64(variance+eps)))
				for i := range v {
					y.Data[c*pixels+i] = (v[i]-mean)*by*scale[c] + shift[c]
				}
			}
			return y
		}
		if rep := Check(run(1e-5, false), ref); rep.Err != nil {
			t.Errorf("around %v: %v", offset, rep.Err)
		}
		if rep := Check(run(1e-5, true), ref); offset == 3000 && rep.Err == nil {
			t.Errorf("around %v: one pass is good enough, at %v of the bound", offset, rep.MaxShare)
		}
		if rep := Check(run(1e-2, false), ref); offset < 3000 && rep.Err == nil {
			t.Errorf("around %v: another epsilon is good enough", offset)
		}
	}
}
