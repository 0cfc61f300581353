package onnx_test

import (
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"inceptiongl/inception/onnx"
)

// wantedQuantized is the number of models in testdata/quantize.
const wantedQuantized = 64

// TestQuantized compares models that quantise with onnxruntime: every number the same, but for what convolutions give.
func TestQuantized(t *testing.T) {
	files := readZip(t, "testdata/quantize/quantize.zip")
	eachBackend(t, func(t *testing.T, r run) {
		ran := 0
		for _, name := range slices.Sorted(maps.Keys(files)) {
			base, isModel := strings.CutSuffix(name, ".onnx")
			if !isModel {
				continue
			}
			ran++
			m, err := onnx.Parse(context.Background(), files[name], onnx.Options{})
			if err != nil {
				t.Errorf("%s: %v", base, err)
				continue
			}
			x, err := m.Tensor(parseProto(t, files[base+".x"]))
			if err != nil {
				t.Errorf("%s: %v", base, err)
				continue
			}
			want := parseProto(t, files[base+".y"])
			y, err := r(context.Background(), m.Graph, x)
			if err != nil || len(y.Data) != len(want.Data) || !slices.Equal(m.Outputs[0].Dims, want.Dims) {
				t.Errorf("%s: %v, or not %v", base, err, want.Dims)
				continue
			}
			limit := 0.0
			if strings.HasPrefix(base, "conv") {
				for _, w := range want.Data {
					limit = max(limit, 1e-5*math.Abs(float64(w)))
				}
			}
			for i, w := range want.Data {
				if d := math.Abs(float64(y.Data[i]) - float64(w)); !(d <= limit) {
					t.Errorf("%s: element %d is %v, want %v", base, i, y.Data[i], w)
					break
				}
			}
		}
		if ran != wantedQuantized {
			t.Errorf("%d models, want %d", ran, wantedQuantized)
		}
	})
}
