package onnx_test

import (
	"fmt"
	"testing"

	"inceptiongl/inception/onnx"
	"inceptiongl/inception/tensor"
)

// TestExporters runs small networks as the exporters of other frameworks write them, and compares every output with onnxruntime's.
func TestExporters(t *testing.T) {
	eachModel(t, "exporters", 32, func(t *testing.T, r run, m *onnx.Model, file func(string) tensor.Array) {
		x, err := m.Tensor(file(".x"))
		if err != nil {
			t.Fatal(err)
		}
		for k, y := range finished(t, r, m, x) {
			alike(t, y, file(fmt.Sprintf(".y%d", k)))
		}
	})
}
