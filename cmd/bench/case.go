package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

// benchCase is a network with weights, and an input.
type benchCase struct {
	graph *graph.Graph
	input *tensor.Tensor
	seed  uint64
	macs  int64
	out   tensor.Shape
}

// newCase builds what the flags describe. Errors name the flag.
func newCase(f *flags) (*benchCase, error) {
	h, w, err := parseSize(f.Size)
	if err != nil {
		return nil, fmt.Errorf("--size: %w", err)
	}
	if f.Runs < 1 {
		return nil, fmt.Errorf("--runs: %d runs; at least 1 is needed", f.Runs)
	}
	c := &benchCase{seed: f.Seed}
	if c.seed == 0 {
		c.seed = uint64(time.Now().UnixNano())
	}
	shape := tensor.Shape{N: f.Batch, C: f.Channels, H: h, W: w}
	if err := shape.Check(); err != nil {
		return nil, fmt.Errorf("--batch, --channels, --size: %w", err)
	}
	switch f.Network {
	case "bottleneck":
		c.graph = inception.Module("bottleneck", inception.ModuleConfig{In: f.Channels, B5x5Reduce: 16, B5x5: 32})
	case "googlenet_3a":
		c.graph = inception.Module("googlenet_3a", inception.GoogLeNetModule(f.Channels, 64, 96, 128, 16, 32, 32))
	case "pointwise":
		c.graph = inception.PointwiseStack(f.Channels, 64, 64, 64)
	default:
		c.graph = inception.InceptionA(f.Channels)
	}
	inception.InitHe(c.graph, c.seed)
	if f.Weights != "" {
		m, err := weights.LoadSafetensors(f.Weights)
		if err != nil {
			return nil, fmt.Errorf("--weights: %w", err)
		}
		if err := weights.Apply(c.graph, m); err != nil {
			return nil, fmt.Errorf("--weights %s: %w", f.Weights, err)
		}
	}
	shapes, err := c.graph.Shapes(shape)
	if err != nil {
		return nil, err
	}
	c.out = shapes[c.graph.Outputs[0]]
	if c.macs, err = c.graph.MACs(shape); err != nil {
		return nil, err
	}
	c.input = inception.RandomInput(shape, c.seed)
	return c, nil
}

// parseSize reads "28" or "28x30" (height, width).
func parseSize(s string) (h, w int, err error) {
	rows, cols, both := strings.Cut(strings.ToLower(s), "x")
	if !both {
		cols = rows
	}
	if h, err = strconv.Atoi(rows); err == nil {
		w, err = strconv.Atoi(cols)
	}
	if err != nil || h < 1 || w < 1 {
		return 0, 0, fmt.Errorf("%q is neither a positive number nor HxW", s)
	}
	return h, w, nil
}

// describe is the case for the report.
func (c *benchCase) describe() CaseReport {
	return CaseReport{
		Network: c.graph.Name, Input: c.input.Shape.String(), Output: c.out.String(), Batch: c.input.N, Seed: c.seed, MACs: c.macs,
	}
}
