package main

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"

	"inceptiongl/cmd/internal/cli"
	"inceptiongl/cpuref"
	"inceptiongl/inception"
	"inceptiongl/inception/classify"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// openBackend is what --backend and --device name; log says what it is. It must be closed.
func openBackend(ctx context.Context, f *flags, log io.Writer) (b classify.Backend, closeIt func() error, err error) {
	if f.Backend == "cpu" {
		fmt.Fprintf(log, "Device   cpu: the plain Go reference in float64\n")
		return reference, func() error { return nil }, nil
	}
	d, err := f.Open(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("%w\nWithout a GPU driver, --backend cpu runs the plain Go reference", err)
	}
	fmt.Fprintf(log, "Device   %s\n", cli.About(d))
	return classify.GPU(d, inception.Options{Tune: f.Tune, NoCache: f.NoCache}), d.Close, nil
}

// letGo frees the host's copy of the model's weights, once the network is compiled: on the device it has its own, and the photos to come
// have room.
func letGo(f *flags, m *classify.Model) {
	if f.Backend == "cpu" {
		return // which computes with them
	}
	clear(m.Graph.Weights)
	debug.FreeOSMemory()
}

// reference is the backend of cpuref.
func reference(_ context.Context, g *graph.Graph, _ tensor.Shape) (classify.Runner, error) {
	return cpuRunner{g}, nil
}

type cpuRunner struct{ g *graph.Graph }

func (r cpuRunner) RunAll(ctx context.Context, x *tensor.Tensor) ([]*tensor.Tensor, error) {
	if len(r.g.Outputs) == 1 { // RunAll keeps every node's value
		y, err := cpuref.Run(ctx, r.g, x)
		return []*tensor.Tensor{y}, err
	}
	all, err := cpuref.RunAll(ctx, r.g, x)
	if err != nil {
		return nil, err
	}
	var ys []*tensor.Tensor
	for _, v := range r.g.Outputs {
		ys = append(ys, all[v])
	}
	return ys, nil
}

func (cpuRunner) Close() error { return nil }
