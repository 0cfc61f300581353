package cpuref

import (
	"math"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// TestMove: a shuffle, a transposition with a repeat, a pick with a hole; NaN and infinity go where the rest goes.
func TestMove(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	x := mk(t, 1, 4, 1, 2, 1, nan, 3, 4, inf, 6, 7, 8)
	whole := func(of int) []graph.Axis { return []graph.Axis{{Of: of}} }
	for _, c := range []struct {
		op    graph.Move
		shape tensor.Shape
		want  []float32
	}{
		{graph.Move{From: [4][]int{{}, {2, 2}}, To: [4][]graph.Axis{whole(0), {{Of: 2}, {Of: 1}}, whole(3), whole(4)}},
			tensor.Shape{N: 1, C: 4, H: 1, W: 2}, []float32{1, nan, inf, 6, 3, 4, 7, 8}},
		{graph.Move{To: [4][]graph.Axis{whole(0), whole(3), {{Of: graph.Repeat, Count: 2}}, {{Of: 1, Start: 3, Step: -2, Count: 2}}}},
			tensor.Shape{N: 1, C: 2, H: 2, W: 2}, []float32{7, 3, 7, 3, 8, 4, 8, 4}},
		{graph.Move{Value: -inf, To: [4][]graph.Axis{whole(0), {{Of: 1, Index: []int{2, -1, 0}}}, whole(2), whole(3)}},
			tensor.Shape{N: 1, C: 3, H: 1, W: 2}, []float32{inf, 6, -inf, -inf, 1, nan}},
	} {
		ref := must(t)(Move(x, c.op))
		got, err := tensor.FromData(c.shape, c.want)
		if err != nil {
			t.Fatal(err)
		}
		if rep := Check(got, ref); rep.Err != nil {
			t.Errorf("%+v: %v, want %v", c.op, ref.Value, c.want)
		}
		if ref.Ops != 0 {
			t.Errorf("%+v: %d roundings", c.op, ref.Ops)
		}
	}
	if _, err := Move(nil, graph.Move{}); err == nil {
		t.Error("nil: no error")
	}
}

// TestPadModes: rows and columns by themselves.
func TestPadModes(t *testing.T) {
	x := mk(t, 1, 1, 2, 3, 1, 2, 3, 4, 5, 6)
	pad := graph.Padding{Top: 1, Left: 2, Right: 1}
	for mode, want := range map[graph.PadMode][]float64{
		graph.PadEdge:    {1, 1, 1, 2, 3, 3, 1, 1, 1, 2, 3, 3, 4, 4, 4, 5, 6, 6},
		graph.PadReflect: {6, 5, 4, 5, 6, 5, 3, 2, 1, 2, 3, 2, 6, 5, 4, 5, 6, 5},
		graph.PadWrap:    {5, 6, 4, 5, 6, 4, 2, 3, 1, 2, 3, 1, 5, 6, 4, 5, 6, 4},
	} {
		r := must(t)(Pad2D(x, graph.Pad2D{Pad: pad, Mode: mode}))
		same(t, "pad", r.Value, want...)
	}
}
