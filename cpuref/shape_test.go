package cpuref

import (
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

func TestReshape(t *testing.T) {
	x := mk(t, 2, 3, 1, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
	for op, want := range map[graph.Reshape]tensor.Shape{
		{C: 6, H: 1, W: 1}: {N: 2, C: 6, H: 1, W: 1},
		{C: 1, H: 2, W: 3}: {N: 2, C: 1, H: 2, W: 3},
		{C: 1, H: 1, W: 4}: {N: 3, C: 1, H: 1, W: 4},
	} {
		r := must(t)(Reshape(x, op))
		if r.Shape != want {
			t.Errorf("%v: shape %v, want %v", op, r.Shape, want)
		}
		same(t, "reshape", r.Value, widen(x.Data)...)
	}
	if _, err := Reshape(nil, graph.Reshape{C: 1, H: 1, W: 1}); err == nil {
		t.Error("nil: no error")
	}
}

// TestPad2D: element (y, x) is the input's at (y − Top, x − Left), or Value outside.
func TestPad2D(t *testing.T) {
	r := random(10)
	for range 100 {
		s := tensor.Shape{N: 1 + r.IntN(2), C: 1 + r.IntN(3), H: 1 + r.IntN(3), W: 1 + r.IntN(4)}
		x := mk(t, s.N, s.C, s.H, s.W, normal(r, s.Len())...)
		op := graph.Pad2D{Pad: graph.Padding{Top: r.IntN(3), Left: r.IntN(3), Bottom: r.IntN(3), Right: r.IntN(3)}, Value: -1.5}
		y := must(t)(Pad2D(x, op)).Tensor()
		if want := (tensor.Shape{N: s.N, C: s.C, H: s.H + op.Pad.Top + op.Pad.Bottom, W: s.W + op.Pad.Left + op.Pad.Right}); y.Shape != want {
			t.Fatalf("%v padded by %+v is %v, want %v", s, op.Pad, y.Shape, want)
		}
		for n := range y.N {
			for c := range y.C {
				for yy := range y.H {
					for xx := range y.W {
						want := op.Value
						if iy, ix := yy-op.Pad.Top, xx-op.Pad.Left; iy >= 0 && iy < s.H && ix >= 0 && ix < s.W {
							want = x.At(n, c, iy, ix)
						}
						if got := y.At(n, c, yy, xx); got != want {
							t.Fatalf("%v padded by %+v: (%d, %d, %d, %d) is %v, want %v", s, op.Pad, n, c, yy, xx, got, want)
						}
					}
				}
			}
		}
	}
	if _, err := Pad2D(nil, graph.Pad2D{}); err == nil {
		t.Error("nil: no error")
	}
}

func TestChannels(t *testing.T) {
	x := mk(t, 2, 3, 1, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
	r := must(t)(Channels(x, graph.Channels{Index: []int{2, 0, 2, 1}}))
	same(t, "channels", r.Value, 5, 6, 1, 2, 5, 6, 3, 4, 11, 12, 7, 8, 11, 12, 9, 10)
	for name, index := range map[string][]int{"past the end": {3}, "negative": {-1}, "none": {}} {
		if _, err := Channels(x, graph.Channels{Index: index}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := Channels(nil, graph.Channels{Index: []int{0}}); err == nil {
		t.Error("nil: no error")
	}
}
