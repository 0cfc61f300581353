package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"inceptiongl/cmd/internal/cli"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/onnx"
	"inceptiongl/inception/tensor"
)

// extents are the flags that give the input's.
const extents = "--size, --batch, --channels"

// openModel reads an ONNX file. Extents of want that are 0 are the model's own.
func openModel(ctx context.Context, path string, want tensor.Shape) (*graph.Graph, tensor.Shape, error) {
	m, err := onnx.Load(ctx, path, onnx.Options{})
	if err != nil {
		return nil, want, errors.New("--model: " + cli.Words(err.Error(), extents))
	}
	dims := slices.Clone(m.InputDims)
	for i, d := range [4]int{want.N, want.C, want.H, want.W} {
		switch {
		case d == 0:
		case i == 0 && len(dims) > 0:
			dims[0] = d
		case len(dims) != 4:
			return nil, want, fmt.Errorf("--batch, --channels, --size: the model's input has the extents %v, not batch, channels, height and width", dims)
		default:
			dims[m.InputOrder[i]] = d
		}
	}
	if !slices.Equal(dims, m.InputDims) {
		if m, err = onnx.Load(ctx, path, onnx.Options{Dims: dims}); err != nil {
			return nil, want, fmt.Errorf("--model with the input %v: %s", dims, cli.Words(err.Error(), extents))
		}
	}
	s, err := m.InputShape(want.N)
	if err != nil {
		return nil, s, fmt.Errorf("--model %s: input %v: %s\nTry --size", path, m.InputDims, cli.Words(err.Error(), extents))
	}
	m.Graph.Name = filepath.Base(path)
	return m.Graph, s, nil
}
