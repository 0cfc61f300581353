package plan_test

import (
	"testing"

	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/plan"
)

// TestFuseAdd: which convolutions add what, and which sums stay.
func TestFuseAdd(t *testing.T) {
	const c = 8
	conv := func(g *graph.Graph, name string, x graph.Value, groups, out int) graph.Value {
		return g.Add(name, graph.Conv2D{In: c, Out: out, Kernel: graph.Square(3), Pad: graph.Pad(1), Groups: groups, Weight: name, Bias: name + ".bias"}, x)
	}
	sum := func(g *graph.Graph, a, b graph.Value) graph.Value { return g.Add("sum", graph.Binary{}, a, b) }
	for _, tc := range []struct {
		name   string
		build  func(g *graph.Graph, x graph.Value) graph.Value
		o      plan.Options
		adds   string // the step that adds
		layout []string
	}{
		{"convolution and input", func(g *graph.Graph, x graph.Value) graph.Value {
			return g.Add("relu", graph.ReLU{}, sum(g, conv(g, "a", x, 1, c), x))
		}, plan.Options{}, "a", []string{"a"}},
		{"input and convolution", func(g *graph.Graph, x graph.Value) graph.Value { return sum(g, x, conv(g, "a", x, 1, c)) },
			plan.Options{}, "a", []string{"a"}},
		{"two convolutions: the later adds the earlier", func(g *graph.Graph, x graph.Value) graph.Value {
			short := conv(g, "short", x, 1, c)
			return sum(g, conv(g, "b", conv(g, "a", x, 1, c), 1, c), short)
		}, plan.Options{}, "b", []string{"short a", "b"}},
		{"what it adds is computed after it", func(g *graph.Graph, x graph.Value) graph.Value {
			a := conv(g, "a", x, 1, c)
			return sum(g, a, g.Add("pool", graph.Pool2D{Kernel: graph.Square(3), Pad: graph.Pad(1)}, x))
		}, plan.Options{}, "a", []string{"pool", "a"}},
		{"depthwise", func(g *graph.Graph, x graph.Value) graph.Value { return sum(g, conv(g, "a", x, c, c), x) }, plan.Options{}, "a", []string{"a"}},
		{"groups of whole texels", func(g *graph.Graph, x graph.Value) graph.Value { return sum(g, conv(g, "a", x, 2, c), x) }, plan.Options{}, "a", []string{"a"}},
		{"groups that share texels", func(g *graph.Graph, x graph.Value) graph.Value { return sum(g, conv(g, "a", x, 4, c), x) }, plan.Options{}, "", []string{"a", "sum"}},
		{"an activation between", func(g *graph.Graph, x graph.Value) graph.Value {
			return sum(g, g.Add("relu", graph.ReLU{}, conv(g, "a", x, 1, c)), x)
		}, plan.Options{}, "", []string{"a", "sum"}},
		{"another reader", func(g *graph.Graph, x graph.Value) graph.Value {
			a := conv(g, "a", x, 1, c)
			return g.Add("both", graph.Concat{}, sum(g, a, x), a)
		}, plan.Options{}, "", []string{"a", "sum both[1]"}},
		{"twice the same", func(g *graph.Graph, x graph.Value) graph.Value { a := conv(g, "a", x, 1, c); return sum(g, a, a) },
			plan.Options{}, "", []string{"a", "sum"}},
		{"one number for all pixels", func(g *graph.Graph, x graph.Value) graph.Value {
			return sum(g, conv(g, "a", x, 1, c), g.Add("mean", graph.GlobalPool{}, x))
		}, plan.Options{}, "", []string{"a mean", "sum"}},
		{"a second sum", func(g *graph.Graph, x graph.Value) graph.Value {
			first := sum(g, conv(g, "a", x, 1, c), x)
			return g.Add("second", graph.Binary{}, first, g.Add("pool", graph.Pool2D{Kernel: graph.Square(3), Pad: graph.Pad(1)}, x))
		}, plan.Options{}, "a", []string{"a pool", "second"}},
		{"a product", func(g *graph.Graph, x graph.Value) graph.Value {
			return g.Add("product", graph.Binary{Type: graph.Mul}, conv(g, "a", x, 1, c), x)
		}, plan.Options{}, "", []string{"a", "product"}},
		{"into a concatenation", func(g *graph.Graph, x graph.Value) graph.Value {
			return g.Add("both", graph.Concat{}, conv(g, "b", x, 1, 3), sum(g, conv(g, "a", x, 1, c), x))
		}, plan.Options{}, "a", []string{"b a"}},
		{"weights in two parts", func(g *graph.Graph, x graph.Value) graph.Value { return sum(g, conv(g, "a", x, 1, c), x) },
			plan.Options{MaxWeights: 4 * 304}, "", []string{"a a", "sum"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g, x := graph.New("sums", c)
			g.Outputs = []graph.Value{tc.build(g, x)}
			inception.InitHe(g, nettest.Seed(t))
			p := newPlan(t, nettest.Network{Name: tc.name, Graph: g, Input: nettest.Shape(2, c, 5, 6)}, tc.o)
			wantLayout(t, p, tc.layout...)
			for _, s := range p.Steps() {
				adds := s.Name == tc.adds
				if s.Parts[0].Adds != adds || s.Params().Residual != map[bool]int32{true: 1}[adds] || adds && len(s.Inputs()) != 2 {
					t.Errorf("step %s: adds %v, parameters say %d, %d inputs", s.Name, s.Parts[0].Adds, s.Params().Residual, len(s.Inputs()))
				}
			}
		})
	}
}
