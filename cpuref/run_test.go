package cpuref

import (
	"context"
	"errors"
	"strings"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// residue is a small graph: a value read twice, a bias, two outputs.
func residue() *graph.Graph {
	g, x := graph.New("residue", 2)
	a := g.Add("a", graph.Conv2D{In: 2, Out: 1, Kernel: graph.Square(1), Weight: "a.weight", Bias: "a.bias"}, x)
	r := g.Add("a.relu", graph.ReLU{}, a)
	p := g.Add("pool", graph.Pool2D{Kernel: graph.Square(2), Pad: graph.Padding{Top: 1, Left: 1}, CountIncludePad: true}, x)
	g.Outputs = []graph.Value{g.Add("cat", graph.Concat{}, r, p, r), a}
	g.Weights["a.weight"] = tensor.Array{Dims: []int{1, 2, 1, 1}, Data: []float32{1, -2}}
	g.Weights["a.bias"] = tensor.Array{Dims: []int{1}, Data: []float32{0.5}}
	return g
}

func TestRun(t *testing.T) {
	x := mk(t, 1, 2, 1, 2, 4, 8, 1, 12)
	y, err := Run(context.Background(), residue(), x)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "output", widen(y.Data), 2.5, 0, 1, 3, 0.25, 3.25, 2.5, 0)
	all, err := RunAll(context.Background(), residue(), x)
	if err != nil || len(all) != 5 {
		t.Fatalf("%d values, %v", len(all), err)
	}
	same(t, "input", widen(all[0].Data), 4, 8, 1, 12)
	same(t, "a", widen(all[1].Data), 2.5, -15.5)
	same(t, "pool", widen(all[3].Data), 1, 3, 0.25, 3.25)
}

// mystery is an operator that cpuref doesn't know.
type mystery struct{ graph.ReLU }

func TestRunErrors(t *testing.T) {
	x := mk(t, 1, 2, 1, 2, 4, 8, 1, 12)
	bg := context.Background()
	for _, c := range []struct {
		name, says string
		change     func(g *graph.Graph) *tensor.Tensor
	}{
		{"nil input", "nil", func(*graph.Graph) *tensor.Tensor { return nil }},
		{"channels", "3 channels", func(*graph.Graph) *tensor.Tensor { return mk(t, 1, 3, 1, 1, 1, 2, 3) }},
		{"short input", "needs 4 elements", func(*graph.Graph) *tensor.Tensor { return &tensor.Tensor{Shape: x.Shape} }},
		{"missing weight", "a.bias", func(g *graph.Graph) *tensor.Tensor { delete(g.Weights, "a.bias"); return x }},
		{"unknown operator", "node odd: operator cpuref.mystery", func(g *graph.Graph) *tensor.Tensor {
			g.Add("odd", mystery{}, 1)
			return x
		}},
		{"two nodes disagree on a weight", "[3 2 1 1]", func(g *graph.Graph) *tensor.Tensor {
			g.Add("wide", graph.Conv2D{In: 2, Out: 3, Kernel: graph.Square(1), Weight: "a.weight"}, 0)
			return x
		}},
		{"pool", "node big", func(g *graph.Graph) *tensor.Tensor {
			g.Add("big", graph.Pool2D{Kernel: graph.Square(9)}, 0)
			return x
		}},
	} {
		g := residue()
		in := c.change(g)
		if _, err := Run(bg, g, in); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: Run says %v, want %q", c.name, err, c.says)
		}
		if all, err := RunAll(bg, g, in); err == nil || all != nil {
			t.Errorf("%s: RunAll gives %d values, %v", c.name, len(all), err)
		}
	}
	if _, err := Run(bg, nil, x); err == nil {
		t.Error("nil graph: no error")
	}
	ctx, cancel := context.WithCancel(bg)
	cancel()
	if _, err := Run(ctx, residue(), x); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
