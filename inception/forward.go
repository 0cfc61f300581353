package inception

import (
	"context"
	"errors"
	"fmt"

	"inceptiongl/gpu"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// forward is what ForwardGPU keeps between calls: a convenience needs somewhere to keep the device. All else in this
// package takes its state as arguments.
var forward = newSessionCache(openDefault, run.Compile)

func openDefault(ctx context.Context) (*gpu.Device, error) {
	return gpu.Open(ctx, gpu.Options{Programs: run.Programs()})
}

// ForwardGPU computes g for x on the default device (see gpu.Options.Device for the environment variable that chooses
// it). The device is opened at the first call and kept, and so is one compiled session for each (graph, input shape, output), up to 16
// sessions and 1 GiB of activations. A graph is known by its pointer; where its weights are replaced between two calls, the
// second computes with the new ones. For control over device, lifetime and options use gpu.Open, Compile and Session.Run.
// Errors: gpu.ErrNoDevice and those of Compile and Run; it never falls back to the CPU.
func ForwardGPU(ctx context.Context, g *graph.Graph, x *tensor.Tensor) (*tensor.Tensor, error) {
	if g == nil {
		return nil, errors.New("no graph to run")
	}
	if err := x.Check(); err != nil {
		return nil, fmt.Errorf("running %s: input: %w", g.Name, err)
	}
	var y *tensor.Tensor
	err := forward.use(ctx, keyOf(g, x.Shape), func(s *run.Session) (err error) {
		y, err = s.Run(ctx, x)
		return err
	})
	return y, err
}

// CloseDefault frees the device that ForwardGPU keeps. A later ForwardGPU opens it again.
func CloseDefault() error { return forward.close() }
