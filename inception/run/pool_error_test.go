package run_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// TestGlobalPoolError: averages of whole planes of positive numbers, which gates pass on to whole channels, are summed by rows, and those by eights.
//
// Where n numbers of one size are added one after the other, the k-th addition errs by u/√3 of k/n of the sum, at random: u/√3·√(n/3) in all, which
// for 24 × 48 of them is 6.7e-7. By rows and eights it is that of 48, 8 and 3: 1.5e-7. Half as much again is for chance, and the product.
func TestGlobalPoolError(t *testing.T) {
	const limit = 2.3e-7
	g, x := graph.New("pool", 64)
	g.Outputs = []graph.Value{g.Add("pool", graph.GlobalPool{Type: graph.Average}, x)}
	in := tensor.New(tensor.Shape{N: 1, C: 64, H: 24, W: 48})
	random := rand.New(rand.NewPCG(1, 2))
	want := make([]float64, 64)
	for i := range in.Data {
		in.Data[i] = random.Float32()
		want[i/(24*48)] += float64(in.Data[i]) / (24 * 48)
	}
	for _, kernels := range []run.Kernels{run.KernelsDefault, run.KernelsPlain} {
		s, err := run.Compile(context.Background(), gputest.Open(t), g, in.Shape, run.Options{Kernels: kernels, NoCache: true})
		if err != nil {
			t.Fatal(err)
		}
		gputest.Case()
		y, err := s.Run(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		var off, size float64
		for c, w := range want {
			off += (float64(y.Data[c]) - w) * (float64(y.Data[c]) - w)
			size += w * w
		}
		e := math.Sqrt(off / size)
		t.Logf("%v: relative error %.2g", kernels, e)
		if !(e <= limit) {
			t.Errorf("%v: relative error %.2g, want at most %.2g", kernels, e, limit)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
