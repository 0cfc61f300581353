package graph_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// to are whole axes of the input, for N, C, H and W.
func to(of ...[]int) (axes [4][]graph.Axis) {
	for k, list := range of {
		for _, i := range list {
			axes[k] = append(axes[k], graph.Axis{Of: i})
		}
	}
	return axes
}

// TestMoveShape: want is an error's part where shape is zero.
func TestMoveShape(t *testing.T) {
	in := shape(2, 6, 4, 5)
	plain := to([]int{0}, []int{1}, []int{2}, []int{3})
	rows := func(a graph.Axis) graph.Move {
		m := graph.Move{To: plain}
		m.To[2] = []graph.Axis{a}
		return m
	}
	for _, c := range []struct {
		op    graph.Move
		shape tensor.Shape
		want  string
	}{
		{graph.Move{To: plain}, in, ""},
		{graph.Move{To: to([]int{0}, []int{2}, []int{3}, []int{1})}, shape(2, 4, 5, 6), ""},
		{graph.Move{To: to(nil, []int{0, 1, 2, 3})}, shape(1, 240, 1, 1), ""},
		{graph.Move{From: [4][]int{{}, {3, 0}}, To: to([]int{0}, []int{2, 1}, []int{3}, []int{4})}, in, ""},
		{graph.Move{From: [4][]int{{}, {3, 2}}, To: to([]int{1}, []int{2}, []int{0, 3}, []int{4})}, shape(3, 2, 8, 5), ""},
		{rows(graph.Axis{Of: 2, Start: 1}), shape(2, 6, 3, 5), ""},
		{rows(graph.Axis{Of: 2, Start: 1, Count: -1}), shape(2, 6, 2, 5), ""},
		{rows(graph.Axis{Of: 2, Start: 1, Step: 2}), shape(2, 6, 2, 5), ""},
		{rows(graph.Axis{Of: 2, Start: 3, Step: -1, Count: 4}), in, ""},
		{rows(graph.Axis{Of: 2, Index: []int{3, -1, 3}}), shape(2, 6, 3, 5), ""},

		{graph.Move{}, tensor.Shape{}, "axis 0, of 2 places, goes nowhere"},
		{graph.Move{From: [4][]int{{}, {4, 0}}, To: plain}, tensor.Shape{}, "C of 2×6×4×5: can't be split into [4 0]"},
		{graph.Move{From: [4][]int{{}, {0, 0}}, To: plain}, tensor.Shape{}, "can't be split"},
		{graph.Move{From: [4][]int{{}, {-2, -3}}, To: plain}, tensor.Shape{}, "can't be split"},
		{graph.Move{From: [4][]int{{}, {3}}, To: plain}, tensor.Shape{}, "can't be split"},
		{graph.Move{To: to([]int{0}, []int{1}, []int{2}, []int{2})}, tensor.Shape{}, "axis 2 is used twice"},
		{graph.Move{To: to([]int{0}, []int{1}, []int{2}, []int{4})}, tensor.Shape{}, "axis 4 of 4"},
		{graph.Move{To: to([]int{-2})}, tensor.Shape{}, "axis -2 of 4"},
		{graph.Move{To: plain, Value: float32(math.NaN())}, tensor.Shape{}, "the value is NaN"},
		{rows(graph.Axis{Of: 2, Start: 4}), tensor.Shape{}, "from 4"},
		{rows(graph.Axis{Of: 2, Start: math.MinInt}), tensor.Shape{}, "places from"},
		{rows(graph.Axis{Of: 2, Start: 2, Count: -2}), tensor.Shape{}, "no places from 2 on"},
		{rows(graph.Axis{Of: 2, Start: 2, Count: 3}), tensor.Shape{}, "end at 4"},
		{rows(graph.Axis{Of: 2, Start: 2, Step: -1, Count: 4}), tensor.Shape{}, "end at -1"},
		{rows(graph.Axis{Of: 2, Step: -1}), tensor.Shape{}, "how many isn't given"},
		{rows(graph.Axis{Of: 2, Index: []int{4}}), tensor.Shape{}, "no place 4"},
		{rows(graph.Axis{Of: 2, Index: []int{-2}}), tensor.Shape{}, "no place -2"},
		{rows(graph.Axis{Of: 2, Index: []int{}}), tensor.Shape{}, "an index of 0"},
		{rows(graph.Axis{Of: 2, Count: 1, Index: []int{0}}), tensor.Shape{}, "an index and a range"},
		{graph.Move{To: [4][]graph.Axis{plain[0], plain[1], plain[2], {{Of: 3}, {Of: graph.Repeat}}}}, tensor.Shape{}, "repeats"},
		{graph.Move{To: [4][]graph.Axis{slices.Repeat([]graph.Axis{{Of: graph.Repeat, Count: 1}}, 9), plain[1], plain[2], append(plain[3], plain[0]...)}}, tensor.Shape{}, "13 axes"},
		{graph.Move{To: [4][]graph.Axis{slices.Repeat([]graph.Axis{{Of: graph.Repeat, Count: 1 << 30}}, 3), plain[1], plain[2], append(plain[3], plain[0]...)}}, tensor.Shape{}, "N has more than"},
	} {
		got, err := c.op.OutShape([]tensor.Shape{in})
		switch {
		case c.want == "" && (err != nil || got != c.shape):
			t.Errorf("%+v: %v, %v; want %v", c.op, got, err, c.shape)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%+v: %v, error %v; want an error with %q", c.op, got, err, c.want)
		}
	}
}

