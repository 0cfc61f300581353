package run_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/digits"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// TestFinite: an overflow that an activation hides, and NaN that a comparison hides, are found where they are looked for.
func TestFinite(t *testing.T) {
	d := gputest.Open(t)
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	overflow := func(g *graph.Graph, x graph.Value) graph.Value { // 3·10³⁸ + 3·10³⁸
		g.Weights["w"] = tensor.Array{Dims: []int{1, 2, 1, 1}, Data: []float32{1e38, 1e38}}
		conv := g.Add("conv", graph.Conv2D{In: 2, Out: 1, Kernel: graph.Square(1), Weight: "w"}, x)
		return g.Add("clip", graph.Clip{Min: 0, Max: 6}, conv)
	}
	binary := func(k graph.BinaryKind, self bool) func(g *graph.Graph, x graph.Value) graph.Value {
		return func(g *graph.Graph, x graph.Value) graph.Value {
			root := g.Add("root", graph.Unary{Type: graph.Sqrt}, x)
			other := x
			if self {
				other = root
			}
			return g.Add("compare", graph.Binary{Type: k}, root, other)
		}
	}
	for _, c := range []struct {
		name   string
		build  func(g *graph.Graph, x graph.Value) graph.Value
		x      float32
		finite graph.Finite
		node   string // that the error names; "" for none
	}{
		{"overflow, every value", overflow, 3, graph.FiniteEvery, "node conv (conv) is not finite: +Inf at element 0, and 4 of 4"},
		{"overflow", overflow, 3, graph.FiniteHidden, ""},
		{"no overflow", overflow, 1, graph.FiniteEvery, ""},
		{"infinite input", overflow, inf, graph.FiniteEvery, "node input"},
		{"NaN input", overflow, nan, graph.FiniteEvery, "node input"},
		{"NaN compared", binary(graph.Greater, false), -1, graph.FiniteHidden, "node root (sqrt) is not finite: NaN"},
		{"infinity compared", binary(graph.Greater, false), inf, graph.FiniteHidden, ""},
		{"a condition", binary(graph.Keep, false), nan, graph.FiniteHidden, "node input"},
		{"what a condition keeps", binary(graph.Keep, false), -1, graph.FiniteHidden, ""},
		{"NaN compared, unchecked", binary(graph.Greater, false), -1, graph.FiniteNone, ""},
		{"NaN looked for by the network", binary(graph.NotEqual, true), -1, graph.FiniteHidden, ""},
		{"a sum", binary(graph.Add, false), -1, graph.FiniteHidden, ""},
	} {
		gputest.Case()
		g, x := graph.New("g", 2)
		g.Outputs = []graph.Value{c.build(g, x)}
		in := tensor.New(tensor.Shape{N: 1, C: 2, H: 2, W: 2})
		for i := range in.Data {
			in.Data[i] = c.x
		}
		s, err := run.Compile(context.Background(), d, g, in.Shape, run.Options{NoCache: true, Finite: c.finite})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		ys, err := s.RunAll(context.Background(), in)
		switch {
		case c.node == "" && (err != nil || len(ys) != 1 || len(s.Outputs()) != 1):
			t.Errorf("%s: %d outputs, %v", c.name, len(ys), err)
		case c.node != "" && (!errors.Is(err, graph.ErrNotFinite) || !strings.Contains(err.Error(), c.node)):
			t.Errorf("%s: error is %v, want %q", c.name, err, c.node)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestFiniteAnswers: looking changes no answer, for whole batches and parts of them.
func TestFiniteAnswers(t *testing.T) {
	d := gputest.Open(t)
	g, err := digits.Network()
	if err != nil {
		t.Fatal(err)
	}
	x := inception.RandomInput(tensor.Shape{N: 3, C: 1, H: 28, W: 28}, 1)
	var want []float32
	for _, finite := range []graph.Finite{graph.FiniteNone, graph.FiniteEvery} {
		s, err := run.Compile(context.Background(), d, g, x.Shape, run.Options{NoCache: true, Finite: finite})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for n := 3; n > 0; n-- {
			gputest.Case()
			part := &tensor.Tensor{Shape: x.Shape, Data: x.Data[:n*28*28]}
			part.N = n
			y, err := s.Run(context.Background(), part)
			if err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = y.Data
			}
			for i, v := range y.Data {
				if !(math.Abs(float64(v-want[i])) <= 1e-4*(1+math.Abs(float64(want[i])))) {
					t.Fatalf("%d images: element %d is %v, want %v", n, i, v, want[i])
				}
			}
		}
	}
}
