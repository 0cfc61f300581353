package graph_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// small is conv 3→2 3×3 with a bias, then ReLU.
func small() *graph.Graph {
	g, x := graph.New("small", 3)
	v := g.Add("conv", graph.Conv2D{In: 3, Out: 2, Kernel: graph.Square(3), Pad: graph.Pad(1), Weight: "conv.weight", Bias: "conv.bias"}, x)
	g.Outputs = []graph.Value{g.Add("relu", graph.ReLU{}, v)}
	g.Weights["conv.weight"] = tensor.Array{Dims: []int{2, 3, 3, 3}, Data: make([]float32, 54)}
	g.Weights["conv.bias"] = tensor.Array{Dims: []int{2}, Data: make([]float32, 2)}
	return g
}

func TestShapes(t *testing.T) {
	g := small()
	got, err := g.Shapes(shape(2, 3, 4, 5))
	want := []tensor.Shape{shape(2, 3, 4, 5), shape(2, 2, 4, 5), shape(2, 2, 4, 5)}
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("%v, %v; want %v", got, err, want)
	}
	if macs, err := g.MACs(shape(2, 3, 4, 5)); err != nil || macs != 2*2*20*27 {
		t.Errorf("MACs: %d, %v; want %d", macs, err, 2*2*20*27)
	}
	for want, in := range map[string]tensor.Shape{
		"node input":   shape(1, 4, 5, 5),
		"H is 0":       shape(1, 3, 0, 5),
		"more than 21": shape(1<<20, 3, 1<<20, 1<<20),
	} {
		if _, err := g.Shapes(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("input %v: error is %v, want one with %q", in, err, want)
		}
		if _, err := g.MACs(in); err == nil {
			t.Errorf("input %v: MACs gives no error", in)
		}
	}
	g.Nodes[1].Op = graph.Conv2D{In: 3, Out: 1 << 30, Kernel: graph.Square(1)}
	if _, err := g.Shapes(shape(1, 3, 4, 5)); err == nil || !strings.Contains(err.Error(), "node conv (conv)") {
		t.Errorf("an output that is too large: error is %v, want one that names the node", err)
	}
}

func TestCheck(t *testing.T) {
	if err := small().Check(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(*graph.Graph)
		want   string
	}{
		{"no nodes", func(g *graph.Graph) { g.Nodes = nil }, "empty"},
		{"a forward reference", func(g *graph.Graph) { g.Nodes[1].In[0] = 2 }, "not an earlier node"},
		{"a node that reads itself", func(g *graph.Graph) { g.Nodes[2].In[0] = 2 }, "not an earlier node"},
		{"a cycle", func(g *graph.Graph) { g.Nodes[1].In, g.Nodes[2].In = []graph.Value{2}, []graph.Value{1} }, "not an earlier node"},
		{"a negative value", func(g *graph.Graph) { g.Nodes[1].In[0] = -1 }, "not an earlier node"},
		{"a value past the end", func(g *graph.Graph) { g.Nodes[2].In[0] = 9 }, "not an earlier node"},
		{"a node without inputs", func(g *graph.Graph) { g.Nodes[1].In = nil }, "no inputs"},
		{"a repeated name", func(g *graph.Graph) { g.Nodes[2].Name = "conv" }, "used twice"},
		{"the input's name again", func(g *graph.Graph) { g.Nodes[2].Name = "input" }, "used twice"},
		{"an empty name", func(g *graph.Graph) { g.Nodes[1].Name = "" }, "empty or used twice"},
		{"no outputs", func(g *graph.Graph) { g.Outputs = nil }, "no output"},
		{"an unknown output", func(g *graph.Graph) { g.Outputs = []graph.Value{3} }, "output 3"},
		{"a negative output", func(g *graph.Graph) { g.Outputs = []graph.Value{1, -1} }, "output -1"},
		{"a second Input", func(g *graph.Graph) { g.Nodes[2].Op = graph.Input{Channels: 2} }, "no other must be the Input"},
		{"no Input", func(g *graph.Graph) { g.Nodes[0].Op = graph.ReLU{} }, "must be the Input"},
		{"no operator", func(g *graph.Graph) { g.Nodes[1].Op = nil }, "no operator"},
	} {
		g := small()
		c.change(g)
		if err := g.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", c.name, err, c.want)
		}
		if _, err := g.Shapes(shape(1, 3, 4, 4)); err == nil {
			t.Errorf("%s: Shapes gives no error", c.name)
		}
	}
	var missing *graph.Graph
	if missing.Check() == nil {
		t.Error("a nil graph passes")
	}
}

func TestCheckWeights(t *testing.T) {
	if err := small().CheckWeights(); err != nil {
		t.Fatal(err)
	}
	set := func(name string, f func(*tensor.Array)) func(*graph.Graph) {
		return func(g *graph.Graph) { w := g.Weights[name]; f(&w); g.Weights[name] = w }
	}
	for _, c := range []struct {
		name   string
		change func(*graph.Graph)
		want   string
	}{
		{"no weights at all", func(g *graph.Graph) { g.Weights = nil }, "missing"},
		{"weight missing", func(g *graph.Graph) { delete(g.Weights, "conv.weight") }, `"conv.weight" [2 3 3 3] is missing`},
		{"bias missing", func(g *graph.Graph) { delete(g.Weights, "conv.bias") }, `"conv.bias" [2] is missing`},
		{"dimensions swapped", set("conv.weight", func(w *tensor.Array) { w.Dims = []int{3, 2, 3, 3} }), "has dimensions [3 2 3 3]"},
		{"flat", set("conv.weight", func(w *tensor.Array) { w.Dims = []int{54} }), "has dimensions [54]"},
		{"too short", set("conv.weight", func(w *tensor.Array) { w.Data = w.Data[:53] }), "holds 53"},
		{"too long", set("conv.bias", func(w *tensor.Array) { w.Data = make([]float32, 3) }), "holds 3"},
		{"NaN", set("conv.weight", func(w *tensor.Array) { w.Data[53] = float32(math.NaN()) }), "element 53"},
		{"+Inf", set("conv.bias", func(w *tensor.Array) { w.Data[0] = float32(math.Inf(1)) }), "element 0"},
		{"−Inf", set("conv.bias", func(w *tensor.Array) { w.Data[1] = float32(math.Inf(-1)) }), "element 1"},
	} {
		g := small()
		c.change(g)
		if err := g.CheckWeights(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", c.name, err, c.want)
		}
	}
}

// TestSharedWeights: two nodes may use one parameter, which Params lists once, but only if they want the same dimensions.
func TestSharedWeights(t *testing.T) {
	g := small()
	c := g.Nodes[1].Op.(graph.Conv2D)
	g.Add("twin", c, 0)
	if n := len(g.Params()); n != 2 {
		t.Errorf("%d parameters, want 2", n)
	}
	if err := g.CheckWeights(); err != nil {
		t.Error(err)
	}
	c.Out, c.Bias = 5, ""
	g.Add("stranger", c, 0)
	if err := g.CheckWeights(); err == nil {
		t.Error("node stranger wants 5×3×3×3 of a weight that is 2×3×3×3: no error")
	}
}