// TestMoveKeepsOpen: resolving leaves the operator as it was, good for other extents.
func TestMoveKeepsOpen(t *testing.T) {
	m := graph.Move{From: [4][]int{{}, {2, 0}}, To: [4][]graph.Axis{{{Of: 0}}, {{Of: 2}, {Of: 1}}, {{Of: 3, Start: 1}}, {{Of: 4}}}}
	for _, c := range []struct{ in, out tensor.Shape }{
		{shape(1, 6, 4, 5), shape(1, 6, 3, 5)},
		{shape(3, 4, 9, 2), shape(3, 4, 8, 2)},
	} {
		if got, err := m.OutShape([]tensor.Shape{c.in}); err != nil || got != c.out {
			t.Errorf("%v gives %v, %v; want %v", c.in, got, err, c.out)
		}
	}
}

// TestPadMode compares with numpy.pad of 0 … size−1.
func TestPadMode(t *testing.T) {
	for _, c := range []struct {
		mode   graph.PadMode
		size   int
		before int
		want   []int
	}{
		{graph.PadConstant, 2, 2, []int{-1, -1, 0, 1, -1, -1}},
		{graph.PadEdge, 2, 2, []int{0, 0, 0, 1, 1, 1}},
		{graph.PadReflect, 3, 5, []int{1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1}},
		{graph.PadReflect, 1, 2, []int{0, 0, 0, 0, 0}},
		{graph.PadWrap, 3, 4, []int{2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0}},
	} {
		for k, want := range c.want {
			if got := c.mode.At(k-c.before, c.size); got != want {
				t.Errorf("mode %d, size %d: place %d is %d, want %d", c.mode, c.size, k-c.before, got, want)
			}
		}
	}
}

// TestSeparableMove: images stay apart where the batch stays outermost and whole, whatever goes on inside of each.
func TestSeparableMove(t *testing.T) {
	of := func(axes ...int) (list []graph.Axis) {
		for _, i := range axes {
			list = append(list, graph.Axis{Of: i})
		}
		return list
	}
	half := graph.Axis{Of: 1, Count: 2}
	for name, c := range map[string]struct {
		move graph.Move
		want bool
	}{
		"heads become images":        {graph.Move{From: [4][]int{{}, {2, 0}}, To: [4][]graph.Axis{of(0, 1), of(2), of(3), of(4)}}, true},
		"rows and columns change":    {graph.Move{To: [4][]graph.Axis{of(0), of(1), of(3), of(2)}}, true},
		"images twice each":          {graph.Move{To: [4][]graph.Axis{append(of(0), graph.Axis{Of: graph.Repeat, Count: 2}), of(1), of(2), of(3)}}, true},
		"behind a single place":      {graph.Move{To: [4][]graph.Axis{append([]graph.Axis{{Of: graph.Repeat, Count: 1}}, of(0)...), of(1), of(2), of(3)}}, true},
		"some channels":              {graph.Move{To: [4][]graph.Axis{of(0), {half}, of(2), of(3)}}, true},
		"heads before images":        {graph.Move{From: [4][]int{{}, {2, 0}}, To: [4][]graph.Axis{of(1, 0), of(2), of(3), of(4)}}, false},
		"the batch twice":            {graph.Move{To: [4][]graph.Axis{append([]graph.Axis{{Of: graph.Repeat, Count: 2}}, of(0)...), of(1), of(2), of(3)}}, false},
		"images become channels":     {graph.Move{To: [4][]graph.Axis{of(1), of(0), of(2), of(3)}}, false},
		"channels instead of images": {graph.Move{To: [4][]graph.Axis{nil, of(0, 1), of(2), of(3)}}, false},
	} {
		g, x := graph.New("moved", 4)
		g.Outputs = []graph.Value{g.Add("move", c.move, x)}
		if got := g.Separable(shape(4, 4, 2, 3)); got != c.want {
			t.Errorf("%s: separable is %v", name, got)
		}
		if !g.Separable(shape(1, 4, 2, 3)) {
			t.Errorf("%s: one image depends on itself alone", name)
		}
	}
}
