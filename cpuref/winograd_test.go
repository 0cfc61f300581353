package cpuref

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// f23 is F(2, 3) and f43 is F(4, 3), by hand for the points 0, ±1, ∞ and 0, ±1, ±2, ∞.
var (
	f23 = Transform{
		AT: [][]float64{{1, 1, 1, 0}, {0, 1, -1, -1}},
		G:  [][]float64{{1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, 1}},
		BT: [][]float64{{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}},
	}
	f43 = Transform{
		AT: [][]float64{{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}},
		G:  [][]float64{{1. / 4, 0, 0}, {-1. / 6, -1. / 6, -1. / 6}, {-1. / 6, 1. / 6, -1. / 6}, {1. / 24, 1. / 12, 1. / 6}, {1. / 24, -1. / 12, 1. / 6}, {0, 0, 1}},
		BT: [][]float64{{4, 0, -5, 0, 1, 0}, {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0}, {0, -2, -1, 2, 1, 0}, {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}},
	}
)

func winogradCase(r *rand.Rand) (*tensor.Tensor, graph.Conv2D, []float32, []float32) {
	x := tensor.New(tensor.Shape{N: 2, C: 5, H: 7, W: 9})
	c := graph.Conv2D{In: 5, Out: 4, Kernel: graph.Square(3), Pad: graph.Padding{Top: 2, Right: 1}}
	w, b := make([]float32, 4*5*9), make([]float32, 4)
	for _, v := range [][]float32{x.Data, w, b} {
		for i := range v {
			v[i] = float32(r.NormFloat64())
		}
	}
	return x, c, w, b
}

// TestWinogradIsConv: the transforms compute the convolution.
func TestWinogradIsConv(t *testing.T) {
	x, c, w, b := winogradCase(rand.New(rand.NewPCG(1, 2)))
	want, err := Conv2D(x, c, w, b)
	if err != nil {
		t.Fatal(err)
	}
	got, err := winograd(context.Background(), fromTensor(x), c.Norm(), widen(w), widen(b), f23, f43, want.Shape)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got.v {
		if !(math.Abs(v-want.Value[i]) < 1e-12) {
			t.Fatalf("element %d is %v, want %v", i, v, want.Value[i])
		}
	}
}

// TestWinogradBound: a float32 implementation by hand, one tile of one channel, is within the bound; one with a wrong coefficient
// isn't. The bound is a direct sum's or larger, finite beside an infinite input, and far smaller than the numbers.
func TestWinogradBound(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	x, c, w, b := winogradCase(r)
	x.Data[3*9+4] = float32(math.Inf(1)) // image 0, channel 0, y 3, x 4
	direct, err := Conv2D(x, c, w, b)
	if err != nil {
		t.Fatal(err)
	}
	wide, err := Conv2D(x, c, w, b)
	if err == nil {
		err = wide.Winograd(x, c, w, b, f23, f43)
	}
	if err != nil {
		t.Fatal(err)
	}
	finite, larger := 0, 0
	for i := range wide.Value {
		if math.IsInf(direct.Mag[i], 0) {
			continue
		}
		finite++
		a, b := direct.Bound(i), wide.Bound(i)
		if !(b >= a) || b > 1e-2 {
			t.Fatalf("element %d: bound %v, a direct sum's is %v", i, b, a)
		}
		if b > a {
			larger++
		}
	}
	if finite != len(wide.Value)-4*9 || larger < finite/2 {
		t.Errorf("%d of %d bounds are finite, %d larger than a direct sum's", finite, len(wide.Value), larger)
	}

	// F(2×2, 3×3) of one tile, of large numbers that cancel, in float32.
	tile := tensor.New(tensor.Shape{N: 1, C: 1, H: 4, W: 4})
	one := graph.Conv2D{In: 1, Out: 1, Kernel: graph.Square(3)}
	pass := 0
	for range 1000 {
		for i := range tile.Data {
			tile.Data[i] = 100 + float32(r.NormFloat64())
		}
		taps := make([]float32, 9)
		for i := range taps {
			taps[i] = float32(r.NormFloat64())
		}
		want, err := Conv2D(tile, one, taps, nil)
		if err == nil {
			err = want.Winograd(tile, one, taps, nil, f23, f23)
		}
		if err != nil {
			t.Fatal(err)
		}
		got := tensor.New(want.Shape)
		copy(got.Data, tile32(tile.Data, taps, 1))
		if rep := Check(got, want); rep.Err != nil {
			t.Fatal(rep.Err)
		}
		copy(got.Data, tile32(tile.Data, taps, 1.01))
		if Check(got, want).Err == nil {
			pass++ // where its weight is next to nothing
		}
	}
	if pass > 20 {
		t.Errorf("a wrong coefficient passes in %d of 1000 tiles", pass)
	}
}

// tile32 is F(2×2, 3×3) in float32, with one of its coefficients, 1, replaced.
func tile32(d, w []float32, coefficient float32) []float32 {
	mul := func(a [][]float64, v []float32, columns int, wrong float32) []float32 { // a·v
		out := make([]float32, len(a)*columns)
		for y, row := range a {
			for x := range columns {
				var sum float32
				for k, c := range row {
					f := float32(c)
					if y == 1 && k == 1 {
						f *= wrong
					}
					sum += f * v[k*columns+x]
				}
				out[y*columns+x] = sum
			}
		}
		return out
	}
	flip := func(v []float32, rows, columns int) []float32 {
		out := make([]float32, len(v))
		for i, a := range v {
			out[i%columns*rows+i/columns] = a
		}
		return out
	}
	both := func(a [][]float64, v []float32, n int, wrong float32) []float32 {
		half := mul(a, v, n, wrong)
		return flip(mul(a, flip(half, len(a), n), len(a), 1), len(a), len(a))
	}
	u := make([]float64, 16)
	transform(f23.G, f23.G, u, widen(w))
	m := both(f23.BT, d, 4, coefficient)
	for i := range m {
		m[i] *= float32(u[i])
	}
	return both(f23.AT, m, 4, 1)
}

// TestWinogradRefused: what no transform of a 3×3 window serves.
func TestWinogradRefused(t *testing.T) {
	x, c, w, b := winogradCase(rand.New(rand.NewPCG(5, 6)))
	r, err := Conv2D(x, c, w, b)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*graph.Conv2D){
		"stride":   func(c *graph.Conv2D) { c.Stride = graph.Pair{H: 1, W: 2} },
		"dilation": func(c *graph.Conv2D) { c.Dilation = graph.Square(2) },
		"window":   func(c *graph.Conv2D) { c.Kernel = graph.Pair{H: 3, W: 2} },
		"groups":   func(c *graph.Conv2D) { c.Groups = 5 },
		"shape":    func(c *graph.Conv2D) { c.Pad = graph.Pad(1) },
	} {
		bad := c
		change(&bad)
		if r.Winograd(x, bad, w, b, f23, f43) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
