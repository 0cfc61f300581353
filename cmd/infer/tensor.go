package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"inceptiongl/inception/classify"
	"inceptiongl/inception/files"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/images"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

// runTensor computes the network's outputs for a tensor from a file: the first one, unless more are asked for.
func runTensor(ctx context.Context, f *flags, m *classify.Model, log io.Writer) error {
	if f.Out != "" {
		if err := files.Writable(f.Out); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
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
	shapes, err := m.Graph.Shapes(x.Shape)
	if err != nil {
		return fmt.Errorf("--in: %s: %w", f.In, err)
	}
	save, err := newSaver(f, m, shapes, nil, log)
	if err != nil {
		return err
	}
	wanted := m.Graph.Outputs[:1]
	if save != nil {
		wanted = m.Graph.Outputs
		for i := range save.outputs {
			save.outputs[i].at = i
		}
	}
	ys, err := inBatches(ctx, f, m, wanted, x, batch, log)
	if err != nil {
		return err
	}
	if f.Out != "" {
		dims := m.OutputDims(0, ys[0].Shape)
		if err := weights.WriteNpy(f.Out, dims, ys[0].Data); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
		fmt.Fprintf(log, "%s of shape %v gives %s of shape %v\n", f.In, x.Shape, f.Out, tuple(dims))
		if at := tensor.FirstNonFinite(ys[0].Data); at >= 0 {
			fmt.Fprintf(log, "Note     element %d of it is %v (--check-finite says where such numbers begin)\n", at, ys[0].Data[at])
		}
	}
	if save == nil {
		return nil
	}
	dims := func(place int, y *tensor.Tensor) []int { return m.OutputDims(place, y.Shape) }
	if _, err := save.save(f.In, ys, dims, images.RGB); err != nil {
		return err
	}
	save.said(log)
	return nil
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

// inBatches runs x through the network, batch items at a time, for some of its outputs. The last batch is filled up with zeros.
func inBatches(ctx context.Context, f *flags, m *classify.Model, wanted []graph.Value, x *tensor.Tensor, batch int, log io.Writer) ([]*tensor.Tensor, error) {
	part := x.Shape
	part.N = batch
	shapes, err := m.Graph.Shapes(part)
	if err != nil {
		return nil, err
	}
	for _, v := range wanted {
		if out := shapes[v]; part.N != x.N && out.N != part.N {
			return nil, fmt.Errorf("an output of shape %v can't be put together from batches of %d", out, part.N)
		}
	}
	g, err := m.Graph.UpTo(wanted...)
	if err != nil {
		return nil, err
	}
	backend, closeIt, err := openBackend(ctx, f, log)
	if err != nil {
		return nil, err
	}
	defer closeIt()
	r, err := lettingGo(f, m, backend, log)(ctx, g, part)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	item := x.Len() / x.N
	data := make([][]float32, len(wanted))
	for n := 0; n < x.N; n += part.N {
		piece := tensor.New(part)
		copy(piece.Data, x.Data[n*item:])
		ys, err := r.RunAll(ctx, piece)
		if err != nil {
			return nil, err
		}
		for i := range wanted {
			data[i] = append(data[i], ys[i].Data...)
		}
	}
	all := make([]*tensor.Tensor, len(wanted))
	for i, v := range wanted {
		out := shapes[v]
		if part.N != x.N {
			data[i] = data[i][:x.N*(out.Len()/out.N)]
			out.N = x.N
		}
		if all[i], err = tensor.FromData(out, data[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}
