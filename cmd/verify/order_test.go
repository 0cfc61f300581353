package main

import (
	"path/filepath"
	"slices"
	"testing"

	"inceptiongl/inception/classify"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

// TestChannelsLast: a model for pictures N × H × W × C takes a file in that order, and hands another runtime the same.
func TestChannelsLast(t *testing.T) {
	g, x := graph.New("g", 3)
	g.Outputs = []graph.Value{g.Add("relu", graph.ReLU{}, x)}
	m := &classify.Model{Graph: g, InputDims: []int{-1, 2, 2, 3}, InputOrder: []int{0, 3, 1, 2}}
	data := []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	path := filepath.Join(t.TempDir(), "x.npy")
	if err := weights.WriteNpy(path, []int{1, 2, 2, 3}, data); err != nil {
		t.Fatal(err)
	}
	in, err := fromFile(path, m)
	if err != nil {
		t.Fatal(err)
	}
	if in.x.Shape != (tensor.Shape{N: 1, C: 3, H: 2, W: 2}) || !slices.Equal(in.x.Data, []float32{0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11}) {
		t.Errorf("the graph gets %v", in.x)
	}
	if a := in.file(); !slices.Equal(a.Dims, []int{1, 2, 2, 3}) || !slices.Equal(a.Data, data) {
		t.Errorf("another runtime gets %v", a)
	}
}
