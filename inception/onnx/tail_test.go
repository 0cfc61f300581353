package onnx_test

import (
	"context"
	"testing"

	"inceptiongl/inception/onnx"
	"inceptiongl/inception/tail"
	"inceptiongl/inception/tensor"
)

// wantedTail is the number of cases in testdata/tail.
const wantedTail = 116

// TestTail runs ONNX's tests of what the host computes at a model's end, and of what is packed with them.
func TestTail(t *testing.T) {
	rows, files := nodeRows(t, "tail")
	eachBackend(t, func(t *testing.T, r run) {
		all := 0
		for _, row := range rows {
			for _, name := range row.cases {
				all++
				t.Run(row.what+"/"+name, func(t *testing.T) { nodeCase(t, files, row.folder, name, r) })
			}
		}
		if all != wantedTail {
			t.Errorf("%d cases ran, want %d", all, wantedTail)
		}
	})
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
