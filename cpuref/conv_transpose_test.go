package cpuref

import (
	"math"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// TestConvTransposeIsTheAdjoint: a transposed convolution is the gradient of the convolution with the same weights:
// Σ y·conv(x) = Σ x·transposed(y) for all x and y.
func TestConvTransposeIsTheAdjoint(t *testing.T) {
	r := random(12)
	tried := 0
	for range 200 {
		groups := 1 + r.IntN(3)
		c := graph.Conv2D{In: groups * (1 + r.IntN(3)), Out: groups * (1 + r.IntN(3)), Groups: groups,
			Kernel: graph.Pair{H: 1 + r.IntN(3), W: 1 + r.IntN(4)}, Stride: graph.Pair{H: 1 + r.IntN(3), W: 1 + r.IntN(3)},
			Dilation: graph.Pair{H: 1 + r.IntN(2), W: 1 + r.IntN(2)},
			Pad:      graph.Padding{Top: r.IntN(2), Left: r.IntN(3), Bottom: r.IntN(3), Right: r.IntN(2)}}
		s := tensor.Shape{N: 1 + r.IntN(2), C: c.In, H: 1 + r.IntN(8), W: 1 + r.IntN(8)}
		out, err := c.OutShape([]tensor.Shape{s})
		if err != nil {
			continue // the kernel doesn't fit
		}
		back := graph.ConvTranspose2D{In: c.Out, Out: c.In, Kernel: c.Kernel, Stride: c.Stride, Pad: c.Pad, Dilation: c.Dilation, Groups: groups}
		small, err := back.OutShape([]tensor.Shape{out})
		if err != nil {
			continue // nothing is left without the rows and columns that the stride dropped
		}
		back.Extra = graph.Pair{H: s.H - small.H, W: s.W - small.W}
		tried++
		w := normal(r, c.Out*c.In/groups*c.Kernel.H*c.Kernel.W)
		x, y := mk(t, s.N, s.C, s.H, s.W, normal(r, s.Len())...), mk(t, out.N, out.C, out.H, out.W, normal(r, out.Len())...)
		forward, backward := must(t)(Conv2D(x, c, w, nil)), must(t)(ConvTranspose2D(y, back, w, nil))
		if backward.Shape != s {
			t.Fatalf("%+v: %v, want %v", back, backward.Shape, s)
		}
		a, b, scale := 0.0, 0.0, 0.0
		for i, v := range y.Data {
			a += float64(v) * forward.Value[i]
			scale += math.Abs(float64(v)) * forward.Mag[i]
		}
		for i, v := range x.Data {
			b += float64(v) * backward.Value[i]
		}
		if !(math.Abs(a-b) <= 1e-12*scale) {
			t.Errorf("%+v of %v: %v and %v", c, s, a, b)
		}
	}
	if tried < 50 {
		t.Errorf("only %d layers fit", tried)
	}
}

// TestConvTransposeBias: where no tap reaches, an output is the bias; and errors.
func TestConvTransposeBias(t *testing.T) {
	op := graph.ConvTranspose2D{In: 1, Out: 1, Kernel: graph.Square(1), Stride: graph.Square(2), Extra: graph.Square(1), Bias: "b"}
	r := must(t)(ConvTranspose2D(mk(t, 1, 1, 1, 2, 3, 5), op, []float32{2}, []float32{7}))
	same(t, "strided", r.Value, 13, 7, 17, 7, 7, 7, 7, 7)
	for name, err := range map[string]error{
		"nil": func() error { _, err := ConvTranspose2D(nil, op, []float32{2}, nil); return err }(),
		"weight": func() error {
			_, err := ConvTranspose2D(mk(t, 1, 1, 1, 1, 1), op, []float32{2, 3}, nil)
			return err
		}(),
		"bias": func() error {
			_, err := ConvTranspose2D(mk(t, 1, 1, 1, 1, 1), op, []float32{2}, []float32{1, 2})
			return err
		}(),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
