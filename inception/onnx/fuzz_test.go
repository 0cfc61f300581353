package onnx_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"inceptiongl/inception/onnx"
)

// FuzzParse: whatever the bytes, Parse gives an error or a graph that holds together, and its own idea of the outputs' extents is the graph's.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/exports/*.onnx", "testdata/golden/inception_a_2x5*.onnx", "testdata/light/light_bvlc*.onnx"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			f.Fatalf("%s: %v, %v", pattern, paths, err)
		}
		for _, path := range paths {
			f.Add(read(f, path))
		}
	}
	for _, archive := range []string{"testdata/ends/ends.zip", "testdata/quantize/quantize.zip", "testdata/tail/tail.zip"} {
		for name, data := range readZip(f, archive) {
			if filepath.Ext(name) == ".onnx" && len(data) < 1<<12 {
				f.Add(data)
			}
		}
	}
	for _, c := range hostile {
		if data := encode(f, model(c.parts...)); len(data) < 1<<12 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := onnx.Parse(context.Background(), data, onnx.Options{Memory: 4 << 20})
		if err != nil {
			return
		}
		checkModel(t, m)
	})
}

// checkModel compares what a Model says of itself with what its graph infers, for batches of 1 and 3.
func checkModel(t *testing.T, m *onnx.Model) {
	t.Helper()
	if err := m.Graph.Check(); err != nil {
		t.Fatal(err)
	}
	if slices.Contains(m.InputDims[min(1, len(m.InputDims)):], -1) {
		return
	}
	outputs := m.Outputs
	if m.Tail != nil {
		outputs = m.Network
	}
	var sizes [][]int
	for _, n := range []int{1, 3} {
		if len(m.InputDims) == 0 || m.InputDims[0] >= 0 {
			n = 0
		}
		s, err := m.InputShape(n)
		if err != nil {
			return // too large for a batch of 3
		}
		shapes, err := m.Graph.Shapes(s)
		if err != nil {
			if n == 3 {
				return
			}
			t.Fatal(err)
		}
		var size []int
		for k, v := range m.Graph.Outputs {
			have, free := 1, 0
			for _, d := range outputs[k].Dims {
				if d < 0 {
					free++
				} else {
					have *= d
				}
			}
			if l := shapes[v].Len(); free == 0 && l != have || free == 1 && l%have != 0 || free > 1 {
				t.Fatalf("output %v of shape %v", outputs[k], shapes[v])
			}
			size = append(size, shapes[v].Len()/have)
		}
		sizes = append(sizes, size)
	}
	for k := range sizes[0] {
		if free := slices.Contains(outputs[k].Dims, -1); free && sizes[1][k] != 3*sizes[0][k] {
			t.Fatalf("output %v: free extent %d, then %d for 3 times the batch", outputs[k], sizes[0][k], sizes[1][k])
		}
	}
}
