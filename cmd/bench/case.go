package main

import (
	"fmt"
	"slices"
	"time"

	"inceptiongl/inception"
	"inceptiongl/inception/digits"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/images"
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

// subject is what --network names: a builder for a number of input channels, and the size it is known for.
type subject struct {
	name           string
	channels, size int
	build          func(channels int) (*graph.Graph, error)
}

// networks are the choices of --network, the default first. Only the digits come with weights.
func networks() []subject {
	module := func(name string, config func(int) inception.ModuleConfig) func(int) (*graph.Graph, error) {
		return func(c int) (*graph.Graph, error) { return inception.Module(name, config(c)), nil }
	}
	whole := func(build func(classes int) *graph.Graph) func(int) (*graph.Graph, error) {
		return func(int) (*graph.Graph, error) { return build(1000), nil }
	}
	return []subject{
		{"inception_a", 192, 28, module("inception_a", inception.Article)},
		{"bottleneck", 192, 28, module("bottleneck", func(c int) inception.ModuleConfig {
			return inception.ModuleConfig{In: c, B5x5Reduce: 16, B5x5: 32}
		})},
		{"googlenet_3a", 192, 28, module("googlenet_3a", func(c int) inception.ModuleConfig {
			return inception.GoogLeNetModule(c, 64, 96, 128, 16, 32, 32)
		})},
		{"pointwise", 192, 28, func(c int) (*graph.Graph, error) { return inception.PointwiseStack(c, 64, 64, 64), nil }},
		{"digits", digits.Channels, digits.InputSize, func(int) (*graph.Graph, error) { return digits.Network() }},
		{"googlenet", 3, 224, whole(inception.GoogLeNet)},
		{"bninception", 3, 224, whole(inception.BNInception)},
		{"inception_v3", 3, 299, whole(inception.InceptionV3)},
		{"inception_v4", 3, 299, whole(inception.InceptionV4)},
		{"inception_resnet_v2", 3, 299, whole(inception.InceptionResNetV2)},
		{"xception", 3, 299, whole(inception.Xception)},
	}
}

// newCase builds what the flags describe. Errors name the flag.
func newCase(f *flags) (*benchCase, error) {
	i := slices.IndexFunc(networks(), func(n subject) bool { return n.name == f.Network })
	if i < 0 {
		return nil, fmt.Errorf("--network %q: not one of those in --help", f.Network)
	}
	n := networks()[i]
	shape := tensor.Shape{N: f.Batch, C: n.channels, H: n.size, W: n.size}
	if f.Channels != 0 {
		shape.C = f.Channels
	}
	if f.Size != "" {
		size, err := images.ParseSize(f.Size)
		if err != nil {
			return nil, fmt.Errorf("--size: %w", err)
		}
		shape.H, shape.W = size.H, size.W
	}
	if f.Runs < 1 {
		return nil, fmt.Errorf("--runs: %d runs; at least 1 is needed", f.Runs)
	}
	if err := shape.Check(); err != nil {
		return nil, fmt.Errorf("--batch, --channels, --size: %w", err)
	}
	c := &benchCase{seed: f.Seed}
	if c.seed == 0 {
		c.seed = uint64(time.Now().UnixNano())
	}
	var err error
	if c.graph, err = n.build(shape.C); err != nil {
		return nil, fmt.Errorf("--network %s: %w", n.name, err)
	}
	if len(c.graph.Weights) == 0 {
		inception.InitHe(c.graph, c.seed)
	}
	if f.Weights != "" {
		m, err := weights.Load(f.Weights)
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
	cost, err := graph.Cost(c.graph, shape)
	if err != nil {
		return nil, err
	}
	c.macs = cost.Total.MACs
	c.input = inception.RandomInput(shape, c.seed)
	return c, nil
}

// describe is the case for the report.
func (c *benchCase) describe() CaseReport {
	return CaseReport{
		Network: c.graph.Name, Input: c.input.Shape.String(), Output: c.out.String(), Batch: c.input.N, Seed: c.seed, MACs: c.macs,
	}
}
