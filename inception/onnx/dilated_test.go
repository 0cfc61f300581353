package onnx_test

import (
	"context"
	"strings"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/onnx"
)

// TestDilatedPools compares dilated pools, each one node of the graph, with onnxruntime (testdata/dilated/generate.py).
func TestDilatedPools(t *testing.T) {
	files := readZip(t, "testdata/dilated/dilated.zip")
	eachBackend(t, func(t *testing.T, r run) {
		ran := map[string]int{}
		for name, data := range files {
			base, isModel := strings.CutSuffix(name, ".onnx")
			if !isModel {
				continue
			}
			m, err := onnx.Parse(context.Background(), data, onnx.Options{})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			checkModel(t, m)
			p, ok := m.Graph.Nodes[1].Op.(graph.Pool2D)
			if !ok || len(m.Graph.Nodes) != 2 {
				t.Errorf("%s: nodes %q, want one pool", name, kinds(m.Graph))
				continue
			}
			t.Run(base, func(t *testing.T) {
				y, err := r(context.Background(), m.Graph, input(t, m, parseProto(t, files[base+".x"]), 0))
				if err != nil {
					t.Fatalf("%+v: %v", p, err)
				}
				compareAt(t, y.Data, parseProto(t, files[base+".y"]).Data, 1e-5, 1e-6)
			})
			ran[p.Kind()]++
		}
		if ran["avgpool"]+ran["maxpool"] != 150 || min(ran["avgpool"], ran["maxpool"]) < 50 {
			t.Errorf("ran %v, want 150", ran)
		}
	})
}
