package plan

import (
	"fmt"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// draft is a graph on its way to a plan: units in topological order, which the rewrites change.
type draft struct {
	graph   *graph.Graph
	values  []value
	fixed   map[int]bool // values that don't depend on the input: graph.Constant
	units   []*unit
	outputs []int // values
	links   links
}

// value is a tensor of the draft: a graph value, or one that a rewrite introduced.
type value struct {
	name  string
	shape tensor.Shape
}

// slot is a channel range of a value: where a unit writes.
type slot struct {
	value   int
	channel int // first channel
}

// unit is one operator on its way to becoming a step, or a part of one. Concat with one input is a copy.
type unit struct {
	name    string
	nodes   []graph.Value // that it computes
	op      graph.Op
	weights Weights
	in      int // value
	in2     int // value: a Binary's or a MatMul's second, or what a convolution adds to its answer; none elsewhere
	out     slot
	shape   tensor.Shape // of what the unit writes
	act     graph.Op     // an epilogue, or nil
	place   int          // among the units, when they were linked
	gone    bool         // removed
}

// residual reports a convolution that adds its second input.
func (u *unit) residual() bool {
	_, convolves := u.op.(graph.Conv2D)
	return u.in2 != none && convolves
}

// none is the second input of a unit that has one.
const none = -1

// newDraft turns every node into units: one, where its row says nothing else.
func newDraft(g *graph.Graph, input tensor.Shape) (*draft, error) {
	shapes, err := g.Shapes(input)
	if err != nil {
		return nil, err
	}
	if err := g.CheckWeights(); err != nil {
		return nil, err
	}
	d := &draft{graph: g, fixed: map[int]bool{}}
	for i, n := range g.Nodes {
		d.values = append(d.values, value{n.Name, shapes[i]})
		l := lowering{index: i, node: n, out: shapes[i], param: params(g)}
		for _, v := range n.In {
			l.in = append(l.in, shapes[v])
		}
		row, err := rowOf(n.Op)
		switch {
		case err != nil:
		case row.lower != nil:
			err = row.lower(d, l)
		default:
			d.units = append(d.units, l.unit(n.Op))
		}
		if err != nil {
			return nil, fmt.Errorf("graph %s: node %s: %w", g.Name, n.Name, err)
		}
	}
	for _, v := range g.Outputs {
		d.outputs = append(d.outputs, int(v))
	}
	return d, nil
}

// ports are the shapes of the outputs.
func (d *draft) ports() []tensor.Shape {
	var all []tensor.Shape
	for _, v := range d.outputs {
		all = append(all, d.values[v].shape)
	}
	return all
}

// params reads a graph's parameters by name; no name is no vector.
func params(g *graph.Graph) func(name string) []float32 {
	return func(name string) []float32 {
		if name == "" {
			return nil
		}
		return g.Weights[name].Data
	}
}
