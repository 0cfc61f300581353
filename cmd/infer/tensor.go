package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"inceptiongl/inception/classify"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

// runTensor computes the network's first output for a tensor from a file.
func runTensor(ctx context.Context, f *flags, m *classify.Model, log io.Writer) error {
	if err := writable(f.Out); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	x, err := readTensor(f.In, m.InputOrder)
	if err != nil {
		return fmt.Errorf("--in: %w", err)
	}
	batch, err := batchOf(f, m, x.N)
	if err != nil {
		return err
	}
	if m.Batch == 0 {
		batch = min(batch, x.N)
	}
	y, err := inBatches(ctx, f, m, x, batch, log)
	if err != nil {
		return err
	}
	dims := outDims(m.OutputDims, y)
	if err := weights.WriteNpy(f.Out, dims, y.Data); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	fmt.Fprintf(log, "%s of shape %v gives %s of shape %v\n", f.In, x.Shape, f.Out, tuple(dims))
	return nil
}

// outDims are the dimensions that the model gives its output; y has them as N × C × H × W.
func outDims(model []int, y *tensor.Tensor) []int {
	dims, open, rest := slices.Clone(model), -1, 1
	for i, d := range dims {
		switch {
		case d > 0:
			rest *= d
		case open >= 0:
			model = nil // two are open: see below
		default:
			open = i
		}
	}
	if model != nil && open >= 0 && y.Len()%rest == 0 {
		dims[open] = y.Len() / rest
		return dims
	}
	switch {
	case model != nil && open < 0 && rest == y.Len():
		return dims
	case len(dims) == 2:
		return []int{y.N, y.C * y.H * y.W}
	case len(dims) == 3:
		return []int{y.N, y.C, y.H * y.W}
	}
	return []int{y.N, y.C, y.H, y.W}
}

func tuple(dims []int) string {
	var s []string
	for _, d := range dims {
		s = append(s, strconv.Itoa(d))
	}
	return strings.Join(s, "×")
}

// readTensor reads N×C×H×W, or what the model's file has in its place, whose axes are in another order then.
func readTensor(path string, order []int) (*tensor.Tensor, error) {
	a, err := weights.ReadNpy(path)
	if err != nil {
		return nil, err
	}
	if len(a.Dims) != 4 {
		return nil, fmt.Errorf("%s has shape %v; N×C×H×W is needed", path, a.Dims)
	}
	if len(order) == 4 && !slices.IsSorted(order) {
		a = a.Transpose(order)
	}
	t, err := tensor.FromData(tensor.Shape{N: a.Dims[0], C: a.Dims[1], H: a.Dims[2], W: a.Dims[3]}, a.Data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// inBatches runs x through the network, batch items at a time. The last batch is filled up with zeros.
func inBatches(ctx context.Context, f *flags, m *classify.Model, x *tensor.Tensor, batch int, log io.Writer) (*tensor.Tensor, error) {
	part := x.Shape
	part.N = batch
	shapes, err := m.Graph.Shapes(part)
	if err != nil {
		return nil, err
	}
	first := m.Graph.Outputs[0]
	out := shapes[first]
	if part.N != x.N && out.N != part.N {
		return nil, fmt.Errorf("an output of shape %v can't be put together from batches of %d", out, part.N)
	}
	g, err := m.Graph.UpTo(first)
	if err != nil {
		return nil, err
	}
	backend, closeIt, err := openBackend(ctx, f, log)
	if err != nil {
		return nil, err
	}
	defer closeIt()
	r, err := backend(ctx, g, part)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	letGo(f, m)
	item := x.Len() / x.N
	var data []float32
	for n := 0; n < x.N; n += part.N {
		piece := tensor.New(part)
		copy(piece.Data, x.Data[n*item:])
		ys, err := r.RunAll(ctx, piece)
		if err != nil {
			return nil, err
		}
		data = append(data, ys[0].Data...)
	}
	if part.N != x.N {
		data = data[:x.N*(out.Len()/out.N)]
		out.N = x.N
	}
	return tensor.FromData(out, data)
}
