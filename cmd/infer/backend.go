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

// backends opens what --backend and --device name, while the model is loaded.
type backends struct {
	f       *flags
	opening *cli.Opening // nil with --backend cpu
}

// openBackend begins to open it. It must be closed.
func openBackend(ctx context.Context, f *flags) *backends {
	b := &backends{f: f}
	if f.Backend != "cpu" {
		b.opening = f.OpenAhead(ctx)
	}
	return b
}

// ready is the backend, once it is open; log says what it is.
func (b *backends) ready(log io.Writer) (classify.Backend, error) {
	f := b.f
	if b.opening == nil {
		fmt.Fprintf(log, "Device   cpu: the plain Go reference in float64\n")
		return reference(f.finite()), nil
	}
	d, err := b.opening.Wait()
	if errors.Is(err, gpu.ErrNoDevice) {
		err = fmt.Errorf("%w\nWithout a GPU driver, --backend cpu runs the plain Go reference", err)
	}
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(log, "Device   %s\n", cli.About(d))
	return classify.GPU(d, inception.Options{Tune: f.Tune, NoCache: f.NoCache, TakeWeights: true, Exact: f.Exact, Finite: f.finite()}), nil
}

func (b *backends) close() {
	if b.opening != nil {
		_ = b.opening.Close() // the answers are there
	}
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
