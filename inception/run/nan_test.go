package run_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// TestNaN: a NaN comes out where PyTorch has one (GLSL's max and min don't promise that), and an infinity is clipped; alone,
// and as the end of another step.
func TestNaN(t *testing.T) {
	d := gputest.Open(t)
	ctx := context.Background()
	seed := nettest.Seed(t)
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	in := nettest.Shape(2, 6, 5, 7)
	clip := graph.Clip{Min: -0.5, Max: 0.5}
	pool := graph.Pool2D{Type: graph.Max, Kernel: graph.Square(3), Pad: graph.Pad(1)}
	for name, build := range map[string]func(g *graph.Graph, x graph.Value) graph.Value{
		"relu":     func(g *graph.Graph, x graph.Value) graph.Value { return g.Add("relu", graph.ReLU{}, x) },
		"clip":     func(g *graph.Graph, x graph.Value) graph.Value { return g.Add("clip", clip, x) },
		"max pool": func(g *graph.Graph, x graph.Value) graph.Value { return g.Add("pool", pool, x) },
		"average pool": func(g *graph.Graph, x graph.Value) graph.Value {
			return g.Add("pool", graph.Pool2D{Kernel: graph.Square(2)}, x)
		},
		"1×1 and relu": func(g *graph.Graph, x graph.Value) graph.Value {
			return g.Add("relu", graph.ReLU{}, nettest.Conv(g, "a", x, 6, 9, 1))
		},
		"3×3 and clip": func(g *graph.Graph, x graph.Value) graph.Value {
			return g.Add("clip", clip, nettest.Conv(g, "a", x, 6, 9, 3))
		},
		"network": func(g *graph.Graph, x graph.Value) graph.Value {
			v := g.Add("relu", graph.ReLU{}, nettest.Conv(g, "a", g.Add("clip", clip, x), 6, 5, 1))
			v = g.Add("pool", pool, v)
			v = g.Add("sum", graph.Binary{}, v, v)
			return g.Add("relu6", graph.Clip{Max: 6}, nettest.Conv(g, "b", v, 5, 3, 1))
		},
	} {
		g, x := graph.New(name, in.C)
		g.Outputs = []graph.Value{build(g, x)}
		inception.InitHe(g, seed)
		input := inception.RandomInput(in, seed)
		input.Set(0, 1, 2, 3, nan)
		input.Set(0, 4, 0, 0, nan)
		if name != "average pool" { // its sum of both infinities is for another test
			input.Set(1, 5, 4, 6, inf)
			input.Set(1, 2, 1, 1, -inf)
		}
		want, err := cpuref.Run(ctx, g, input)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range []run.Options{{Kernels: run.KernelsPlain}, {Kernels: run.KernelsDefault}, {Kernels: run.KernelsDefault, Off: plan.AllRewrites}} {
			s, err := run.Compile(ctx, d, g, in, o)
			if err != nil {
				t.Fatal(err)
			}
			y, err := s.Run(ctx, input)
			s.Close()
			if err == nil {
				err = sameButRounding(y, want)
			}
			if err != nil {
				t.Errorf("%s, kernels %d, off %09b: %v", name, o.Kernels, o.Off, err)
			}
		}
		if tensor.FirstNonFinite(want.Data) < 0 {
			t.Errorf("%s: no NaN in the answer: it shows nothing", name)
		}
	}
}

// sameButRounding takes NaN as equal to NaN, and infinities to themselves.
func sameButRounding(got, want *tensor.Tensor) error {
	if got.Shape != want.Shape {
		return fmt.Errorf("shape %v, want %v", got.Shape, want.Shape)
	}
	for i, v := range got.Data {
		w := want.Data[i]
		near := math.Abs(float64(v)-float64(w)) <= 1e-4
		if !near && v != w && !(v != v && w != w) {
			return fmt.Errorf("element %d is %v, want %v", i, v, w)
		}
	}
	return nil
}
