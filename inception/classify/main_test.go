package classify_test

import (
	"context"
	"flag"
	"os"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/classify"
	"inceptiongl/inception/digits"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// TestMain skips the example that needs a GPU where the GPU tests are skipped.
func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv(gputest.NoGPU) == "1" && flag.Lookup("test.skip").Value.String() == "" {
		if err := flag.Set("test.skip", "^ExampleClassifier$"); err != nil {
			panic(err)
		}
	}
	gputest.Main(m)
}

// runner is a backend's network in plain Go.
type runner struct {
	run func(ctx context.Context, x *tensor.Tensor) ([]*tensor.Tensor, error)
}

func (r runner) RunAll(ctx context.Context, x *tensor.Tensor) ([]*tensor.Tensor, error) {
	return r.run(ctx, x)
}
func (runner) Close() error { return nil }

// reference computes with cpuref.
func reference(_ context.Context, g *graph.Graph, _ tensor.Shape) (classify.Runner, error) {
	return runner{func(ctx context.Context, x *tensor.Tensor) ([]*tensor.Tensor, error) {
		all, err := cpuref.RunAll(ctx, g, x)
		var ys []*tensor.Tensor
		for _, v := range g.Outputs {
			if err == nil {
				ys = append(ys, all[v])
			}
		}
		return ys, err
	}}, nil
}

// zeros answers at once.
func zeros(_ context.Context, g *graph.Graph, in tensor.Shape) (classify.Runner, error) {
	shapes, err := g.Shapes(in)
	return runner{func(ctx context.Context, x *tensor.Tensor) ([]*tensor.Tensor, error) {
		var ys []*tensor.Tensor
		for _, v := range g.Outputs {
			ys = append(ys, tensor.New(shapes[v]))
		}
		return ys, ctx.Err()
	}}, err
}

func digitsModel(t *testing.T) *classify.Model {
	t.Helper()
	m, err := classify.Digits()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func open(t *testing.T, m *classify.Model, b classify.Backend, o classify.Options) *classify.Classifier {
	t.Helper()
	c, err := classify.New(context.Background(), m, b, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func samples(t *testing.T) []digits.Sample {
	t.Helper()
	all, err := digits.Samples()
	if err != nil {
		t.Fatal(err)
	}
	return all
}
