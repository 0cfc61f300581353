package onnx_test

import (
	"context"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/onnx"
	"inceptiongl/inception/tail"
	"inceptiongl/inception/tensor"
)

// ownRandom names a larger zip of random models: see testdata/random/generate.py.
const ownRandom = "INCEPTIONGL_RANDOM"

// reasoned is the error of a model that is refused: it names the node, and says what would work or what is asked for.
var reasoned = regexp.MustCompile(`^onnx: (node|output) "[^"]+".*(Options\.|must |needed|supported|can follow)`)

// TestRandomModels compares random models with onnxruntime: of all kinds, and of products and normalizations (testdata/*/generate.py). None
// may disagree, and at most 5 % may be refused.
func TestRandomModels(t *testing.T) {
	for _, set := range []struct {
		name  string
		least int // models that run
	}{
		{"random", 190},
		{"products", 225},
	} {
		t.Run(set.name, func(t *testing.T) {
			file := "testdata/" + set.name + "/" + set.name + ".zip"
			if own := os.Getenv(ownRandom); own != "" && set.name == "random" {
				file = own
			}
			files := readZip(t, filepath.ToSlash(file))
			eachBackend(t, func(t *testing.T, r run) {
				ran, refused := 0, 0
				for _, name := range slices.Sorted(maps.Keys(files)) {
					base, isModel := strings.CutSuffix(name, ".onnx")
					if !isModel {
						continue
					}
					t.Run(base, func(t *testing.T) {
						if randomModel(t, files, base, r) {
							ran++
						} else {
							refused++
						}
					})
				}
				if ran < set.least || refused*20 > ran+refused {
					t.Errorf("%d models ran, %d were refused; want at least %d", ran, refused, set.least)
				}
				gputest.Tell(t, "%d models ran, %d were refused", ran, refused)
			})
		})
	}
}

// randomModel compares one model, and reports whether it ran. Errors when it is loaded must have a reason.
func randomModel(t *testing.T, files map[string][]byte, name string, r run) bool {
	t.Helper()
	m, err := onnx.Parse(context.Background(), files[name+".onnx"], onnx.Options{})
	if err != nil {
		t.Log(err)
		if !reasoned.MatchString(err.Error()) {
			t.Errorf("%v: no node is named, or nothing that would work", err)
		}
		return false
	}
	checkModel(t, m)
	x, err := m.Tensor(parseProto(t, files[name+".x"]))
	if err != nil {
		t.Fatal(err)
	}
	alike(t, finished(t, r, m, x)[0], parseProto(t, files[name+".y"]))
	return true
}

// alike compares an output with onnxruntime's: integers exactly, floats to a part of the largest.
func alike(t *testing.T, y tail.Array, want tensor.Array) {
	t.Helper()
	if !slices.Equal(y.Dims, want.Dims) {
		t.Fatalf("%v, want %v", y.Dims, want.Dims)
	}
	largest := 0.0
	for _, w := range want.Data {
		largest = max(largest, math.Abs(float64(w)))
	}
	for i, w := range want.Data {
		if d := math.Abs(y.Number(i) - float64(w)); !(d <= 2e-5*largest+1e-6) || y.Ints && d != 0 {
			t.Fatalf("element %d is %v, want %v", i, y.Number(i), w)
		}
	}
}
