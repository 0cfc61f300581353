package cpuref

import (
	"context"
	"errors"
	"math"
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

// TestRunEveryOperator runs each operator once, with values worked out by hand, through nodes named after it.
func TestRunEveryOperator(t *testing.T) {
	g, x := graph.New("all", 2)
	want := map[string][]float64{}
	add := func(name string, op graph.Op, in []graph.Value, values ...float64) graph.Value {
		want[name] = values
		return g.Add(name, op, in...)
	}
	weight := func(name string, dims []int, v ...float32) string {
		g.Weights[name] = tensor.Array{Dims: dims, Data: v}
		return name
	}
	two := []int{2}
	in := []graph.Value{x} // 4 8 | 1 12
	add("conv", graph.Conv2D{In: 2, Out: 1, Kernel: graph.Square(1), Weight: weight("w", []int{1, 2, 1, 1}, 1, -2)}, in, 2, -16)
	add("average", graph.Pool2D{Kernel: graph.Pair{H: 1, W: 2}}, in, 6, 6.5)
	mean := add("global average", graph.GlobalPool{}, in, 6, 6.5)
	add("global maximum", graph.GlobalPool{Type: graph.Max}, in, 8, 12)
	affine := graph.Affine{Channels: 2, Scale: weight("scale", two, 2, -1), Shift: weight("shift", two, 1, 0.5)}
	add("affine", affine, in, 9, 17, -0.5, -11.5)
	add("affine, no shift", graph.Affine{Channels: 2, Scale: "scale"}, in, 8, 16, -1, -12)
	add("affine, no scale", graph.Affine{Channels: 2, Shift: "shift"}, in, 5, 9, 1.5, 12.5)
	add("scale", graph.Scale{Channels: 2, Factor: -0.25}, in, -1, -2, -0.25, -3)
	bn := graph.BatchNorm{Channels: 2, Eps: 0.75, Mean: weight("mean", two, 2, 0), Var: weight("var", two, 3.25, 15.25)} // deviations 2 and 4
	add("batchnorm, not affine", bn, in, 1, 3, 0.25, 3)
	bn.Scale, bn.Shift = "scale", "shift"
	add("batchnorm", bn, in, 3, 7, 0.25, -2.5)
	add("lrn", graph.LRN{Size: 1, Beta: 0.5, Bias: 4}, in, 2, 4, 0.5, 6)
	add("softmax", graph.Softmax{}, []graph.Value{add("difference", graph.Conv2D{In: 2, Out: 2, Kernel: graph.Square(1),
		Weight: weight("w0", []int{2, 2, 1, 1}, 0, 0, 0, 0)}, in, 0, 0, 0, 0)}, 0.5, 0.5, 0.5, 0.5)
	add("relu", graph.ReLU{}, in, 4, 8, 1, 12)
	add("clip", graph.Clip{Min: 2, Max: 8}, in, 4, 8, 2, 8)
	add("concat", graph.Concat{}, []graph.Value{x, x}, 4, 8, 1, 12, 4, 8, 1, 12)
	add("add", graph.Binary{}, []graph.Value{x, mean}, 10, 14, 7.5, 18.5)
	constant := add("constant", graph.Constant{Shape: tensor.Shape{N: 1, C: 2, H: 1, W: 2}, Value: weight("c", []int{1, 2, 1, 2}, 1, 2, 3, -4)}, nil, 1, 2, 3, -4)
	add("multiply", graph.Binary{Type: graph.Mul}, []graph.Value{x, constant}, 4, 16, 3, -48)
	add("normalize", graph.Normalize{Channels: 2, Groups: 2, Scale: "scale", Shift: "shift"}, in, -1, 3, 1.5, -0.5)
	add("matmul", graph.MatMul{TransB: true}, []graph.Value{x, constant}, 4+3, 8+36, 8-4, 16-48)
	add("reshape", graph.Reshape{C: 4, H: 1, W: 1}, in, 4, 8, 1, 12)
	add("pad", graph.Pad2D{Pad: graph.Padding{Right: 1}, Value: 7}, in, 4, 8, 7, 1, 12, 7)
	add("channels", graph.Channels{Index: []int{1}}, in, 1, 12)
	g.Outputs = []graph.Value{x}

	all, err := RunAll(context.Background(), g, mk(t, 1, 2, 1, 2, 4, 8, 1, 12))
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range g.Nodes[1:] {
		same(t, n.Name, widen(all[i+1].Data), want[n.Name]...)
	}
}

func TestBatchNormErrors(t *testing.T) {
	for says, change := range map[string]func(*graph.BatchNorm, *graph.Graph){
		"not positive":       func(b *graph.BatchNorm, _ *graph.Graph) { b.Eps = -1 },
		"must both have":     func(b *graph.BatchNorm, _ *graph.Graph) { b.Var = "" },
		"mean \"\"":          func(b *graph.BatchNorm, _ *graph.Graph) { b.Mean = "" },
		"\"var\" [1] is mis": func(_ *graph.BatchNorm, g *graph.Graph) { delete(g.Weights, "var") },
	} {
		g, x := graph.New("bn", 1)
		g.Weights["var"] = tensor.Array{Dims: []int{1}, Data: []float32{1}}
		bn := graph.BatchNorm{Channels: 1, Mean: "var", Var: "var"}
		change(&bn, g)
		g.Outputs = []graph.Value{g.Add("bn", bn, x)}
		if _, err := Run(context.Background(), g, mk(t, 1, 1, 1, 1, 1)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want an error with %q", err, says)
		}
	}
}

// TestEachValue: Each shows every node's value once and in order, unrounded.
func TestEachValue(t *testing.T) {
	g, x := graph.New("g", 2)
	sum := g.Add("sum", graph.Binary{}, x, g.Add("relu", graph.ReLU{}, x))
	g.Outputs = []graph.Value{g.Add("sigmoid", graph.Sigmoid{}, sum)}
	in := &tensor.Tensor{Shape: tensor.Shape{N: 1, C: 2, H: 1, W: 1}, Data: []float32{-1, 2}}
	want := [][]float64{{-1, 2}, {0, 2}, {-1, 4}, {1 / (1 + math.E), 1 / (1 + math.Exp(-4))}}
	at := 0
	err := Each(context.Background(), g, in, func(v graph.Value, s tensor.Shape, y []float64) {
		for i, w := range want[at] {
			if int(v) != at || s != in.Shape || !(math.Abs(y[i]-w) < 1e-15) {
				t.Errorf("node %d of shape %v, element %d is %v, want %v of node %d", v, s, i, y[i], w, at)
			}
		}
		at++
	})
	if err != nil || at != len(want) {
		t.Errorf("%d nodes, %v", at, err)
	}
}
