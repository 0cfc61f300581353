package classify

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"inceptiongl/inception/onnx"
	"inceptiongl/inception/tail"
	"inceptiongl/inception/tensor"
)

// file is what the model's file says of its input and outputs.
func (m *Model) file() *onnx.Model {
	f := &onnx.Model{InputDims: m.InputDims, InputOrder: m.InputOrder, Outputs: m.Outputs, Network: m.Network, Tail: m.Tail}
	if f.InputDims == nil {
		f.InputDims = []int{-1, m.Channels(), -1, -1}
	}
	return f
}

// Shape is the shape of the graph's input for an array of those extents, which are as the model's file has them.
func (m *Model) Shape(extents []int) (tensor.Shape, error) {
	f := m.file()
	s, err := f.Shape(extents)
	if err != nil {
		return s, fmt.Errorf("extents %s: the model takes %s", show(extents), show(f.InputDims))
	}
	return s, nil
}

// show writes extents as 1×3×224×224; what is free is a question mark.
func show(extents []int) string {
	var words []string
	for _, d := range extents {
		word := strconv.Itoa(d)
		if d < 0 {
			word = "?"
		}
		words = append(words, word)
	}
	return strings.Join(words, "×")
}

// Tensor is the graph's input for an array as the model's file has it: of its rank, with its axes in that order.
func (m *Model) Tensor(a tensor.Array) (*tensor.Tensor, error) {
	if _, err := m.Shape(a.Dims); err != nil {
		return nil, err
	}
	return m.file().Tensor(a)
}

// Finish makes the model's outputs, as its file has them, of all of the graph's. Where the host has a part in the model, it is
// computed here.
func (m *Model) Finish(ctx context.Context, ys []*tensor.Tensor) ([]tail.Array, error) {
	if m.Tail != nil {
		return m.file().Finish(ctx, ys)
	}
	arrays := make([]tail.Array, len(ys))
	for i, y := range ys {
		arrays[i] = tail.Floats(m.OutputDims(i, y.Shape), y.Data)
	}
	return arrays, nil
}

// OnHost says which operators run on the host, after the download: in words, for people. "" where none does.
func (m *Model) OnHost() string {
	if m.Tail == nil {
		return ""
	}
	var kinds []string
	operators := m.Tail.Operators()
	for _, n := range operators {
		if kind := n.Op.Kind(); !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	some := "operators"
	if len(operators) == 1 {
		some = "operator"
	}
	return fmt.Sprintf("%d %s at the model's end, on the CPU after the download: %s", len(operators), some, strings.Join(kinds, ", "))
}
