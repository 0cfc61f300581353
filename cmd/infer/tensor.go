package main

import (
	"context"
	"fmt"
	"io"
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
func runTensor(ctx context.Context, f *flags, m *classify.Model, b *backends, log io.Writer) error {
	if f.Out != "" {
		if err := files.Writable(f.Out); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
	}
	a, err := weights.ReadNpy(f.In)
	if err != nil {
		return fmt.Errorf("--in: %w", err)
	}
	x, err := m.Tensor(a)
	if err != nil {
		return fmt.Errorf("--in: %s: %w", f.In, err)
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
	if save != nil || m.Tail != nil {
		wanted = m.Graph.Outputs
	}
	ys, err := inBatches(ctx, f, m, b, wanted, x, batch, log)
	if err != nil {
		return err
	}
	answers, err := finished(ctx, m, ys)
	if err != nil {
		return err
	}
	if f.Out != "" {
		if err := writeArray(f.Out, answers[0].Array); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
		fmt.Fprintf(log, "%s of shape %v gives %s of shape %v\n", f.In, tuple(a.Dims), f.Out, tuple(answers[0].Dims))
		if at := tensor.FirstNonFinite(answers[0].F); at >= 0 {
			fmt.Fprintf(log, "Note     element %d of it is %v (--check-finite says where such numbers begin)\n", at, answers[0].F[at])
		}
	}
	if save == nil {
		return nil
	}
	if _, err := save.save(f.In, answers, images.RGB); err != nil {
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

// inBatches runs x through the network, batch items at a time, for some of its outputs. The last batch is filled up with zeros.
func inBatches(ctx context.Context, f *flags, m *classify.Model, b *backends, wanted []graph.Value, x *tensor.Tensor, batch int, log io.Writer) ([]*tensor.Tensor, error) {
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
	backend, err := b.ready(log)
	if err != nil {
		return nil, err
	}
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
