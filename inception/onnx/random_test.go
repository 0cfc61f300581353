package onnx_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"inceptiongl/inception/onnx"
)

// refused are words of the errors that some of the random models get, because they mix images of the batch, among others.
var refused = []string{
	"which isn't fixed", "works along an axis", "over the batch", "the batch must come first", "numbers of elements differ",
	"extents must agree", "columns are needed", "have to be repeated", "the number of channels isn't fixed", "a kernel spanning",
}

// TestRandomModels compares random models with onnxruntime: of all kinds, and of products and normalizations (testdata/*/generate.py).
func TestRandomModels(t *testing.T) {
	for _, set := range []struct {
		name    string
		least   int // models that run
		refused []string
	}{
		{"random", 345, refused},
		{"products", 225, slices.Concat(refused, []string{"repeating elements along the batch", "the batch must be an axis", "a diagonal", "columns and batch rows", "must divide the channels"})},
	} {
		t.Run(set.name, func(t *testing.T) {
			files := readZip(t, "testdata/"+set.name+"/"+set.name+".zip")
			eachBackend(t, func(t *testing.T, r run) {
				ran, skipped := 0, 0
				for name := range files {
					base, isModel := strings.CutSuffix(name, ".onnx")
					switch {
					case !isModel:
					case randomModel(t, files, base, r, set.refused):
						ran++
					default:
						skipped++
					}
				}
				if ran < set.least {
					t.Errorf("%d models ran, %d were refused; want at least %d", ran, skipped, set.least)
				}
				t.Logf("%d models ran, %d were refused", ran, skipped)
			})
		})
	}
}

// randomModel compares one model, and reports whether it ran. Errors when it is loaded must have some of the words.
func randomModel(t *testing.T, files map[string][]byte, name string, r run, words []string) bool {
	t.Helper()
	m, err := onnx.Parse(files[name+".onnx"], onnx.Options{})
	if err != nil {
		if !slices.ContainsFunc(words, func(w string) bool { return strings.Contains(err.Error(), w) }) {
			t.Errorf("%s: %v", name, err)
		}
		return false
	}
	x, want := parseProto(t, files[name+".x"]), parseProto(t, files[name+".y"])
	checkModel(t, m)
	batch := 0
	if m.InputDims[0] < 0 {
		batch = x.Dims[0]
	}
	y, err := r(context.Background(), m.Graph, input(t, m, x, batch))
	if err != nil || len(y.Data) != len(want.Data) {
		t.Errorf("%s: %v, or not %d elements", name, err, len(want.Data))
		return false
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
	return true
}
