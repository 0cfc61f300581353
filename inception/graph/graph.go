// Package graph says what to compute: a network as a list of operators over NCHW tensors, with weights by name.
// It knows nothing of how or where it is computed.
package graph

import (
	"fmt"
	"slices"

	"inceptiongl/inception/tensor"
)

// Value names the output of one node: its index in Graph.Nodes.
type Value int

// Node is one operator applied to earlier values. Every operator has one output.
type Node struct {
	Name string // unique in the graph, such as "branch3x3_2" or "branch3x3_2.relu"
	Op   Op
	In   []Value
}

// Graph is a network. Nodes stand in topological order; Nodes[0] is the Input.
type Graph struct {
	Name    string
	Nodes   []Node
	Outputs []Value
	Weights map[string]tensor.Array // by parameter name, such as "branch1x1.weight"
}

// Op is an operator: a plain struct of its attributes.
type Op interface {
	// Kind is the operator's name in the field: "conv", "relu", "avgpool" …
	Kind() string
	// OutShape is the output's shape, or why the inputs don't fit.
	OutShape(in []tensor.Shape) (tensor.Shape, error)
	// Params are the weights that the operator needs.
	Params() []Param
	// MACs counts multiply-accumulates for one run; 0 where the operator has none.
	MACs(in []tensor.Shape, out tensor.Shape) int64
}

// Param is a weight's name and dimensions.
type Param struct {
	Name string
	Dims []int
}

// New starts a graph with an input of the given number of channels.
func New(name string, channels int) (*Graph, Value) {
	g := &Graph{Name: name, Weights: map[string]tensor.Array{}}
	return g, g.Add("input", Input{Channels: channels})
}

// Add appends a node and returns its value. Inputs must be values of earlier nodes; Check reports it where they are not.
func (g *Graph) Add(name string, op Op, in ...Value) Value {
	g.Nodes = append(g.Nodes, Node{Name: name, Op: op, In: slices.Clone(in)})
	return Value(len(g.Nodes) - 1)
}

// Params lists the parameters of every node, in node order. A name used twice (shared weights) is listed once.
func (g *Graph) Params() []Param {
	seen := map[string]bool{}
	var all []Param
	for _, n := range g.Nodes {
		for _, p := range n.Op.Params() {
			if !seen[p.Name] {
				seen[p.Name] = true
				all = append(all, p)
			}
		}
	}
	return all
}

// Shapes infers the shape of every value for the given input.
func (g *Graph) Shapes(input tensor.Shape) ([]tensor.Shape, error) {
	if err := g.Check(); err != nil {
		return nil, err
	}
	if err := input.Check(); err != nil {
		return nil, fmt.Errorf("graph %s: input: %w", g.Name, err)
	}
	shapes := make([]tensor.Shape, len(g.Nodes))
	for i, n := range g.Nodes {
		in := []tensor.Shape{input}
		if i > 0 {
			in = make([]tensor.Shape, len(n.In))
			for k, v := range n.In {
				in[k] = shapes[v]
			}
		}
		out, err := n.Op.OutShape(in)
		if err == nil {
			err = out.Check()
		}
		if err != nil {
			return nil, fmt.Errorf("graph %s: node %s (%s): %w", g.Name, n.Name, n.Op.Kind(), err)
		}
		shapes[i] = out
	}
	return shapes, nil
}

// mixer is an operator that may move elements from one image of a batch to another's place, though as many come out for each as of one alone.
type mixer interface {
	mixes(in []tensor.Shape, images int) bool // the network's input has that many
}

// Separable reports that the images of a batch don't depend on each other: every value has as many for each of the input's as it has
// for one alone, and they stand in the input's order.
func (g *Graph) Separable(input tensor.Shape) bool {
	all, err := g.Shapes(input)
	if err != nil {
		return false
	}
	n := input.N
	input.N = 1
	one, err := g.Shapes(input)
	if err != nil { // a graph may be for this batch alone
		return false
	}
	for i, node := range g.Nodes {
		if one[i].N *= n; one[i] != all[i] {
			return false
		}
		if m, ok := node.Op.(mixer); ok && n > 1 {
			in := make([]tensor.Shape, len(node.In))
			for k, v := range node.In {
				in[k] = all[v]
			}
			if m.mixes(in, n) {
				return false
			}
		}
	}
	return true
}

