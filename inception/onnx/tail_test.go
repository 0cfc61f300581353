package onnx_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"inceptiongl/inception/onnx"
	"inceptiongl/inception/tail"
	"inceptiongl/inception/tensor"
)

// TestTail runs ONNX's tests of what the host computes at a model's end, and of what is packed with them.
func TestTail(t *testing.T) {
	nodeCases(t, "tail", 116)
}

// finished are the model's outputs, with the host's part.
func finished(t *testing.T, r run, m *onnx.Model, x *tensor.Tensor) []tail.Array {
	t.Helper()
	ctx := context.Background()
	var ys []*tensor.Tensor
	for _, v := range m.Graph.Outputs {
		g, err := m.Graph.UpTo(v)
		if err != nil {
			t.Fatal(err)
		}
		y, err := r(ctx, g, x)
		if err != nil {
			t.Fatal(err)
		}
		ys = append(ys, y)
	}
	out, err := m.Finish(ctx, ys)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestEnds compares networks that end on the host with onnxruntime: integers exactly.
func TestEnds(t *testing.T) {
	eachModel(t, "ends", 8, func(t *testing.T, r run, m *onnx.Model, file func(string) tensor.Array) {
		x, err := m.Tensor(file(".x"))
		if err != nil {
			t.Fatal(err)
		}
		for k, y := range finished(t, r, m, x) {
			want := file(fmt.Sprintf(".y%d", k))
			open := func(got, want int) bool { return got == want || got == -1 }
			if !slices.Equal(y.Dims, want.Dims) || y.Len() != len(want.Data) || !slices.EqualFunc(m.Outputs[k].Dims, want.Dims, open) {
				t.Errorf("output %d is %v, declared %v, want %v", k, y.Dims, m.Outputs[k].Dims, want.Dims)
				continue
			}
			for i, w := range want.Data {
				if d := math.Abs(y.Number(i) - float64(w)); !(d <= 2e-5) || y.Ints && d != 0 {
					t.Errorf("output %d, element %d is %v, want %v", k, i, y.Number(i), w)
					break
				}
			}
		}
	})
}
