package classify

import (
	"strings"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/images"
	"inceptiongl/inception/tensor"
)

// TestAssume: networks by how they begin, and the presets that suit them.
func TestAssume(t *testing.T) {
	vector := func(v ...float32) tensor.Array { return tensor.Array{Dims: []int{len(v)}, Data: v} }
	affine := func(scale, shift []float32) func(*graph.Graph, graph.Value) graph.Value {
		return func(g *graph.Graph, x graph.Value) graph.Value {
			g.Weights["s"], g.Weights["t"] = vector(scale...), vector(shift...)
			return g.Add("affine", graph.Affine{Channels: len(scale), Scale: "s", Shift: "t"}, x)
		}
	}
	norm := func(mean, variance []float32) func(*graph.Graph, graph.Value) graph.Value {
		return func(g *graph.Graph, x graph.Value) graph.Value {
			g.Weights["m"], g.Weights["v"] = vector(mean...), vector(variance...)
			return g.Add("norm", graph.BatchNorm{Channels: len(mean), Mean: "m", Var: "v"}, x)
		}
	}
	plain := func(_ *graph.Graph, x graph.Value) graph.Value { return x }
	two := func(a, b func(*graph.Graph, graph.Value) graph.Value) func(*graph.Graph, graph.Value) graph.Value {
		return func(g *graph.Graph, x graph.Value) graph.Value {
			return b(g, g.Add("pad", graph.Pad2D{Pad: graph.Pad(1)}, a(g, x)))
		}
	}
	same := func(v float32) []float32 { return []float32{v, v, v} }
	for name, c := range map[string]struct {
		channels      int
		begin         func(*graph.Graph, graph.Value) graph.Value
		size          images.Size
		preset, says  string
		height, width int
	}{
		"nothing":                {3, plain, images.Size{}, "imagenet", "doesn't say", 224, 224},
		"a fixed size":           {3, plain, images.Size{H: 64, W: 96}, "imagenet, fitted to the model", "doesn't say", 64, 96},
		"inception's size":       {3, plain, images.Square(299), "inception", "Inception v3", 299, 299},
		"one channel":            {1, plain, images.Size{}, "gray", "one channel", 224, 224},
		"one channel, small":     {1, plain, images.Square(28), "digits", "one channel", 28, 28},
		"x/255":                  {3, affine(same(1./255), same(0)), images.Size{}, "levels", "[0, 255]: it subtracts 0 and divides by 255", 224, 224},
		"x/127.5 − 1":            {3, affine(same(1/127.5), same(-1)), images.Square(299), "levels, fitted to the model", "divides by 127.5", 299, 299},
		"imagenet's on levels":   {3, norm([]float32{123.7, 116.3, 103.5}, []float32{3410, 3262, 3291}), images.Size{}, "levels", "subtracts 114.5", 224, 224},
		"imagenet's on [0, 1]":   {3, norm([]float32{0.485, 0.456, 0.406}, []float32{0.0524, 0.0502, 0.0506}), images.Size{}, "unit", "[0, 1]: it subtracts 0.449 and divides by 0.226", 224, 224},
		"x/255, then the same":   {3, two(affine(same(1./255), same(0)), norm(same(0.45), same(0.05))), images.Size{}, "levels", "subtracts 114.7 and divides by 57.02", 224, 224},
		"2x − 1":                 {3, affine(same(2), same(-1)), images.Size{}, "unit", "subtracts 0.5 and divides by 0.5", 224, 224},
		"torchvision's change":   {3, affine([]float32{0.458, 0.448, 0.45}, []float32{-0.03, -0.088, -0.188}), images.Size{}, "imagenet", "doesn't say", 224, 224},
		"an untrained norm":      {3, norm(same(0), same(1)), images.Size{}, "imagenet", "doesn't say", 224, 224},
		"a scale of 0":           {3, affine(same(0), same(1)), images.Size{}, "imagenet", "doesn't say", 224, 224},
		"one channel, on levels": {1, affine([]float32{1. / 255}, []float32{0}), images.Square(28), "levels, fitted to the model", "[0, 255]", 28, 28},
	} {
		g, x := graph.New("g", c.channels)
		v := c.begin(g, x)
		g.Outputs = []graph.Value{g.Add("sum", graph.Binary{}, g.Add("relu", graph.ReLU{}, v), v)}
		p, reason, err := assume(g, c.channels, c.size, nil)
		if err != nil {
			t.Fatal(err)
		}
		if p.Name != c.preset || !strings.Contains(reason, c.says) || p.Output() != (images.Size{H: c.height, W: c.width}) || p.Order.Channels() != c.channels || p.Check() != nil {
			t.Errorf("%s: %v, as %s; want %s, as %s", name, p, reason, c.preset, c.says)
		}
	}
}

// TestImageNetLabels: the names stand at the places that classifiers have them.
func TestImageNetLabels(t *testing.T) {
	names, more := ImageNetLabels(1000), ImageNetLabels(1001)
	if len(names) != 1000 || len(more) != 1001 {
		t.Fatalf("%d and %d names", len(names), len(more))
	}
	for i, want := range map[int]string{0: "tench", 207: "golden retriever", 281: "tabby", 999: "toilet tissue"} {
		if names[i] != want || more[i+1] != want {
			t.Errorf("class %d is %q and %q, want %q", i, names[i], more[i+1], want)
		}
	}
	if more[0] != "background" || ImageNetLabels(999) != nil || ImageNetLabels(0) != nil {
		t.Error("the background, or another number of classes")
	}
	for _, n := range names {
		if n == "" || strings.TrimSpace(n) != n {
			t.Errorf("%q is a name", n)
		}
	}
}

// TestNameClasses: a network with as many classes is taken for ImageNet's; one with names, other classes or a map of them is not.
func TestNameClasses(t *testing.T) {
	for _, c := range []struct {
		classes int
		own     []string
		pooled  bool
		want    int
	}{{1000, nil, true, 1000}, {1001, nil, true, 1001}, {999, nil, true, 0}, {1000, nil, false, 0}, {1000, make([]string, 1000), true, 1000}} {
		g, x := graph.New("g", 3)
		v := g.Add("conv", graph.Conv2D{In: 3, Out: c.classes, Kernel: graph.Square(1), Weight: "w"}, x)
		if c.pooled {
			v = g.Add("pool", graph.GlobalPool{Type: graph.Average}, v)
		}
		g.Outputs = []graph.Value{v}
		m := &Model{Graph: g, Labels: c.own}
		m.Preset, _ = images.FindPreset("imagenet")
		m.nameClasses(nil)
		if len(m.Labels) != c.want || (m.LabelsReason != "") != (c.want > 0 && c.own == nil) {
			t.Errorf("%+v: %d labels, %q", c, len(m.Labels), m.LabelsReason)
		}
		m.Labels = nil
		m.nameClasses(metadata{"character": strings.Repeat("a\n", c.classes)})
		if len(m.Labels) > 0 != c.pooled || c.pooled && m.Labels[0] != "a" {
			t.Errorf("%+v: %d labels of the file", c, len(m.Labels))
		}
	}
}
