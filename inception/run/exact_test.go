package run_test

import (
	"context"
	"math"
	"testing"

	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// TestExact: an average of numbers near a float's limit, then a 1×1 convolution. In this order nothing overflows; in the other, which is
// faster and the default, the pool adds up nine sums of two.
func TestExact(t *testing.T) {
	d := gputest.Open(t)
	g, x := graph.New("large", 2)
	pool := g.Add("pool", graph.Pool2D{Type: graph.Average, Kernel: graph.Square(3), Stride: graph.Square(1), Pad: graph.Padding{Top: 1, Left: 1, Bottom: 1, Right: 1}}, x)
	g.Outputs = []graph.Value{g.Add("conv", graph.Conv2D{In: 2, Out: 1, Kernel: graph.Square(1), Weight: "w"}, pool)}
	g.Weights["w"] = tensor.Array{Dims: []int{1, 2, 1, 1}, Data: []float32{1, 1}}
	in := tensor.New(tensor.Shape{N: 1, C: 2, H: 5, W: 5})
	for i := range in.Data {
		in.Data[i] = 3e37
	}
	for _, exact := range []bool{false, true} {
		gputest.Case()
		s, err := run.Compile(context.Background(), d, g, in.Shape, run.Options{Exact: exact, NoCache: true})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		y, err := s.Run(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range y.Data {
			switch {
			case exact && !(math.Abs(float64(v)-6e37) < 1e31):
				t.Fatalf("exact: element %d is %v, want 6e37", i, v)
			case !exact && i == 12 && !math.IsInf(float64(v), 1): // a full window
				t.Errorf("element %d is %v, want the overflow that the documentation tells of", i, v)
			}
		}
	}
}
