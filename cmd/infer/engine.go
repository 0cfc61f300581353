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

// newEngine makes the backend ready for inputs of one shape, and says on log what it is.
func newEngine(ctx context.Context, f *flags, g *graph.Graph, in tensor.Shape, wanted []graph.Value, log io.Writer) (engine, error) {
	g = upTo(g, wanted)
	if f.Backend == "cpu" {
		fmt.Fprintf(log, "Device   cpu: the plain Go reference in float64\n")
		return &cpuEngine{g, wanted}, nil
	}
	d, err := gpu.Open(ctx, gpu.Options{Device: f.Device})
	if err != nil {
		return nil, fmt.Errorf("%w\nWithout a GPU driver, --backend cpu runs the plain Go reference", err)
	}
	s, err := inception.Compile(ctx, d, g, in, inception.Options{})
	if err != nil {
		d.Close()
		return nil, err
	}
	kind := ""
	if d.Info().Software {
		kind = ", a software rasterizer"
	}
	fmt.Fprintf(log, "Device   %s, OpenGL %s%s\n", d.Info().Renderer, d.Info().Version, kind)
	return &gpuEngine{d, s}, nil
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

// gpuEngine is a session.
type gpuEngine struct {
	dev     *gpu.Device
	session *inception.Session
}

func (e *gpuEngine) run(ctx context.Context, x *tensor.Tensor) ([]*tensor.Tensor, error) {
	return e.session.RunAll(ctx, x)
}

func (e *gpuEngine) Close() error { return errors.Join(e.session.Close(), e.dev.Close()) }
