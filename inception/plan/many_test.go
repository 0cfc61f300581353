package plan_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/tensor"
)

// many are graphs of n nodes that are easy to draw and hard on a planner that looks for what it could know.
func many(n int) map[string]*graph.Graph {
	all := map[string]*graph.Graph{}
	add := func(name string, build func(g *graph.Graph, x graph.Value) graph.Value) {
		g, x := graph.New(name, 4)
		g.Outputs = append(g.Outputs, build(g, x))
		all[name] = g
	}
	node := func(i int) string { return fmt.Sprintf("n%d", i) }
	add("a chain", func(g *graph.Graph, x graph.Value) graph.Value {
		for i := range n {
			x = g.Add(node(i), graph.ReLU{}, x)
		}
		return x
	})
	add("a fan", func(g *graph.Graph, x graph.Value) graph.Value { // all in one wave, all alive until the end
		var list []graph.Value
		for i := range n / 2 {
			list = append(list, g.Add(node(i), graph.Sigmoid{}, x))
		}
		return g.Add("all", graph.Concat{}, list...)
	})
	add("a ladder of sums", func(g *graph.Graph, x graph.Value) graph.Value { // the first value is read to the end
		y := x
		for i := range n {
			y = g.Add(node(i), graph.Binary{Type: graph.Add}, y, x)
		}
		return y
	})
	add("nested concatenations", func(g *graph.Graph, x graph.Value) graph.Value {
		for i := range n / 40 {
			y := g.Add(node(2*i), graph.Sigmoid{}, x)
			z := g.Add(node(2*i)+"z", graph.Sigmoid{}, x)
			c := g.Add(node(2*i)+"c", graph.Concat{}, y, z)
			p := g.Add(node(2*i)+"p", graph.Channels{Index: []int{0, 3, 5, 7}}, c)
			x = g.Add(node(2*i+1), graph.ReLU{}, p)
		}
		return x
	})
	add("scalings", func(g *graph.Graph, x graph.Value) graph.Value {
		g.Weights["s"] = tensor.Array{Dims: []int{4}, Data: []float32{1, 2, 3, 4}}
		for i := range n {
			x = g.Add(node(i), graph.Affine{Channels: 4, Scale: "s"}, x)
		}
		return x
	})
	return all
}

// TestManyNodes: planning takes time in proportion to the graph, and ends when the context does.
func TestManyNodes(t *testing.T) {
	in := tensor.Shape{N: 1, C: 4, H: 2, W: 2}
	for name, g := range many(60_000) { // the importer takes 65,536
		begin := time.Now()
		p, err := plan.New(context.Background(), g, in, plan.Options{})
		took := time.Since(begin)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		t.Logf("%s: %d nodes, %d steps in %d waves: %v", name, len(g.Nodes), len(p.Steps()), len(p.Waves), took.Round(time.Millisecond))
		if took > 10*time.Second {
			t.Errorf("%s: %d nodes take %v to plan", name, len(g.Nodes), took)
		}
		if name != "a chain" {
			continue
		}
		for _, after := range []time.Duration{0, took / 2} {
			ctx, cancel := context.WithTimeout(context.Background(), after)
			begin := time.Now()
			_, err := plan.New(ctx, g, in, plan.Options{})
			late := time.Since(begin) - after
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) || late > max(took/2, time.Second) {
				t.Errorf("%s, cancelled after %v: %v, %v later", name, after, err, late)
			}
		}
	}
}
