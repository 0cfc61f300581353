package inception_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/cpuref/verify"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/tensor"
)

// agree compiles a network, checks every element of every step against its bound, and the output against cpuref. The plain
// run must give what the traced one gave, bit for bit: no kernel's result depends on what else runs.
func agree(t *testing.T, n network, x *tensor.Tensor, values []*tensor.Tensor, o inception.Options) *tensor.Tensor {
	t.Helper()
	ctx := context.Background()
	name := fmt.Sprintf("%s, input %v, off %06b, kernels %d", n.name, n.input, o.Off, o.Kernels)
	s, err := inception.Compile(ctx, gputest.Open(t), n.graph, n.input, o)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer s.Close()
	y, err := s.Run(ctx, x)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	want := values[n.graph.Outputs[0]]
	if err := closeTo(y, want, 1e-5*largest(values)); err != nil {
		t.Errorf("%s: against cpuref: %v", name, err)
	}
	if len(s.Plan().Steps()) == 0 {
		return y
	}
	traced, reports, err := verify.Session(ctx, s, x)
	if err == nil {
		err = verify.Failed(reports)
	}
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return y
	}
	parts := 0
	for _, step := range s.Plan().Steps() {
		parts += len(step.Parts)
	}
	if len(reports) != parts {
		t.Errorf("%s: %d parts checked of %d", name, len(reports), parts)
	}
	if err := closeTo(y, traced, 0); err != nil {
		t.Errorf("%s: against its own traced run: %v", name, err)
	}
	return y
}

// reference computes every value of the network in float64.
func reference(t *testing.T, n network, x *tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	values, err := cpuref.RunAll(context.Background(), n.graph, x)
	if err != nil {
		t.Fatalf("%s: %v", n.name, err)
	}
	return values
}

// wantRelL2 holds for outputs of many channels; where nearly all of few are cut by ReLU, a relative error means little.
func wantRelL2(t *testing.T, name string, got, want *tensor.Tensor) {
	t.Helper()
	wide := make([]float64, len(want.Data))
	for i, v := range want.Data {
		wide[i] = float64(v)
	}
	if e, err := cpuref.RelL2(got.Data, wide); err != nil || !(e <= 1e-6) {
		t.Errorf("%s: relative error %.3g, %v; want at most 1e-6", name, e, err)
	}
}

var kernelPolicies = []inception.Kernels{inception.KernelsPlain, inception.KernelsDefault, inception.KernelsMeasured}

// TestRewritesOnGPU: each rewrite off alone, all off and all on give cpuref's answer.
func TestRewritesOnGPU(t *testing.T) {
	gputest.Need(t)
	s := seed(t)
	for _, n := range []network{
		{"article", inception.InceptionA(192), shape(1, 192, 28, 28)},
		{"odd module", inception.Module("odd", oddModule), shape(2, 15, 7, 9)},
	} {
		inception.InitHe(n.graph, s)
		x := inception.RandomInput(n.input, s)
		values := reference(t, n, x)
		offs := []inception.Rewrite{0, inception.AllRewrites}
		for r := inception.Rewrite(1); r <= inception.AllRewrites; r <<= 1 {
			offs = append(offs, r)
		}
		for _, off := range offs {
			y := agree(t, n, x, values, inception.Options{Off: off, Kernels: inception.KernelsDefault})
			wantRelL2(t, fmt.Sprintf("%s, off %06b", n.name, off), y, values[n.graph.Outputs[0]])
		}
	}
}

// TestKernelPoliciesOnGPU: the awkward networks with every way to choose kernels.
func TestKernelPoliciesOnGPU(t *testing.T) {
	gputest.Need(t)
	s := seed(t)
	tuner := &inception.Tuner{} // shared: shapes repeat
	for _, n := range networks(s) {
		x := inception.RandomInput(n.input, s)
		values := reference(t, n, x)
		for _, k := range kernelPolicies {
			agree(t, n, x, values, inception.Options{Kernels: k, Tuner: tuner})
		}
	}
}

// TestModulesOnGPU: channel counts, sizes and batches, among them single pixels, single channels and partial tiles.
func TestModulesOnGPU(t *testing.T) {
	gputest.Need(t)
	s := seed(t)
	check := func(n network) {
		t.Helper()
		inception.InitHe(n.graph, s)
		x := inception.RandomInput(n.input, s)
		values := reference(t, n, x)
		y := agree(t, n, x, values, inception.Options{Kernels: inception.KernelsDefault})
		if y.C > 16 && y.H > 1 {
			wantRelL2(t, n.name, y, values[n.graph.Outputs[0]])
		}
	}
	for _, cin := range []int{1, 3, 13, 192} {
		for _, size := range [][2]int{{1, 1}, {7, 9}, {28, 28}} {
			for _, batch := range []int{1, 3} {
				check(network{"article", inception.InceptionA(cin), shape(batch, cin, size[0], size[1])})
			}
		}
	}
	for _, c := range []inception.ModuleConfig{
		inception.GoogLeNetModule(192, 64, 96, 128, 16, 32, 32), // GoogLeNet's 3a
		{In: 192, B5x5Reduce: 16, B5x5: 32},                     // the article's bottleneck
		{In: 29, B1x1: 13, B5x5Reduce: 1, B5x5: 2, B3x3Reduce: 7, B3x3: 17, B3x3Second: 3, PoolProj: 5},
		{In: 7, B1x1: 1, PoolProj: 1},
		{In: 5, B3x3Reduce: 3, B3x3: 6, PoolProj: 5, MaxPool: true},
	} {
		check(network{fmt.Sprintf("%+v", c), inception.Module("module", c), shape(1, c.In, 14, 15)})
	}
	check(network{"stack", inception.PointwiseStack(3, 7, 16, 2), shape(1, 3, 28, 28)})
}

// TestRandomGraphsOnGPU: what no one thought of.
func TestRandomGraphsOnGPU(t *testing.T) {
	gputest.Need(t)
	s := seed(t)
	for i := range uint64(12) {
		rng := rand.New(rand.NewPCG(s, i))
		n := randomNetwork(rng)
		n.name = fmt.Sprintf("random graph %d", i)
		x := inception.RandomInput(n.input, rng.Uint64())
		values := reference(t, n, x)
		off := inception.Rewrite(rng.UintN(uint(inception.AllRewrites) + 1))
		for _, off := range []inception.Rewrite{0, off} {
			agree(t, n, x, values, inception.Options{Off: off, Kernels: inception.KernelsDefault})
		}
		if t.Failed() {
			t.Fatalf("nodes %+v\noutputs %v", n.graph.Nodes, n.graph.Outputs)
		}
	}
}
