package cpuref

import (
	"fmt"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Apply is one operator with its weights given: what one step of a plan should compute. weight and bias are
//
//	Conv2D              weight, bias or nil; ConvTranspose2D too
//	Affine, Normalize   scale or nil for 1, shift or nil for 0
//	Quantize            scale, zero point or nil for 0
//	Pool2D, GlobalPool  nil, a bias per channel to add afterwards or nil
//
// and nil for all others. Input, Constant, Scale and BatchNorm have values, factors or more vectors in the graph: they are for Run.
func Apply(op graph.Op, weight, bias []float32, in ...*tensor.Tensor) (*Result, error) {
	if op == nil {
		return nil, fmt.Errorf("cpuref: no operator to apply")
	}
	if _, err := outShape(op, in...); err != nil {
		return nil, err
	}
	if w, b := takes(op); len(weight) > 0 && !w || len(bias) > 0 && !b {
		return nil, fmt.Errorf("cpuref: %s: given %d weights and a bias of %d elements, which it does not take", op.Kind(), len(weight), len(bias))
	}
	if u, ok := op.(graph.Unary); ok {
		return Unary(in[0], u)
	}
	if a, ok := activationOf(op); ok {
		return a.result(in[0]), nil
	}
	switch op := op.(type) {
	case graph.Conv2D:
		return Conv2D(in[0], op, weight, bias)
	case graph.ConvTranspose2D:
		return ConvTranspose2D(in[0], op, weight, bias)
	case graph.Pool2D:
		return Pool2D(in[0], op, bias)
	case graph.GlobalPool:
		return GlobalPool(in[0], op, bias)
	case graph.Affine:
		return Affine(in[0], op, weight, bias)
	case graph.Quantize:
		return Quantize(in[0], op, weight, bias)
	case graph.Binary:
		return Binary(in[0], in[1], op)
	case graph.MatMul:
		return MatMul(in[0], in[1], op)
	case graph.Normalize:
		return Normalize(in[0], op, weight, bias)
	case graph.LRN:
		return LRN(in[0], op)
	case graph.Softmax:
		return Softmax(in[0])
	case graph.CumSum:
		return CumSum(in[0], op)
	case graph.Concat:
		return Concat(in)
	case graph.Reshape:
		return Reshape(in[0], op)
	case graph.Pad2D:
		return Pad2D(in[0], op)
	case graph.Resize:
		return Resize(in[0], op)
	case graph.Channels:
		return Channels(in[0], op)
	case graph.Move:
		return Move(in[0], op)
	default:
		return nil, fmt.Errorf("cpuref: operator %T can't be applied on its own: add it to Apply, or use Run", op)
	}
}

// takes reports which of Apply's weight and bias an operator may have.
func takes(op graph.Op) (weight, bias bool) {
	switch op.(type) {
	case graph.Conv2D, graph.ConvTranspose2D, graph.Affine, graph.Normalize, graph.Quantize:
		return true, true
	case graph.Pool2D, graph.GlobalPool:
		return false, true
	default:
		return false, false
	}
}

// outShape checks the inputs and is the operator's output shape.
func outShape(op graph.Op, in ...*tensor.Tensor) (tensor.Shape, error) {
	shapes := make([]tensor.Shape, len(in))
	for i, x := range in {
		if err := x.Check(); err != nil {
			return tensor.Shape{}, fmt.Errorf("cpuref: %s: input %d: %w", op.Kind(), i, err)
		}
		shapes[i] = x.Shape
	}
	out, err := op.OutShape(shapes)
	if err == nil {
		err = out.Check()
	}
	if err != nil {
		return out, fmt.Errorf("cpuref: %s: %w", op.Kind(), err)
	}
	return out, nil
}