// Check reports a malformed graph: no input, an unknown or later value, a repeated name, no output.
func (g *Graph) Check() error {
	if g == nil || len(g.Nodes) == 0 {
		return fmt.Errorf("graph is empty")
	}
	fail := func(format string, a ...any) error {
		return fmt.Errorf("graph %s: %w", g.Name, fmt.Errorf(format, a...))
	}
	seen := map[string]bool{}
	for i, n := range g.Nodes {
		if n.Op == nil {
			return fail("node %d (%q) has no operator", i, n.Name)
		}
		if _, isInput := n.Op.(Input); isInput != (i == 0) {
			return fail("node 0 and no other must be the Input; node %d (%q) is %s", i, n.Name, n.Op.Kind())
		}
		if n.Name == "" || seen[n.Name] {
			return fail("node %d: the name %q is empty or used twice", i, n.Name)
		}
		seen[n.Name] = true
		if _, isConstant := n.Op.(Constant); i > 0 && len(n.In) == 0 && !isConstant {
			return fail("node %q has no inputs", n.Name)
		}
		for _, v := range n.In {
			if v < 0 || int(v) >= i {
				return fail("node %q reads value %d, which is not an earlier node", n.Name, v)
			}
		}
	}
	if len(g.Outputs) == 0 {
		return fail("no output is set")
	}
	for _, v := range g.Outputs {
		if v < 0 || int(v) >= len(g.Nodes) {
			return fail("output %d is not a node", v)
		}
	}
	return nil
}

// CheckWeights reports a parameter that is missing, has other dimensions, or holds a NaN or an infinity. Constants may hold infinities, as
// masks of attention do.
func (g *Graph) CheckWeights() error {
	finite := map[string]bool{} // looked at once: thousands of nodes may share a large one
	for _, n := range g.Nodes {
		_, infinite := n.Op.(Constant)
		for _, p := range n.Op.Params() { // not Params(): nodes that share a name may disagree on its dimensions
			if finite[p.Name] && slices.Equal(g.Weights[p.Name].Dims, p.Dims) {
				continue
			}
			finite[p.Name] = !infinite
			if err := g.checkWeight(p, infinite); err != nil {
				return fmt.Errorf("graph %s: weight %q %w", g.Name, p.Name, err)
			}
		}
	}
	return nil
}

func (g *Graph) checkWeight(p Param, infinite bool) error {
	w, ok := g.Weights[p.Name]
	if !ok {
		return fmt.Errorf("%v is missing: load weights or initialise them", p.Dims)
	}
	if !slices.Equal(w.Dims, p.Dims) {
		return fmt.Errorf("has dimensions %v, needs %v", w.Dims, p.Dims)
	}
	n := 1
	for _, d := range p.Dims {
		n *= d
	}
	if len(w.Data) != n {
		return fmt.Errorf("%v holds %d elements, needs %d", p.Dims, len(w.Data), n)
	}
	if allFinite(w.Data) {
		return nil
	}
	for i, v := range w.Data {
		if v-v != 0 && !(infinite && v == v) {
			return fmt.Errorf("is not finite at element %d: %v", i, v)
		}
	}
	return nil
}

// allFinite looks at four numbers at a time: a start waits for it, over all weights.
func allFinite(data []float32) bool {
	var a, b, c, d float32 // stay 0, or are NaN
	for ; len(data) >= 4; data = data[4:] {
		a += data[0] - data[0]
		b += data[1] - data[1]
		c += data[2] - data[2]
		d += data[3] - data[3]
	}
	for _, v := range data {
		a += v - v
	}
	return a+b+c+d == 0
}

// MACs is the multiply-accumulate count of one run with the given input.
func (g *Graph) MACs(input tensor.Shape) (int64, error) {
	shapes, err := g.Shapes(input)
	if err != nil {
		return 0, err
	}
	var sum int64
	for i, n := range g.Nodes {
		in := make([]tensor.Shape, len(n.In))
		for k, v := range n.In {
			in[k] = shapes[v]
		}
		sum += n.Op.MACs(in, shapes[i])
	}
	return sum, nil
}
