package onnx_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"inceptiongl/inception/onnx"
)

// TestExporters runs small networks as the exporters of other frameworks write them, and compares every output with onnxruntime's.
func TestExporters(t *testing.T) {
	files := readZip(t, "testdata/exporters/exporters.zip")
	eachBackend(t, func(t *testing.T, r run) {
		ran := 0
		for _, file := range slices.Sorted(maps.Keys(files)) {
			name, isModel := strings.CutSuffix(file, ".onnx")
			if !isModel {
				continue
			}
			ran++
			t.Run(name, func(t *testing.T) {
				m, err := onnx.Parse(context.Background(), files[file], onnx.Options{})
				if err != nil {
					t.Fatal(err)
				}
				x, err := m.Tensor(parseProto(t, files[name+".x"]))
				if err != nil {
					t.Fatal(err)
				}
				for k, y := range finished(t, r, m, x) {
					alike(t, y, parseProto(t, files[fmt.Sprintf("%s.y%d", name, k)]))
				}
			})
		}
		if ran != wantedExported {
			t.Errorf("%d models, want %d", ran, wantedExported)
		}
	})
}

// wantedExported is the number of models in testdata/exporters.
const wantedExported = 32
