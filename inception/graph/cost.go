package graph

import (
	"fmt"

	"inceptiongl/inception/tensor"
)

// BytesPerElement is the size of a float32, of which activations and parameters consist.
const BytesPerElement = 4

// maxCount bounds every count of a NetworkCost, so that none overflows and all are exact as float64, in JSON too.
const maxCount = 1 << 53

// NetworkCost is what one run of a network costs: see Cost.
type NetworkCost struct {
	Nodes []NodeCost // one for each node of the graph, in its order
	Total Count      // their sum

	// PeakElements is the largest number of activations that are alive at once: the nodes run in order, none in place, and a
	// value is forgotten after its last reader. Inputs and outputs of the network are among them.
	PeakElements int64
}

// NodeCost is what one node costs.
type NodeCost struct {
	Name, Kind string
	Out        tensor.Shape
	Count
}

// Count is the cost of a node, or of several. The Input and Constants cost nothing to run; they are counted where they are read.
type Count struct {
	Params ParamCount
	// MACs are multiply-accumulates of convolutions, fully connected layers and products of tensors, those with the zeros of the padding
	// included: what the field states as a network's MACs. Without the biases' additions.
	MACs int64
	// AffineMACs are the multiply-adds of BatchNorm and Affine, one for each element. They vanish where a plan folds them.
	AffineMACs int64
	// In, Read and Out are the elements that go in, the parameters read, and the elements that come out: the memory moved if
	// every node ran by itself and each element crossed once. Activations in the field's sense are Out.
	In, Read, Out int64
}

// ParamCount counts stored numbers by their use. A parameter that several nodes share is counted in the first.
type ParamCount struct {
	Weights int64 // of convolutions and fully connected layers
	Biases  int64 // of convolutions and fully connected layers
	Norm    int64 // scales and shifts of BatchNorm, Affine and Normalize
	Stats   int64 // means and variances of BatchNorm: not learned by gradient
	Other   int64 // Constants, and what operators of other packages hold
}

// Learned is Weights + Biases + Norm: what PyTorch's Module.parameters() holds.
func (p ParamCount) Learned() int64 { return p.Weights + p.Biases + p.Norm }

// Stored is all that a file of the network holds: Learned + Stats + Other.
func (p ParamCount) Stored() int64 { return p.Learned() + p.Stats + p.Other }

// Add is the sum of both, field by field.
func (c Count) Add(d Count) Count {
	for i, v := range d.fields() {
		*c.fields()[i] += *v
	}
	return c
}

// Bytes is the memory moved: BytesPerElement·(In + Read + Out).
func (c Count) Bytes() int64 { return BytesPerElement * (c.In + c.Read + c.Out) }

// Intensity is the arithmetic intensity in floating-point operations for each byte: 2·MACs / Bytes, and 0 where nothing moves.
func (c Count) Intensity() float64 {
	if c.Bytes() == 0 {
		return 0
	}
	return 2 * float64(c.MACs) / float64(c.Bytes())
}

func (c *Count) fields() []*int64 {
	p := &c.Params
	return []*int64{&p.Weights, &p.Biases, &p.Norm, &p.Stats, &p.Other, &c.MACs, &c.AffineMACs, &c.In, &c.Read, &c.Out}
}

// Cost counts parameters, multiply-accumulates and activations of one run with the given input, node by node. It needs no
// weights. Every node counts, those too that no output needs. It fails where Shapes fails, and where a count exceeds 2⁵³.
func Cost(g *Graph, input tensor.Shape) (*NetworkCost, error) {
	shapes, err := g.Shapes(input)
	if err != nil {
		return nil, err
	}
	cost := &NetworkCost{Nodes: make([]NodeCost, len(g.Nodes)), PeakElements: g.peak(shapes)}
	counted := map[string]bool{}
	for i, n := range g.Nodes {
		c, err := n.count(shapes, shapes[i], counted)
		if err == nil {
			cost.Total = cost.Total.Add(c)
			for _, v := range cost.Total.fields() {
				if *v > maxCount {
					err = errLarge
				}
			}
		}
		if err != nil {
			return nil, fmt.Errorf("graph %s: node %s (%s): %w", g.Name, n.Name, n.Op.Kind(), err)
		}
		cost.Nodes[i] = NodeCost{n.Name, n.Op.Kind(), shapes[i], c}
	}
	return cost, nil
}

