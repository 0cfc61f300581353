package cpuref

import (
	"context"
	"fmt"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Run computes a graph's first output. Values stay in float64 from node to node; the output is rounded to float32 once.
func Run(ctx context.Context, g *graph.Graph, x *tensor.Tensor) (*tensor.Tensor, error) {
	var out *tensor.Tensor
	err := forward(ctx, g, x, func(i graph.Value, a array) {
		if i == g.Outputs[0] {
			out = a.tensor()
		}
	})
	return out, err
}

// RunAll is Run for every node: the value of g.Nodes[i], rounded to float32, is element i.
func RunAll(ctx context.Context, g *graph.Graph, x *tensor.Tensor) ([]*tensor.Tensor, error) {
	var all []*tensor.Tensor
	err := forward(ctx, g, x, func(_ graph.Value, a array) { all = append(all, a.tensor()) })
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Each is RunAll for one value after the other, as it is computed, in float64 and NCHW order; visit must not keep or change it. A
// value's memory is free after its last reader, so that networks whose values don't fit into memory together can be computed.
func Each(ctx context.Context, g *graph.Graph, x *tensor.Tensor, visit func(node graph.Value, s tensor.Shape, y []float64)) error {
	return forward(ctx, g, x, func(v graph.Value, a array) { visit(v, a.Shape, a.v) })
}

// forward computes the nodes in order and shows each value to visit. A value is dropped after its last reader.
func forward(ctx context.Context, g *graph.Graph, x *tensor.Tensor, visit func(graph.Value, array)) error {
	if err := x.Check(); err != nil {
		return fmt.Errorf("cpuref: input: %w", err)
	}
	shapes, err := g.Shapes(x.Shape)
	if err != nil {
		return fmt.Errorf("cpuref: %w", err)
	}
	if err := g.CheckWeights(); err != nil {
		return fmt.Errorf("cpuref: %w", err)
	}
	readers := make([]int, len(g.Nodes))
	for _, n := range g.Nodes {
		for _, v := range n.In {
			readers[v]++
		}
	}
	values := make([]array, len(g.Nodes))
	for i, n := range g.Nodes {
		in := make([]array, len(n.In))
		for k, v := range n.In {
			in[k] = values[v]
		}
		if i == 0 {
			in = []array{fromTensor(x)}
		}
		values[i], err = apply(ctx, n.Op, in, g.Weights, shapes[i])
		if err != nil {
			return fmt.Errorf("cpuref: graph %s: node %s: %w", g.Name, n.Name, err)
		}
		visit(graph.Value(i), values[i])
		for _, v := range n.In {
			if readers[v]--; readers[v] == 0 {
				values[v] = array{}
			}
		}
	}
	return nil
}

// apply computes one operator in float64. Shapes and weights are checked already; out is the output's shape.
// A new operator gets its file, and its case here and in Apply; one that works on single numbers has it in activationOf.
func apply(ctx context.Context, op graph.Op, in []array, weights map[string]tensor.Array, out tensor.Shape) (array, error) {
	if err := ctx.Err(); err != nil {
		return array{}, err
	}
	optional := func(name string) []float64 { // nil for the empty name
		if name == "" {
			return nil
		}
		return widen(weights[name].Data)
	}
	if a, ok := activationOf(op); ok {
		return a.of(in[0]), nil
	}
	switch op := op.(type) {
	case graph.Input:
		return in[0], nil
	case graph.Conv2D:
		return conv(ctx, in[0], op.Norm(), weights[op.Weight].Data, optional(op.Bias), out, false)
	case graph.ConvTranspose2D:
		return convTranspose(ctx, in[0], op.Norm(), weights[op.Weight].Data, optional(op.Bias), out, false)
	case graph.Pool2D:
		return pool(ctx, in[0], op.Norm(), nil, out)
	case graph.GlobalPool:
		return pool(ctx, in[0], op.Pool(in[0].Shape), nil, out)
	case graph.Affine:
		return affine(ctx, in[0], optional(op.Scale), optional(op.Shift))
	case graph.Quantize:
		var zero []float32
		if op.Zero != "" {
			zero = weights[op.Zero].Data
		}
		return quantize(ctx, in[0], op, weights[op.Scale].Data, zero)
	case graph.Scale:
		return scale(ctx, in[0], op)
	case graph.BatchNorm:
		return batchNorm(ctx, in[0], op, optional(op.Scale), optional(op.Shift), optional(op.Mean), optional(op.Var))
	case graph.Binary:
		return binary(ctx, in[0], in[1], op, out)
	case graph.MatMul:
		return matMul(ctx, in[0], in[1], op, out)
	case graph.Normalize:
		return normalize(ctx, in[0], op, optional(op.Scale), optional(op.Shift))
	case graph.LRN:
		y, _, err := lrn(ctx, in[0], op)
		return y, err
	case graph.Softmax:
		y, _, err := softmax(ctx, in[0])
		return y, err
	case graph.CumSum:
		return cumSum(ctx, in[0], op)
	case graph.Concat:
		return concat(in, out), nil
	case graph.Reshape:
		return array{out, in[0].v}, nil
	case graph.Pad2D:
		return pad(in[0], op, out), nil
	case graph.Resize:
		return resize(ctx, in[0], op, out, false)
	case graph.Channels:
		return channels(in[0], op, out), nil
	case graph.Move:
		return move(in[0], op, out)
	case graph.Constant:
		return array{out, widen(weights[op.Value].Data)}, nil
	default:
		return array{}, fmt.Errorf("operator %T has no reference: add it to cpuref's apply", op)
	}
}
