package run_test

import (
	"context"
	"testing"

	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// TestPublishedCompile: the device takes the plans, programs and weights of the networks at full size, within the 128 MiB that
// software drivers allow a buffer. What they compute is compared at a fraction of the width, in package inception.
func TestPublishedCompile(t *testing.T) {
	d := gputest.Open(t)
	for _, c := range []struct {
		size  int
		build func(classes int) *graph.Graph
	}{
		{224, inception.BNInception}, {299, inception.InceptionV4}, {299, inception.InceptionResNetV2}, {299, inception.Xception},
	} {
		g := c.build(1000)
		for _, p := range g.Params() {
			n := 1
			for _, d := range p.Dims {
				n *= d
			}
			g.Weights[p.Name] = tensor.Array{Dims: p.Dims, Data: make([]float32, n)}
		}
		s, err := run.Compile(context.Background(), d, g, tensor.Shape{N: 1, C: 3, H: c.size, W: c.size}, run.Options{Kernels: run.KernelsDefault})
		if err != nil {
			t.Errorf("%s: %v", g.Name, err)
			continue
		}
		if bytes := 16 * s.Plan().ArenaTexels; bytes > 128<<20 {
			t.Errorf("%s: activations take %d bytes", g.Name, bytes)
		}
		s.Close()
	}
}
