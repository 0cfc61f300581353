package graph_test

import (
	"strings"
	"testing"

	"inceptiongl/inception/graph"
)

// TestCost is worked out by hand: two kinds of normalisation, a scale, a bias, groups, a value read twice, a shared weight.
func TestCost(t *testing.T) {
	g, x := graph.New("net", 4)
	conv := graph.Conv2D{In: 4, Out: 6, Kernel: graph.Pair{H: 3, W: 1}, Groups: 2, Weight: "w", Bias: "b"}
	v := g.Add("conv", conv, x) // 2×4×5×7 → 2×6×3×7
	v = g.Add("bn", graph.BatchNorm{Channels: 6, Scale: "s", Mean: "m", Var: "v"}, v)
	v = g.Add("affine", graph.Affine{Channels: 6, Scale: "as", Shift: "at"}, v)
	v = g.Add("scale", graph.Scale{Channels: 6, Factor: 2}, v)
	c := g.Add("constant", graph.Constant{Shape: shape(2, 6, 1, 1), Value: "c"})
	v = g.Add("mul", graph.Binary{Type: graph.Mul}, v, c)
	v = g.Add("concat", graph.Concat{}, v, v)
	pick := g.Add("pick", graph.Channels{Index: []int{0, 1, 2, 3}}, v)
	conv.Bias = ""
	g.Outputs = []graph.Value{g.Add("again", conv, pick)} // 2×4×3×7 → 2×6×1×7
	got, err := graph.Cost(g, shape(2, 4, 5, 7))
	if err != nil {
		t.Fatal(err)
	}
	want := []graph.Count{
		{},
		{Params: graph.ParamCount{Weights: 36, Biases: 6}, MACs: 252 * 2 * 3, In: 280, Read: 42, Out: 252},
		{Params: graph.ParamCount{Norm: 6, Stats: 12}, AffineMACs: 252, In: 252, Read: 18, Out: 252},
		{Params: graph.ParamCount{Norm: 12}, AffineMACs: 252, In: 252, Read: 12, Out: 252},
		{AffineMACs: 252, In: 252, Out: 252},
		{Params: graph.ParamCount{Other: 12}},
		{In: 252 + 12, Out: 252},
		{In: 504, Out: 504},
		{In: 504, Out: 168},
		{MACs: 84 * 2 * 3, In: 168, Read: 36, Out: 84},
	}
	var sum graph.Count
	for i, w := range want {
		n := got.Nodes[i]
		if n.Count != w || n.Name != g.Nodes[i].Name || n.Kind != g.Nodes[i].Op.Kind() {
			t.Errorf("node %s (%s): %+v, want %+v", n.Name, n.Kind, n.Count, w)
		}
		sum = sum.Add(w)
	}
	if got.Total != sum || len(got.Nodes) != len(want) {
		t.Errorf("total %+v, want %+v", got.Total, sum)
	}
	if p := got.Total.Params; p.Learned() != 36+6+6+12 || p.Stored() != 36+6+6+12+12+12 {
		t.Errorf("learned %d, stored %d", p.Learned(), p.Stored())
	}
	if macs, err := g.MACs(shape(2, 4, 5, 7)); err != nil || macs != got.Total.MACs+got.Total.AffineMACs {
		t.Errorf("Graph.MACs is %d, %v; Cost has %d and %d", macs, err, got.Total.MACs, got.Total.AffineMACs)
	}
	if got.PeakElements != 252+504 { // at the concatenation
		t.Errorf("peak %d", got.PeakElements)
	}
	first := got.Nodes[1]
	if first.Bytes() != 4*(280+42+252) || first.Intensity() != 2*1512/(4*574.) || got.Nodes[0].Intensity() != 0 {
		t.Errorf("%d bytes, intensity %v and %v", first.Bytes(), first.Intensity(), got.Nodes[0].Intensity())
	}
}

// TestPeak: a long branch must wait for the short one, and the input for its last reader.
func TestPeak(t *testing.T) {
	g, x := graph.New("net", 10)
	conv := func(name string, x graph.Value, in, out int) graph.Value {
		return g.Add(name, graph.Conv2D{In: in, Out: out, Kernel: graph.Square(1), Weight: name}, x)
	}
	a := conv("a", x, 10, 3) // 10 + 3
	b := conv("b", x, 10, 5) // 10 + 3 + 5, then the input goes
	b = conv("c", b, 5, 7)   // 3 + 5 + 7
	g.Add("dead", graph.ReLU{}, b)
	v := g.Add("concat", graph.Concat{}, a, b) // 3 + 7 + 10
	g.Outputs = []graph.Value{v}
	if c, err := graph.Cost(g, shape(1, 10, 1, 1)); err != nil || c.PeakElements != 20 {
		t.Errorf("%+v, %v; want a peak of 20", c, err)
	}
	g.Outputs = []graph.Value{x, a, v}
	if c, err := graph.Cost(g, shape(1, 10, 2, 1)); err != nil || c.PeakElements != 2*(10+3+7+10) {
		t.Errorf("%+v, %v; want a peak of 60", c, err)
	}
}

func TestCostErrors(t *testing.T) {
	if _, err := graph.Cost(nil, shape(1, 1, 1, 1)); err == nil {
		t.Error("a nil graph has a cost")
	}
	if _, err := graph.Cost(small(), shape(1, 4, 5, 5)); err == nil || !strings.Contains(err.Error(), "4 channels") {
		t.Errorf("another channel count gives %v", err)
	}
	// Kernels that fit their padding, but not 2⁵³ products.
	g, x := graph.New("huge", 1<<10)
	g.Outputs = []graph.Value{g.Add("wide", graph.Conv2D{In: 1 << 10, Out: 1 << 10, Kernel: graph.Square(1 << 20), Pad: graph.Pad(1 << 19), Weight: "w"}, x)}
	if _, err := graph.Cost(g, shape(1, 1<<10, 1, 1)); err == nil || !strings.Contains(err.Error(), "node wide (conv)") {
		t.Errorf("2⁶⁰ parameters give %v", err)
	}
	// Each layer fits, their sum doesn't.
	g, x = graph.New("deep", 1<<10)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		x = g.Add(name, graph.Conv2D{In: 1 << 10, Out: 1 << 10, Kernel: graph.Square(1 << 15), Pad: graph.Padding{Top: 1 << 14, Left: 1 << 14, Bottom: 1<<14 - 1, Right: 1<<14 - 1}, Weight: "w"}, x)
	}
	g.Outputs = []graph.Value{x}
	if _, err := graph.Cost(g, shape(1, 1<<10, 2, 1)); err == nil || !strings.Contains(err.Error(), "node e (conv)") {
		t.Errorf("5 · 2⁵¹ multiply-accumulates give %v", err)
	}
}
