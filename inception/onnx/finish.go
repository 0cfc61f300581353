package onnx

import (
	"context"
	"fmt"
	"slices"

	"inceptiongl/inception/tail"
	"inceptiongl/inception/tensor"
)

// Finish makes a model's outputs, as its file has them, of what its graph gave: all of the graph's outputs, in order. Where the host has a
// part in the model, that is computed here.
func (m *Model) Finish(ctx context.Context, ys []*tensor.Tensor) ([]tail.Array, error) {
	as := m.Outputs
	if m.Tail != nil {
		as = m.Network
	}
	if len(ys) != len(as) {
		return nil, fmt.Errorf("onnx: %d outputs are given, the graph has %d", len(ys), len(as))
	}
	arrays := make([]tail.Array, len(ys))
	for k, y := range ys {
		dims, err := as[k].Resolve(y.Shape)
		if err != nil {
			return nil, fmt.Errorf("onnx: output %s: %w", quote(as[k].Name), err)
		}
		arrays[k] = tail.Floats(dims, y.Data)
	}
	if m.Tail == nil {
		return arrays, nil
	}
	out, err := m.Tail.Run(ctx, arrays)
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	return out, nil
}

// Resolve is the output's dimensions where the graph gave it that shape.
func (o Output) Resolve(s tensor.Shape) ([]int, error) {
	dims, open, rest := slices.Clone(o.Dims), -1, 1
	several := false
	for k, d := range dims {
		switch {
		case d >= 0:
			rest *= d
		case open >= 0:
			several = true
		default:
			open = k
		}
	}
	switch {
	case !several && open >= 0 && rest > 0 && s.Len()%rest == 0:
		dims[open] = s.Len() / rest
	case open < 0 && rest == s.Len():
	case several && len(dims) == 2:
		dims = []int{s.N, s.C * s.H * s.W}
	case several && len(dims) == 3:
		dims = []int{s.N, s.C, s.H * s.W}
	case several && len(dims) == 4:
		dims = []int{s.N, s.C, s.H, s.W}
	default:
		return nil, fmt.Errorf("a tensor of shape %v can't be %v: give the input's extents (Options.Dims)", s, o.Dims)
	}
	for k, d := range o.Dims {
		if d >= 0 && d != dims[k] {
			return nil, fmt.Errorf("a tensor of shape %v can't be %v: give the input's extents (Options.Dims)", s, o.Dims)
		}
	}
	return dims, nil
}
