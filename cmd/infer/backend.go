package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"inceptiongl/cmd/internal/cli"
	"inceptiongl/cpuref"
	"inceptiongl/gpu"
	"inceptiongl/inception"
	"inceptiongl/inception/classify"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// openBackend is what --backend and --device name; log says what it is. It must be closed.
func openBackend(ctx context.Context, f *flags, log io.Writer) (b classify.Backend, closeIt func() error, err error) {
	if f.Backend == "cpu" {
		fmt.Fprintf(log, "Device   cpu: the plain Go reference in float64\n")
		return reference(f.finite()), func() error { return nil }, nil
	}
	d, err := f.Open(ctx)
	if errors.Is(err, gpu.ErrNoDevice) {
		err = fmt.Errorf("%w\nWithout a GPU driver, --backend cpu runs the plain Go reference", err)
	}
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintf(log, "Device   %s\n", cli.About(d))
	return classify.GPU(d, inception.Options{Tune: f.Tune, NoCache: f.NoCache, TakeWeights: true, Exact: f.Exact, Finite: f.finite()}), d.Close, nil
}

// lettingGo is noting, and b has m's weights to itself where it is a device: there they have a copy, and the photos to come have room.
func lettingGo(f *flags, m *classify.Model, b classify.Backend, log io.Writer) classify.Backend {
	b = noting(b, log)
	if f.Backend == "cpu" {
		return b // which computes with them
	}
	return func(ctx context.Context, g *graph.Graph, in tensor.Shape) (classify.Runner, error) {
		clear(m.Graph.Weights)
		return b(ctx, g, in)
	}
}

// noting is b: what a session has to say of the driver goes to log, and what is too large is said with what to do.
func noting(b classify.Backend, log io.Writer) classify.Backend {
	return func(ctx context.Context, g *graph.Graph, in tensor.Shape) (classify.Runner, error) {
		r, err := b(ctx, g, in)
		if errors.Is(err, gpu.ErrLimit) {
			return nil, fmt.Errorf("%w\nAn input of %v is too large for this network on this device: there are smaller ones (--batch, --size, --crop, --own-pixels, --shape), and --backend cpu", err, in)
		}
		if s, ok := r.(interface{ Notes() []string }); ok && err == nil {
			for _, note := range s.Notes() {
				fmt.Fprintf(log, "Note     %s\n", strings.Join(strings.Fields(note), " ")) // a driver's message has lines
			}
		}
		return r, err
	}
}

// reference is the backend of cpuref.
func reference(finite graph.Finite) classify.Backend {
	return func(_ context.Context, g *graph.Graph, _ tensor.Shape) (classify.Runner, error) {
		return cpuRunner{g, finite, finite.Checked(g)}, nil
	}
}

type cpuRunner struct {
	g       *graph.Graph
	finite  graph.Finite
	checked []graph.Value
}

func (r cpuRunner) RunAll(ctx context.Context, x *tensor.Tensor) ([]*tensor.Tensor, error) {
	if len(r.g.Outputs) == 1 && len(r.checked) == 0 { // RunAll keeps every node's value
		y, err := cpuref.Run(ctx, r.g, x)
		return []*tensor.Tensor{y}, err
	}
	all, err := cpuref.RunAll(ctx, r.g, x)
	if err != nil {
		return nil, err
	}
	values := func(list []graph.Value) []*tensor.Tensor {
		var ys []*tensor.Tensor
		for _, v := range list {
			ys = append(ys, all[v])
		}
		return ys
	}
	return values(r.g.Outputs), r.finite.CheckAll(r.g, r.checked, values(r.checked))
}

func (cpuRunner) Close() error { return nil }
