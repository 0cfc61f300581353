package cpuref

import (
	"math"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

func TestPoolByHand(t *testing.T) {
	nine := mk(t, 1, 1, 3, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	negative := mk(t, 1, 1, 2, 2, -1, -2, -3, -4)
	five := mk(t, 1, 1, 1, 5, 1, 2, 3, 4, 5)
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	sq := graph.Square
	for _, c := range []struct {
		name string
		x    *tensor.Tensor
		op   graph.Pool2D
		b    []float32
		h, w int
		want []float64
		ops  int
	}{
		{"average, padding counted", nine, graph.Pool2D{Kernel: sq(3), Pad: graph.Pad(1), CountIncludePad: true}, nil, 3, 3,
			[]float64{12. / 9, 21. / 9, 16. / 9, 27. / 9, 45. / 9, 33. / 9, 24. / 9, 39. / 9, 28. / 9}, 11},
		{"average, padding not counted", nine, graph.Pool2D{Kernel: sq(3), Pad: graph.Pad(1)}, nil, 3, 3,
			[]float64{12. / 4, 21. / 6, 16. / 4, 27. / 6, 45. / 9, 33. / 6, 24. / 4, 39. / 6, 28. / 4}, 15},
		{"average, bias", nine, graph.Pool2D{Kernel: sq(3), CountIncludePad: true}, []float32{-0.5}, 1, 1, []float64{4.5}, 11},
		{"average, asymmetric padding", nine, graph.Pool2D{Kernel: sq(2), Stride: sq(2), Pad: graph.Padding{Top: 1, Right: 1}, CountIncludePad: true}, nil, 2, 2,
			[]float64{3. / 4, 3. / 4, 24. / 4, 15. / 4}, 6},
		// PyTorch: AvgPool2d((1, 3), (1, 2), (0, 1), ceil_mode=True): windows 0 1 2 | 2 3 4 | 4 5 0.
		{"average, ceil mode that adds nothing", five, graph.Pool2D{Kernel: graph.Pair{H: 1, W: 3}, Stride: graph.Pair{H: 1, W: 2},
			Pad: graph.Padding{Left: 1, Right: 1}, CeilMode: true, CountIncludePad: true}, nil, 1, 3, []float64{1, 3, 3}, 9},
		// Windows 1 2 | 3 4 | 5 and one past the end: the divisor is 1, counted or not.
		{"average, ceil mode, clipped", five, graph.Pool2D{Kernel: graph.Pair{H: 1, W: 2}, Stride: graph.Pair{H: 1, W: 2}, CeilMode: true, CountIncludePad: true}, nil, 1, 3,
			[]float64{1.5, 3.5, 5}, 8},
		// Kernel 4, stride 3, padding 1: 0 1 2 3 | 3 4 5 0, nothing left. Stride 4: 0 1 2 3 | 4 5 0 and one past the padding: 9/3.
		{"average, ceil mode, padding counted up to its end", five, graph.Pool2D{Kernel: graph.Pair{H: 1, W: 4}, Stride: graph.Pair{H: 1, W: 4},
			Pad: graph.Padding{Left: 1, Right: 1}, CeilMode: true, CountIncludePad: true}, nil, 1, 2, []float64{6. / 4, 9. / 3}, 10},
		{"average, ceil mode, padding not counted", five, graph.Pool2D{Kernel: graph.Pair{H: 1, W: 4}, Stride: graph.Pair{H: 1, W: 4},
			Pad: graph.Padding{Left: 1, Right: 1}, CeilMode: true}, nil, 1, 2, []float64{6. / 3, 9. / 2}, 10},
		{"ceil mode drops a window that starts in the padding", mk(t, 1, 1, 1, 4, 1, 2, 3, 4), graph.Pool2D{Type: graph.Max, Kernel: graph.Pair{H: 1, W: 2},
			Stride: graph.Pair{H: 1, W: 5}, Pad: graph.Padding{Left: 1, Right: 1}, CeilMode: true}, nil, 1, 1, []float64{1}, 0},
		{"max, negatives beside padding", negative, graph.Pool2D{Type: graph.Max, Kernel: sq(3), Pad: graph.Pad(1)}, nil, 2, 2, []float64{-1, -1, -1, -1}, 0},
		{"max, stride 2", nine, graph.Pool2D{Type: graph.Max, Kernel: sq(2), Stride: sq(2), CeilMode: true}, nil, 2, 2, []float64{5, 6, 8, 9}, 0},
		{"max, bias", negative, graph.Pool2D{Type: graph.Max, Kernel: sq(2)}, []float32{0.25}, 1, 1, []float64{-0.75}, 1},
		// Dilation 2, padding 1: windows . 2 4 | 1 3 5 | 2 4 ..
		{"max, dilated", five, graph.Pool2D{Type: graph.Max, Kernel: graph.Pair{H: 1, W: 3}, Dilation: graph.Pair{W: 2}, Pad: graph.Padding{Left: 1, Right: 1}}, nil, 1, 3,
			[]float64{4, 5, 4}, 0},
		{"average, dilated, padding counted", five, graph.Pool2D{Kernel: graph.Pair{H: 1, W: 3}, Dilation: graph.Pair{W: 2}, Pad: graph.Padding{Left: 1, Right: 1},
			CountIncludePad: true}, nil, 1, 3, []float64{6. / 3, 9. / 3, 6. / 3}, 5},
		{"average, dilated, padding not counted", five, graph.Pool2D{Kernel: graph.Pair{H: 1, W: 3}, Dilation: graph.Pair{W: 2}, Pad: graph.Padding{Left: 1, Right: 1}},
			nil, 1, 3, []float64{6. / 2, 9. / 3, 6. / 2}, 9},
		// Dilation 3, stride 4, padding 1: windows . 3 | 4 and one past the padding.
		{"average, dilated, ceil mode", five, graph.Pool2D{Kernel: graph.Pair{H: 1, W: 2}, Stride: graph.Pair{W: 4}, Dilation: graph.Pair{W: 3},
			Pad: graph.Padding{Left: 1, Right: 1}, CeilMode: true, CountIncludePad: true}, nil, 1, 2, []float64{3. / 2, 4}, 8},
		{"max, dilated, two axes", nine, graph.Pool2D{Type: graph.Max, Kernel: sq(2), Dilation: graph.Pair{H: 2, W: 1}}, nil, 1, 2, []float64{8, 9}, 0},
		{"average, dilated, two axes", nine, graph.Pool2D{Kernel: sq(2), Dilation: graph.Pair{H: 1, W: 2}, CountIncludePad: true}, nil, 2, 1, []float64{14. / 4, 26. / 4}, 6},
		{"max, dilated around negatives", negative, graph.Pool2D{Type: graph.Max, Kernel: sq(2), Dilation: sq(2), Pad: graph.Padding{Top: 1, Left: 1, Bottom: 2, Right: 2}},
			nil, 3, 3, []float64{-4, -3, -4, -2, -1, -2, -4, -3, -4}, 0},
		{"max, dilated past a NaN", mk(t, 1, 1, 1, 4, 1, nan, 2, 3), graph.Pool2D{Type: graph.Max, Kernel: graph.Pair{H: 1, W: 2}, Dilation: graph.Pair{W: 2}}, nil, 1, 2,
			[]float64{2, math.NaN()}, 0},
		{"max, −Inf beside padding", mk(t, 1, 1, 1, 3, -inf, -inf, 1), graph.Pool2D{Type: graph.Max, Kernel: graph.Pair{H: 1, W: 3}, Pad: graph.Padding{Left: 1, Right: 1}}, nil, 1, 3,
			[]float64{math.Inf(-1), 1, 1}, 0},
		{"average, NaN", mk(t, 1, 1, 1, 3, 1, nan, 2), graph.Pool2D{Kernel: graph.Pair{H: 1, W: 2}, Stride: graph.Pair{W: 2}, CeilMode: true}, nil, 1, 2, []float64{math.NaN(), 2}, 8},
		{"max, NaN among infinities", mk(t, 1, 1, 1, 3, inf, nan, -inf), graph.Pool2D{Type: graph.Max, Kernel: graph.Pair{H: 1, W: 3}}, nil, 1, 1, []float64{math.NaN()}, 0},
		{"max, NaN", mk(t, 1, 1, 1, 3, 1, nan, 2), graph.Pool2D{Type: graph.Max, Kernel: graph.Pair{H: 1, W: 2}}, nil, 1, 2, []float64{math.NaN(), math.NaN()}, 0},
		{"max, −Inf", mk(t, 1, 1, 1, 1, float32(math.Inf(-1))), graph.Pool2D{Type: graph.Max, Kernel: sq(1)}, nil, 1, 1, []float64{math.Inf(-1)}, 0},
	} {
		r := must(t)(Pool2D(c.x, c.op, c.b))
		if want := (tensor.Shape{N: 1, C: 1, H: c.h, W: c.w}); r.Shape != want {
			t.Errorf("%s: shape %v, want %v", c.name, r.Shape, want)
		}
		same(t, c.name, r.Value, c.want...)
		if r.Ops != c.ops {
			t.Errorf("%s: Ops %d, want %d", c.name, r.Ops, c.ops)
		}
	}
}

func TestPoolMagnitude(t *testing.T) {
	r := must(t)(Pool2D(mk(t, 1, 2, 1, 2, 1, -3, 5, -5), graph.Pool2D{Kernel: graph.Pair{H: 1, W: 2}, CountIncludePad: true}, []float32{-1, 2}))
	same(t, "value", r.Value, -2, 2)
	same(t, "magnitude", r.Mag, 3, 7)
}

// TestPoolBoundCovers sums windows in float32 and scales them in the ways that a shader may.
func TestPoolBoundCovers(t *testing.T) {
	r := random(5)
	for _, k := range []int{1, 2, 3, 5, 8} {
		for _, include := range []bool{true, false} {
			op := graph.Pool2D{Kernel: graph.Square(k), CountIncludePad: include}
			x, b := mk(t, 1, 50, k, k, normal(r, 50*k*k)...), normal(r, 50)
			ref := must(t)(Pool2D(x, op, b))
			area := float32(k * k)
			scalings := map[string]func(s float32) float32{
				"times the reciprocal": func(s float32) float32 { return s * float32(1/area) },
				"divided":              func(s float32) float32 { return s / area },
			}
			if !include { // the worst that GLSL allows a division
				scalings["times a reciprocal 2.5 ULP too large"] = func(s float32) float32 { return s * float32(float64(1/area)*(1+5*unit)) }
			}
			for name, scale := range scalings {
				got, wrong := tensor.New(ref.Shape), tensor.New(ref.Shape)
				for c := range 50 {
					var s float32
					for _, v := range x.Data[c*k*k:][:k*k] {
						s += v
					}
					got.Data[c] = float32(scale(s)) + b[c]
					wrong.Data[c] = float32(scale(s))*1.0001 + b[c]
				}
				if rep := Check(got, ref); rep.Err != nil {
					t.Errorf("%d×%d, %s: %v", k, k, name, rep.Err)
				}
				if rep := Check(wrong, ref); rep.Err == nil {
					t.Errorf("%d×%d, %s: a divisor 0.01 %% off passes", k, k, name)
				}
			}
		}
	}
}

func TestPoolErrors(t *testing.T) {
	x := mk(t, 1, 1, 3, 3, make([]float32, 9)...)
	for name, op := range map[string]graph.Pool2D{
		"padding": {Kernel: graph.Square(2), Pad: graph.Pad(2)},
		"kernel":  {Kernel: graph.Square(4)},
		"none":    {},
		"type":    {Type: 7, Kernel: graph.Square(1)},
		"stride":  {Kernel: graph.Square(1), Stride: graph.Square(-1)},
		"dilated": {Kernel: graph.Square(2), Dilation: graph.Square(3)},
		"around":  {Kernel: graph.Square(2), Dilation: graph.Square(4), Pad: graph.Pad(4)},
	} {
		if _, err := Pool2D(x, op, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := Pool2D(x, graph.Pool2D{Kernel: graph.Square(1)}, make([]float32, 2)); err == nil {
		t.Error("long bias: no error")
	}
	if _, err := Pool2D(nil, graph.Pool2D{Kernel: graph.Square(1)}, nil); err == nil {
		t.Error("nil: no error")
	}
}

// TestPoolCeilBeyondInput: in ceil mode a window larger than the input is cut off, as PyTorch does.
func TestPoolCeilBeyondInput(t *testing.T) {
	x, err := tensor.FromData(tensor.Shape{N: 1, C: 1, H: 1, W: 2}, []float32{3, 5})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		kind graph.PoolKind
		want float64
	}{{graph.Average, 4}, {graph.Max, 5}} {
		p := graph.Pool2D{Type: c.kind, Kernel: graph.Square(3), Stride: graph.Square(3), CeilMode: true, CountIncludePad: true}
		r, err := Pool2D(x, p, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Value) != 1 || r.Value[0] != c.want {
			t.Errorf("%s: %v, want %v", p.Kind(), r.Value, c.want)
		}
	}
}
