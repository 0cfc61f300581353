// Package tail is the end of a model that the host computes, when the network's own outputs are there: where the largest elements are, which
// of a detector's boxes stay, and what is picked by them. Such answers are whole numbers, or as many as the data says, which the
// network's tensors can't be. It is plain Go on arrays of any rank, and knows no device.
package tail

import (
	"context"
	"fmt"

	"inceptiongl/inception/tensor"
)

// Array is an n-dimensional row-major array of floats, or of integers. Truths are integers: 1 and 0.
type Array struct {
	Dims []int
	F    []float32 // of floats
	I    []int64   // of integers
	Ints bool      // which of both
}

// Floats and Ints wrap data.
func Floats(dims []int, data []float32) Array { return Array{Dims: dims, F: data} }

// Integers wraps data.
func Integers(dims []int, data []int64) Array { return Array{Dims: dims, I: data, Ints: true} }

// Len is the number of elements.
func (a Array) Len() int { return max(len(a.F), len(a.I)) }

// Check reports data that doesn't fit the dimensions.
func (a Array) Check() error {
	n, err := count(a.Dims)
	if err == nil && (n != a.Len() || len(a.F) > 0 && len(a.I) > 0 || a.Ints && len(a.F) > 0 || !a.Ints && len(a.I) > 0) {
		err = fmt.Errorf("%v holds %d floats and %d integers", a.Dims, len(a.F), len(a.I))
	}
	return err
}

// Number is element i.
func (a Array) Number(i int) float64 {
	if a.Ints {
		return float64(a.I[i])
	}
	return float64(a.F[i])
}

// count multiplies extents; the product is an array's possible size.
func count(dims []int) (int, error) {
	n := 1
	for _, d := range dims {
		if d < 0 {
			return 0, fmt.Errorf("%v has a negative extent", dims)
		}
		if d > 0 && n > tensor.MaxElements/d {
			return 0, fmt.Errorf("%v has more than %d elements", dims, tensor.MaxElements)
		}
		n *= d
	}
	return n, nil
}

// Value names an output of a node.
type Value struct{ Node, Out int }

// Node is one operator applied to earlier values.
type Node struct {
	Name string
	Op   Op
	In   []Value
}

// Op is an operator: a plain struct of its attributes. Axes in them are counted from 0.
type Op interface {
	// Kind is its name in ONNX.
	Kind() string
	// Run computes its outputs, or says why the inputs don't fit. They are not changed, and may be part of what it gives.
	Run(in []Array) ([]Array, error)
}

// Tail is the operators in topological order. The first are Inputs and Constants.
type Tail struct {
	Nodes   []Node
	Outputs []Value
}

// Input is one of the network's outputs.
type Input struct{ Index int }

// Kind is "Input".
func (Input) Kind() string { return "Input" }

// Run is not for it: Tail.Run fills it in.
func (Input) Run([]Array) ([]Array, error) { return nil, fmt.Errorf("an input is given") }

// Constant is an array that is part of the model.
type Constant struct{ Value Array }

// Kind is "Constant".
func (Constant) Kind() string { return "Constant" }

// Run is the value.
func (c Constant) Run([]Array) ([]Array, error) { return []Array{c.Value}, nil }

// Add appends a node, and is its first output.
func (t *Tail) Add(name string, op Op, in ...Value) Value {
	t.Nodes = append(t.Nodes, Node{name, op, in})
	return Value{Node: len(t.Nodes) - 1}
}

// Run computes the outputs from the network's.
func (t *Tail) Run(ctx context.Context, network []Array) ([]Array, error) {
	results := make([][]Array, len(t.Nodes))
	for i, n := range t.Nodes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if in, ok := n.Op.(Input); ok {
			if in.Index < 0 || in.Index >= len(network) {
				return nil, fmt.Errorf("tail: output %d of the network is needed, %d are given", in.Index, len(network))
			}
			if err := network[in.Index].Check(); err != nil {
				return nil, fmt.Errorf("tail: output %d of the network: %w", in.Index, err)
			}
			results[i] = network[in.Index : in.Index+1]
			continue
		}
		in := make([]Array, len(n.In))
		for k, v := range n.In {
			if v.Node < 0 || v.Node >= i || v.Out < 0 || v.Out >= len(results[v.Node]) {
				return nil, fmt.Errorf("tail: node %s reads value %v, which no earlier node gives", n.Name, v)
			}
			in[k] = results[v.Node][v.Out]
		}
		out, err := n.Op.Run(in)
		if err != nil {
			return nil, fmt.Errorf("tail: node %s (%s), on the host: %w", n.Name, n.Op.Kind(), err)
		}
		results[i] = out
	}
	outputs := make([]Array, len(t.Outputs))
	for k, v := range t.Outputs {
		if v.Node < 0 || v.Node >= len(results) || v.Out < 0 || v.Out >= len(results[v.Node]) {
			return nil, fmt.Errorf("tail: output %d is value %v, which no node gives", k, v)
		}
		outputs[k] = results[v.Node][v.Out]
	}
	return outputs, nil
}

// UpTo is the part of t that computes its outputs, and which of the network's outputs it needs, in the order in which its Inputs count them
// now: the first output's come first.
func (t *Tail) UpTo(outputs ...Value) (*Tail, []int) {
	part, moved := &Tail{}, make([]int, len(t.Nodes))
	var network []int
	var visit func(v Value) Value
	visit = func(v Value) Value {
		if moved[v.Node] == 0 {
			n := t.Nodes[v.Node]
			in := make([]Value, len(n.In))
			for k, w := range n.In {
				in[k] = visit(w)
			}
			if op, ok := n.Op.(Input); ok {
				network = append(network, op.Index)
				n.Op = Input{len(network) - 1}
			}
			part.Nodes = append(part.Nodes, Node{n.Name, n.Op, in})
			moved[v.Node] = len(part.Nodes)
		}
		return Value{moved[v.Node] - 1, v.Out}
	}
	for _, v := range outputs {
		part.Outputs = append(part.Outputs, visit(v))
	}
	return part, network
}

// Operators are the nodes that compute something.
func (t *Tail) Operators() []Node {
	var all []Node
	for _, n := range t.Nodes {
		switch n.Op.(type) {
		case Input, Constant:
		default:
			all = append(all, n)
		}
	}
	return all
}
