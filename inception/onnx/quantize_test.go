package onnx_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"inceptiongl/inception/onnx"
	"inceptiongl/inception/tensor"
)

// TestQuantized compares models that quantise with onnxruntime: every number the same, but for what convolutions give.
func TestQuantized(t *testing.T) {
	eachModel(t, "quantize", 64, func(t *testing.T, r run, m *onnx.Model, file func(string) tensor.Array) {
		x, err := m.Tensor(file(".x"))
		if err != nil {
			t.Fatal(err)
		}
		want := file(".y")
		y, err := r(context.Background(), m.Graph, x)
		if err != nil || len(y.Data) != len(want.Data) || !slices.Equal(m.Outputs[0].Dims, want.Dims) {
			t.Fatalf("%v, or not %v", err, want.Dims)
		}
		limit := 0.0
		if strings.Contains(t.Name(), "/conv") {
			for _, w := range want.Data {
				limit = max(limit, 1e-5*math.Abs(float64(w)))
			}
		}
		for i, w := range want.Data {
			if d := math.Abs(float64(y.Data[i]) - float64(w)); !(d <= limit) {
				t.Fatalf("element %d is %v, want %v", i, y.Data[i], w)
			}
		}
	})
}
