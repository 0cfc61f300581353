package onnx_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"inceptiongl/inception/onnx"
)

// refused are words of the errors that some of the random models get, because they mix images of the batch, among others.
var refused = []string{
	"which isn't fixed", "works along an axis", "over the batch", "the batch must come first", "numbers of elements differ",
	"extents must agree", "columns are needed", "have to be repeated", "the number of channels isn't fixed", "a kernel spanning",
}

// TestRandomModels compares random models with onnxruntime (testdata/random/generate.py).
func TestRandomModels(t *testing.T) {
	files := readZip(t, "testdata/random/random.zip")
	eachBackend(t, func(t *testing.T, r run) {
		ran, skipped := 0, 0
		for name, data := range files {
			base, isModel := strings.CutSuffix(name, ".onnx")
			if !isModel {
				continue
			}
			m, err := onnx.Parse(data, onnx.Options{})
			if err != nil {
				known := false
				for _, words := range refused {
					known = known || strings.Contains(err.Error(), words)
				}
				if skipped++; !known {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			x, want := parseProto(t, files[base+".x"]), parseProto(t, files[base+".y"])
			checkModel(t, m)
			batch := 0
			if m.InputDims[0] < 0 {
				batch = x.Dims[0]
			}
			y, err := r(context.Background(), m.Graph, input(t, m, x, batch))
			if err != nil || len(y.Data) != len(want.Data) {
				t.Errorf("%s: %v, or not %d elements", name, err, len(want.Data))
				continue
			}
			largest := 0.0
			for _, w := range want.Data {
				largest = max(largest, math.Abs(float64(w)))
			}
			for i, w := range want.Data {
				if d := math.Abs(float64(y.Data[i]) - float64(w)); !(d <= 2e-5*largest+1e-6) {
					t.Errorf("%s: element %d is %v, want %v", name, i, y.Data[i], w)
					break
				}
			}
			ran++
		}
		if ran < 345 {
			t.Errorf("%d models ran, %d were refused; want at least 345", ran, skipped)
		}
		t.Logf("%d models ran, %d were refused", ran, skipped)
	})
}
