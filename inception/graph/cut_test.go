package graph_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// forked is input → a → b → sum(b, c), with input → c, and a dead node: two parameters and one that no node reads.
func forked() *graph.Graph {
	g, x := graph.New("forked", 2)
	conv := func(name string) graph.Conv2D {
		g.Weights[name] = tensor.Array{Dims: []int{2, 2, 1, 1}, Data: []float32{1, 2, 3, 4}}
		return graph.Conv2D{In: 2, Out: 2, Kernel: graph.Square(1), Weight: name}
	}
	a := g.Add("a", conv("a.weight"), x)
	g.Add("dead", graph.ReLU{}, a)
	b := g.Add("b", graph.ReLU{}, a)
	c := g.Add("c", conv("c.weight"), x)
	g.Outputs = []graph.Value{g.Add("sum", graph.Binary{}, b, c)}
	g.Weights["unused"] = tensor.Array{}
	return g
}

func TestUpTo(t *testing.T) {
	for _, c := range []struct {
		outputs, nodes, weights string // names
	}{
		{"sum", "input a b c sum", "a.weight c.weight"},
		{"b", "input a b", "a.weight"},
		{"c", "input c", "c.weight"},
		{"c a c", "input a c", "a.weight c.weight"},
		{"dead", "input a dead", "a.weight"},
		{"input", "input", ""},
		{"b input", "input a b", "a.weight"},
	} {
		g := forked()
		var values []graph.Value
		for _, name := range strings.Fields(c.outputs) {
			values = append(values, graph.Value(slices.IndexFunc(g.Nodes, func(n graph.Node) bool { return n.Name == name })))
		}
		part, err := g.UpTo(values...)
		if err != nil {
			t.Errorf("%s: %v", c.outputs, err)
			continue
		}
		var outputs, nodes []string
		for _, v := range part.Outputs {
			outputs = append(outputs, part.Nodes[v].Name)
		}
		for _, n := range part.Nodes {
			nodes = append(nodes, n.Name)
			i := slices.IndexFunc(g.Nodes, func(o graph.Node) bool { return o.Name == n.Name })
			for k, v := range n.In {
				if got, want := part.Nodes[v].Name, g.Nodes[g.Nodes[i].In[k]].Name; got != want {
					t.Errorf("%s: node %s reads %s, want %s", c.outputs, n.Name, got, want)
				}
			}
		}
		weights := strings.Join(slices.Sorted(maps.Keys(part.Weights)), " ")
		if strings.Join(outputs, " ") != c.outputs || strings.Join(nodes, " ") != c.nodes || weights != c.weights {
			t.Errorf("%s: outputs %v, nodes %v, weights %s; want %s and %s", c.outputs, outputs, nodes, weights, c.nodes, c.weights)
		}
		if err := part.Check(); err != nil {
			t.Errorf("%s: %v", c.outputs, err)
		}
		if whole := forked(); len(g.Nodes) != len(whole.Nodes) || !slices.Equal(g.Outputs, whole.Outputs) || len(g.Weights) != 3 {
			t.Errorf("%s: the graph itself was changed", c.outputs)
		}
	}
}

func TestUpToErrors(t *testing.T) {
	for _, c := range []struct {
		g      *graph.Graph
		values []graph.Value
		want   string
	}{
		{forked(), nil, "no output"},
		{forked(), []graph.Value{6}, "output 6"},
		{forked(), []graph.Value{-1}, "output -1"},
		{&graph.Graph{}, []graph.Value{0}, "empty"},
	} {
		if part, err := c.g.UpTo(c.values...); err == nil || part != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("values %v: error is %v, want %q", c.values, err, c.want)
		}
	}
}