var errLarge = fmt.Errorf("the network's counts exceed %d", int64(maxCount))

// count is the node's cost. Parameters that are in counted are not counted again.
func (n Node) count(shapes []tensor.Shape, out tensor.Shape, counted map[string]bool) (Count, error) {
	var c Count
	for _, p := range n.Op.Params() {
		size, err := product(p.Dims...)
		if err != nil {
			return c, err
		}
		c.Read += size
		if !counted[p.Name] {
			counted[p.Name] = true
			*c.Params.field(n.Op, p.Name) += size
		}
	}
	in := make([]tensor.Shape, len(n.In))
	for k, v := range n.In {
		in[k] = shapes[v]
		c.In += int64(shapes[v].Len())
	}
	c.Out = int64(out.Len())
	switch op := n.Op.(type) {
	case Input, Constant:
		c.In, c.Read, c.Out = 0, 0, 0
	case BatchNorm, Affine, Scale:
		c.AffineMACs = op.MACs(in, out)
	case Conv2D:
		if _, err := product(out.Len(), op.In/op.Norm().Groups, op.Kernel.H, op.Kernel.W); err != nil {
			return c, err
		}
		c.MACs = op.MACs(in, out)
	case MatMul:
		if _, err := product(out.Len(), op.Terms(in[0])); err != nil {
			return c, err
		}
		c.MACs = op.MACs(in, out)
	case ConvTranspose2D:
		if _, err := product(in[0].Len(), op.Out/op.Norm().Groups, op.Kernel.H, op.Kernel.W); err != nil {
			return c, err
		}
		c.MACs = op.MACs(in, out)
	default:
		c.MACs = op.MACs(in, out)
	}
	return c, nil
}

// field is where op's parameter of that name is counted.
func (p *ParamCount) field(op Op, name string) *int64 {
	switch op := op.(type) {
	case Conv2D:
		if name == op.Weight {
			return &p.Weights
		}
		return &p.Biases
	case ConvTranspose2D:
		if name == op.Weight {
			return &p.Weights
		}
		return &p.Biases
	case BatchNorm:
		if name == op.Mean || name == op.Var {
			return &p.Stats
		}
		return &p.Norm
	case Affine, Normalize:
		return &p.Norm
	}
	return &p.Other
}

// product fails where the product of positive numbers exceeds maxCount.
func product(factors ...int) (int64, error) {
	n := int64(1)
	for _, f := range factors {
		if f < 1 || int64(f) > maxCount/n {
			return 0, errLarge
		}
		n *= int64(f)
	}
	return n, nil
}

// peak is NetworkCost.PeakElements.
func (g *Graph) peak(shapes []tensor.Shape) int64 {
	last := make([]int, len(g.Nodes)) // the last node that needs the value
	for i, n := range g.Nodes {
		last[i] = i
		for _, v := range n.In {
			last[v] = i
		}
	}
	for _, v := range g.Outputs {
		last[v] = len(g.Nodes)
	}
	forget := make([][]int, len(g.Nodes)+1)
	for v, i := range last {
		forget[i] = append(forget[i], v)
	}
	size := func(v int) int64 {
		if _, stored := g.Nodes[v].Op.(Constant); stored {
			return 0
		}
		return int64(shapes[v].Len())
	}
	var alive, most int64
	for i := range g.Nodes {
		alive += size(i)
		most = max(most, alive)
		for _, v := range forget[i] {
			alive -= size(v)
		}
	}
	return most
}
