package cpuref

import (
	"math"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// TestResize: values worked out by hand, and what is allowed to be rounded.
func TestResize(t *testing.T) {
	nan := float32(math.NaN())
	twice := graph.Extent{Scale: 2}
	for _, c := range []struct {
		name string
		op   graph.Resize
		in   []float32 // 2×2
		want []float64
		ops  int
	}{
		{"nearest", graph.Resize{W: twice}, []float32{1, 2, 3, nan}, []float64{1, 1, 2, 2, 3, 3, math.NaN(), math.NaN()}, 0},
		{"linear columns", graph.Resize{W: twice, Mode: graph.Linear}, []float32{0, 4, 8, 16}, []float64{0, 1, 3, 4, 8, 10, 14, 16}, 6},
		{"a weight of 0 reads nothing", graph.Resize{W: twice, Mode: graph.Linear}, []float32{0, 4, 8, nan},
			[]float64{0, 1, 3, 4, 8, math.NaN(), math.NaN(), math.NaN()}, 6},
		{"both", graph.Resize{H: graph.Extent{Size: 1}, W: graph.Extent{Size: 1}, Mode: graph.Linear}, []float32{1, 2, 3, 10}, []float64{4}, 7},
		{"outside", graph.Resize{H: graph.Extent{Size: 2, Start: 0, End: 2}, W: graph.Extent{End: 1}, Mode: graph.Linear, Coordinates: graph.CropAndResize, Extrapolation: -5},
			[]float32{1, 2, 3, 4}, []float64{1, 2, -5, -5}, 0},
	} {
		r := must(t)(Resize(mk(t, 1, 1, 2, 2, c.in...), c.op))
		same(t, c.name, r.Value, c.want...)
		if r.Ops != c.ops {
			t.Errorf("%s: %d roundings, want %d", c.name, r.Ops, c.ops)
		}
	}
	if _, err := Resize(nil, graph.Resize{}); err == nil {
		t.Error("nil: no error")
	}
}

// TestResizeInFloat32: a plain float32 implementation is within the bound, and one with a wrong weight is not.
func TestResizeInFloat32(t *testing.T) {
	r := random(11)
	for range 50 {
		s := tensor.Shape{N: 1, C: 2, H: 1 + r.IntN(6), W: 1 + r.IntN(6)}
		x := mk(t, s.N, s.C, s.H, s.W, normal(r, s.Len())...)
		op := graph.Resize{H: graph.Extent{Size: 2 + r.IntN(9)}, W: graph.Extent{Size: 2 + r.IntN(9)}, Mode: graph.Cubic, CubicA: -0.75, Antialias: r.IntN(2) == 0}
		want := must(t)(Resize(x, op))
		rows, columns, err := op.Taps(graph.Pair{H: s.H, W: s.W})
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range []float32{0, 1e-3} {
			y := tensor.New(want.Shape)
			for at := range y.Data {
				c, oy, ox := at/(y.H*y.W), at/y.W%y.H, at%y.W
				for i := range rows.Each {
					for j := range columns.Each {
						wy, wx := float32(rows.Weight[oy*rows.Each+i]), float32(columns.Weight[ox*columns.Each+j])
						y.Data[at] += (wy + wrong) * (wx * x.At(0, c, rows.Index[oy*rows.Each+i], columns.Index[ox*columns.Each+j]))
					}
				}
			}
			if got := Check(y, want); (got.Err == nil) != (wrong == 0) {
				t.Errorf("%+v of %v, weights off by %v: %v", op, s, wrong, got.Err)
			}
		}
	}
}
