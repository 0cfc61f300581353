package inception

import (
	"fmt"
	"math"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// value is a tensor of the program: a graph value, or one that a rewrite introduced.
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
	name   string
	op     graph.Op
	in     int // value
	in2    int // value, of a Binary; none elsewhere
	out    slot
	shape  tensor.Shape // of what the unit writes
	weight []float32    // a convolution's O × I/groups × kh × kw; an affine's scales, or nil for 1
	bias   []float32    // one per output channel, or nil
	act    graph.Op     // ReLU, Clip, or nil
}

// none is the second input of a unit that has one.
const none = -1

// program is a graph as units in topological order.
type program struct {
	values    []value
	constants map[int][]float32 // values that don't depend on the input, NCHW
	units     []*unit
	outputs   []int // values
}

// lower turns every node into a unit, one for one; a Concat becomes one copy for each input.
func lower(g *graph.Graph, input tensor.Shape) (*program, error) {
	shapes, err := g.Shapes(input)
	if err != nil {
		return nil, err
	}
	if err := g.CheckWeights(); err != nil {
		return nil, err
	}
	p := &program{constants: map[int][]float32{}}
	for i, n := range g.Nodes {
		p.values = append(p.values, value{n.Name, shapes[i]})
		if err := p.lowerNode(g, i, n, shapes); err != nil {
			return nil, fmt.Errorf("graph %s: node %s: %w", g.Name, n.Name, err)
		}
	}
	for _, v := range g.Outputs {
		p.outputs = append(p.outputs, int(v))
	}
	return p, nil
}

// lowerNode appends the units of one node.
func (p *program) lowerNode(g *graph.Graph, i int, n graph.Node, shapes []tensor.Shape) error {
	u := &unit{name: n.Name, op: n.Op, in2: none, out: slot{value: i}, shape: shapes[i]}
	if len(n.In) > 0 {
		u.in = int(n.In[0])
	}
	param := func(name string) []float32 {
		if name == "" {
			return nil
		}
		return g.Weights[name].Data
	}
	switch op := n.Op.(type) {
	case graph.Input:
		return nil
	case graph.Constant:
		p.constants[i] = param(op.Value)
		return nil
	case graph.Conv2D:
		u.op, u.weight, u.bias = op.Norm(), g.Weights[op.Weight].Data, param(op.Bias)
	case graph.Pool2D:
		u.op = op.Norm()
	case graph.GlobalPool:
		u.op = op.Pool(shapes[u.in])
	case graph.Affine:
		u.weight, u.bias = param(op.Scale), param(op.Shift)
	case graph.BatchNorm:
		u.op = graph.Affine{Channels: op.Channels}
		var err error
		if u.weight, u.bias, err = batchNorm(op, param); err != nil {
			return err
		}
	case graph.Channels:
		u.op, u.weight = pick(op, shapes[u.in].C)
	case graph.Binary:
		u.in2 = int(n.In[1])
	case graph.ReLU, graph.Clip, graph.LRN, graph.Softmax, graph.Pad2D, graph.Reshape:
	case graph.Concat:
		p.lowerConcat(i, n, shapes)
		return nil
	default:
		return fmt.Errorf("operator %q has no GPU step", n.Op.Kind())
	}
	p.units = append(p.units, u)
	return nil
}

// lowerConcat appends one copy for each input.
func (p *program) lowerConcat(i int, n graph.Node, shapes []tensor.Shape) {
	channel := 0
	for k, v := range n.In {
		p.units = append(p.units, &unit{
			name: fmt.Sprintf("%s[%d]", n.Name, k), op: graph.Concat{}, in: int(v), in2: none, out: slot{i, channel}, shape: shapes[v],
		})
		channel += shapes[v].C
	}
}

// batchNorm is scale and shift of a batch norm, computed in float64 and rounded once.
func batchNorm(op graph.BatchNorm, param func(string) []float32) (scale, shift []float32, err error) {
	mean, variance, gamma, beta := param(op.Mean), param(op.Var), param(op.Scale), param(op.Shift)
	scale, shift = make([]float32, op.Channels), make([]float32, op.Channels)
	for c := range scale {
		d := float64(variance[c]) + op.Eps
		if !(d > 0) {
			return nil, nil, fmt.Errorf("variance %v + eps %v of channel %d is not positive", variance[c], op.Eps, c)
		}
		s, b := 1/math.Sqrt(d), 0.0
		if gamma != nil {
			s *= float64(gamma[c])
		}
		if beta != nil {
			b = float64(beta[c])
		}
		scale[c], shift[c] = float32(s), float32(b-float64(mean[c])*s)
	}
	return scale, shift, nil
}

// pick is a channel selection as a 1×1 convolution with one 1 in each row, which is exact.
func pick(op graph.Channels, in int) (graph.Conv2D, []float32) {
	w := make([]float32, len(op.Index)*in)
	for k, i := range op.Index {
		w[k*in+i] = 1
	}
	return graph.Conv2D{In: in, Out: len(op.Index), Kernel: graph.Square(1)}.Norm(), w
}
