package plan_test

import (
	"context"
	"testing"

	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// TestBusy: on a GPU with many multiprocessors, at batch 1, every convolution's default kernel gives each a workgroup, or as
// many as any kernel that is worth timing does; and no tile overhangs where another of the same work does not.
func TestBusy(t *testing.T) {
	for _, c := range []struct {
		g    *graph.Graph
		size int
	}{
		{inception.GoogLeNet(1000), 224}, {inception.BNInception(1000), 224}, {inception.InceptionV3(1000), 299},
		{inception.InceptionV4(1000), 299}, {inception.InceptionResNetV2(1000), 299}, {inception.Xception(1000), 299},
	} {
		for _, p := range c.g.Params() { // a plan reads no weights; zeros cost nothing
			n := 1
			for _, d := range p.Dims {
				n *= d
			}
			c.g.Weights[p.Name] = tensor.Array{Dims: p.Dims, Data: make([]float32, n)}
		}
		for _, target := range []shaders.Target{{Multiprocessors: 20}, {Multiprocessors: 46}, {Multiprocessors: 132}, {Multiprocessors: 24, Registers: 76}} {
			m := target.Multiprocessors
			p, err := plan.New(context.Background(), c.g, tensor.Shape{N: 1, C: 3, H: c.size, W: c.size}, plan.Options{Target: target})
			if err != nil {
				t.Fatal(err)
			}
			split := 0
			for _, s := range p.Steps() {
				if s.Kind() != "conv" {
					continue
				}
				params := s.Params()
				count := func(k shaders.Key) int { w := k.Workgroups(&params); return w[0] * w[1] * w[2] }
				have := count(s.Key)
				t.Logf("%4d workgroups: %v  %d×%d×%d -> %d×%d×%d %d×%d", have, s.Key, params.C, params.H, params.W, params.OutC, params.OutH, params.OutW, params.KernelH, params.KernelW)
				if s.Key.Splits > 1 {
					split++
				}
				if have >= m {
					continue
				}
				keys, err := s.Candidates(target)
				if err != nil {
					t.Fatal(err)
				}
				for _, k := range keys {
					if n := count(k); n > have {
						t.Errorf("%s: %v has %d workgroups on %d multiprocessors, %v %d", s.Name, s.Key, have, m, k, n)
					}
				}
			}
			if split == 0 && m == 132 {
				t.Error("no sum is split")
			}
		}
	}
}
