package main

import (
	"context"
	"fmt"
	"strings"

	"inceptiongl/cmd/internal/article"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/images"
	"inceptiongl/inception/tensor"
)

// builtin is a network that --network names.
type builtin struct {
	name           string
	channels, size int // by default
	build          func(channels int) *graph.Graph
}

var builtins = []builtin{
	{"inception_a", 192, 28, inception.InceptionA},
	{"bottleneck", 192, 28, func(c int) *graph.Graph { return article.Bottleneck(c, 16, 32, 5) }},
	{"direct", 192, 28, func(c int) *graph.Graph { return article.Bottleneck(c, 0, 32, 5) }},
	{"googlenet_3a", 192, 28, func(c int) *graph.Graph {
		return inception.Module("googlenet_3a", inception.GoogLeNetModule(c, 64, 96, 128, 16, 32, 32))
	}},
	{"pointwise", 192, 28, func(c int) *graph.Graph { return inception.PointwiseStack(c, 64, 64, 64) }},
	{"googlenet", 3, 224, whole(inception.GoogLeNet)},
	{"bninception", 3, 224, whole(inception.BNInception)},
	{"inception_v3", 3, 299, whole(inception.InceptionV3)},
	{"inception_v4", 3, 299, whole(inception.InceptionV4)},
	{"inception_resnet_v2", 3, 299, whole(inception.InceptionResNetV2)},
	{"xception", 3, 299, whole(inception.Xception)},
}

// whole is a network with its 1000 classes. Its channels are fixed.
func whole(build func(classes int) *graph.Graph) func(int) *graph.Graph {
	return func(int) *graph.Graph { return build(1000) }
}

func networkNames() string {
	var names []string
	for _, b := range builtins {
		names = append(names, b.name)
	}
	return strings.Join(names, ", ")
}

// open builds or reads what the flags describe, and its input's shape. Errors name the flag.
func open(f *flags) (*graph.Graph, tensor.Shape, error) {
	var s tensor.Shape
	if f.Size != "" {
		size, err := images.ParseSize(f.Size)
		if err != nil {
			return nil, s, fmt.Errorf("--size: %w", err)
		}
		s.H, s.W = size.H, size.W
	}
	for _, v := range []struct {
		flag       string
		given, use *int
	}{{"--batch", f.Batch, &s.N}, {"--channels", f.Channels, &s.C}} {
		if v.given == nil {
			continue
		}
		if *v.use = *v.given; *v.use < 1 {
			return nil, s, fmt.Errorf("%s: %d; at least 1 is needed", v.flag, *v.use)
		}
	}
	if f.Model != "" {
		return openModel(context.Background(), f.Model, s)
	}
	name := f.Network
	if name == "" {
		name = "inception_a"
	}
	for _, b := range builtins {
		if b.name != name {
			continue
		}
		for _, d := range []struct {
			v         *int
			otherwise int
		}{{&s.N, 1}, {&s.C, b.channels}, {&s.H, b.size}, {&s.W, b.size}} {
			if *d.v == 0 {
				*d.v = d.otherwise
			}
		}
		if err := s.Check(); err != nil {
			return nil, s, fmt.Errorf("--batch, --channels, --size: %w", err)
		}
		return b.build(s.C), s, nil
	}
	return nil, s, fmt.Errorf("--network %q: must be one of %s", f.Network, networkNames())
}
