package graph

import "inceptiongl/inception/tensor"

// UpTo is the part of g that computes the given values: its outputs are these, in their order, and nodes and weights that
// none of them needs are left out. The input stays. Operators and the weights' numbers are shared with g; nodes keep their
// names, but not their places.
func (g *Graph) UpTo(values ...Value) (*Graph, error) {
	whole := *g
	whole.Outputs = values
	if err := whole.Check(); err != nil {
		return nil, err
	}
	needed := make([]bool, len(g.Nodes))
	needed[0] = true
	for _, v := range values {
		needed[v] = true
	}
	for i := len(g.Nodes) - 1; i >= 0; i-- { // a node's readers stand behind it
		for _, v := range g.Nodes[i].In {
			needed[v] = needed[v] || needed[i]
		}
	}
	part := &Graph{Name: g.Name, Weights: map[string]tensor.Array{}}
	moved := make([]Value, len(g.Nodes))
	for i, n := range g.Nodes {
		if !needed[i] {
			continue
		}
		in := make([]Value, len(n.In))
		for k, v := range n.In {
			in[k] = moved[v]
		}
		moved[i] = part.Add(n.Name, n.Op, in...)
	}
	for _, v := range values {
		part.Outputs = append(part.Outputs, moved[v])
	}
	for _, p := range part.Params() {
		if w, ok := g.Weights[p.Name]; ok {
			part.Weights[p.Name] = w
		}
	}
	return part, nil
}
