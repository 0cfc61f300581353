package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"inceptiongl/cpuref"
	"inceptiongl/gpu"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// engine computes some values of a graph.
type engine interface {
	// run gives the wanted values, in their order.
	run(ctx context.Context, x *tensor.Tensor) ([]*tensor.Tensor, error)
	Close() error
}

// newEngine makes the backend ready for inputs of one shape, and says on log what it is. With traced, many values cost little
// more than one, but each run is slower.
func newEngine(ctx context.Context, f *flags, g *graph.Graph, in tensor.Shape, wanted []graph.Value, traced bool, log io.Writer) (engine, error) {
	g = upTo(g, wanted)
	if f.Backend == "cpu" {
		fmt.Fprintf(log, "Device   cpu: the plain Go reference in float64\n")
		return &cpuEngine{g, wanted}, nil
	}
	d, err := gpu.Open(ctx, gpu.Options{Device: f.Device})
	if err != nil {
		return nil, fmt.Errorf("%w\nWithout a GPU driver, --backend cpu runs the plain Go reference", err)
	}
	e := &gpuEngine{dev: d}
	tuner := &inception.Tuner{}
	graphs := []*graph.Graph{g}
	if !traced { // a session's run gives its first output
		graphs = nil
		for _, v := range wanted {
			graphs = append(graphs, upTo(g, []graph.Value{v}))
		}
	}
	for _, g := range graphs {
		s, err := inception.Compile(ctx, d, g, in, inception.Options{Tuner: tuner})
		if err != nil {
			e.Close()
			return nil, err
		}
		e.sessions = append(e.sessions, s)
	}
	kind := ""
	if d.Info().Software {
		kind = ", a software rasterizer"
	}
	fmt.Fprintf(log, "Device   %s, OpenGL %s%s\n", d.Info().Renderer, d.Info().Version, kind)
	if traced {
		return &tracedEngine{e}, nil
	}
	return e, nil
}

// upTo is g with the wanted values as its outputs, without the nodes after them. The nodes and weights are g's own.
func upTo(g *graph.Graph, wanted []graph.Value) *graph.Graph {
	part := *g
	part.Nodes = g.Nodes[:slices.Max(wanted)+1]
	part.Outputs = wanted
	return &part
}

// cpuEngine is the reference.
type cpuEngine struct {
	g      *graph.Graph
	wanted []graph.Value
}

func (e *cpuEngine) run(ctx context.Context, x *tensor.Tensor) ([]*tensor.Tensor, error) {
	if len(e.wanted) == 1 {
		y, err := cpuref.Run(ctx, e.g, x)
		return []*tensor.Tensor{y}, err
	}
	all, err := cpuref.RunAll(ctx, e.g, x)
	if err != nil {
		return nil, err
	}
	var ys []*tensor.Tensor
	for _, v := range e.wanted {
		ys = append(ys, all[v])
	}
	return ys, nil
}

func (e *cpuEngine) Close() error { return nil }

// gpuEngine has a session for each wanted value.
type gpuEngine struct {
	dev      *gpu.Device
	sessions []*inception.Session
}

func (e *gpuEngine) run(ctx context.Context, x *tensor.Tensor) ([]*tensor.Tensor, error) {
	var ys []*tensor.Tensor
	for _, s := range e.sessions {
		y, err := s.Run(ctx, x)
		if err != nil {
			return nil, err
		}
		ys = append(ys, y)
	}
	return ys, nil
}

func (e *gpuEngine) Close() error {
	var errs []error
	for _, s := range e.sessions {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, e.dev.Close())...)
}

// tracedEngine has one session for all wanted values, which are put together from what its steps write.
type tracedEngine struct{ *gpuEngine }

func (e *tracedEngine) run(ctx context.Context, x *tensor.Tensor) ([]*tensor.Tensor, error) {
	s := e.sessions[0]
	values := map[*inception.Placed]*tensor.Tensor{}
	for _, p := range s.Plan().Outputs {
		values[p] = tensor.New(p.Shape)
		if p == s.Plan().Input {
			values[p] = x
		}
	}
	_, err := s.Trace(ctx, x, func(t inception.StepTrace) error {
		for i, part := range t.Step.Parts {
			if to := values[part.Out.Tensor]; to != nil {
				setChannels(to, part.Out.Channel, t.Out[i])
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var ys []*tensor.Tensor
	for _, p := range s.Plan().Outputs {
		ys = append(ys, values[p])
	}
	return ys, nil
}

// setChannels copies from into to, beginning at a channel.
func setChannels(to *tensor.Tensor, channel int, from *tensor.Tensor) {
	plane := to.H * to.W
	for n := range to.N {
		copy(to.Data[(n*to.C+channel)*plane:][:from.C*plane], from.Data[n*from.C*plane:])
	}
}
