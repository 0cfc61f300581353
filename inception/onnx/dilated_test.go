package onnx_test

import (
	"context"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/onnx"
	"inceptiongl/inception/tensor"
)

// TestDilatedPools compares dilated pools, each one node of the graph, with onnxruntime (testdata/dilated/generate.py).
func TestDilatedPools(t *testing.T) {
	ran := map[string]int{}
	eachModel(t, "dilated", 150, func(t *testing.T, r run, m *onnx.Model, file func(string) tensor.Array) {
		checkModel(t, m)
		p, ok := m.Graph.Nodes[1].Op.(graph.Pool2D)
		if !ok || len(m.Graph.Nodes) != 2 {
			t.Fatalf("nodes %q, want one pool", kinds(m.Graph))
		}
		y, err := r(context.Background(), m.Graph, input(t, m, file(".x"), 0))
		if err != nil {
			t.Fatalf("%+v: %v", p, err)
		}
		compareAt(t, y.Data, file(".y").Data, 1e-5, 1e-6)
		ran[p.Kind()]++
	})
	if min(ran["avgpool"], ran["maxpool"]) < 50 {
		t.Errorf("ran %v, want 50 of each and more", ran)
	}
}
