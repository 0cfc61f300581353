package run_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"inceptiongl/cpuref/verify"
	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// agree compiles a network, checks every element of every step against its bound, and the output against cpuref. The plain
// run must give what the traced one gave, bit for bit: no kernel's result depends on what else runs.
func agree(t *testing.T, n nettest.Network, x *tensor.Tensor, values []*tensor.Tensor, o run.Options) *tensor.Tensor {
	t.Helper()
	return agreeOn(t, gputest.Open(t), n, x, values, o)
}

// agreeOn is agree on a device of the test's own.
func agreeOn(t *testing.T, d *gpu.Device, n nettest.Network, x *tensor.Tensor, values []*tensor.Tensor, o run.Options) *tensor.Tensor {
	t.Helper()
	ctx := context.Background()
	name := fmt.Sprintf("%s, input %v, off %09b, kernels %d", n.Name, n.Input, o.Off, o.Kernels)
	s, err := run.Compile(ctx, d, n.Graph, n.Input, o)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer s.Close()
	ys, err := s.RunAll(ctx, x)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	y := ys[0]
	if err := nettest.CheckAnswer(n.Graph, ys, values); err != nil {
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
	each := s.Plan().Input.Shape.N // of the images, a pass
	if parts *= (n.Input.N + each - 1) / each; len(reports) != parts {
		t.Errorf("%s: %d parts checked of %d", name, len(reports), parts)
	}
	if err := nettest.CloseTo(y, traced, 0); err != nil {
		t.Errorf("%s: against its own traced run: %v", name, err)
	}
	return y
}

var kernelPolicies = []run.Kernels{run.KernelsPlain, run.KernelsDefault, run.KernelsMeasured}

// TestRewritesOnGPU: each rewrite off alone, all off and all on give cpuref's answer.
func TestRewritesOnGPU(t *testing.T) {
	gputest.Need(t)
	s := nettest.Seed(t)
	for _, n := range []nettest.Network{
		nettest.Of("article", inception.InceptionA(192), nettest.Shape(1, 192, 28, 28)),
		nettest.Of("odd module", inception.Module("odd", nettest.OddModule), nettest.Shape(2, 15, 7, 9)),
		nettest.Find(t, "batch norms"), nettest.Find(t, "pads"), nettest.Find(t, "flatten"), nettest.Find(t, "residual"),
	} {
		inception.InitHe(n.Graph, s)
		x := inception.RandomInput(n.Input, s)
		values := nettest.Reference(t, n, x)
		offs := []plan.Rewrite{0, plan.AllRewrites}
		for r := plan.Rewrite(1); r <= plan.AllRewrites; r <<= 1 {
			offs = append(offs, r)
		}
		for _, off := range offs {
			y := agree(t, n, x, values, run.Options{Off: off, Kernels: run.KernelsDefault})
			if y.C > 16 {
				nettest.WantRelL2(t, fmt.Sprintf("%s, off %09b", n.Name, off), y, values[n.Graph.Outputs[0]])
			}
		}
	}
}

// TestKernelPoliciesOnGPU: the awkward networks with every way to choose kernels.
func TestKernelPoliciesOnGPU(t *testing.T) {
	gputest.Need(t)
	s := nettest.Seed(t)
	tuner := run.NewTuner() // shared: shapes repeat
	for _, n := range nettest.Networks(s) {
		x := inception.RandomInput(n.Input, s)
		values := nettest.Reference(t, n, x)
		for _, k := range kernelPolicies {
			agree(t, n, x, values, run.Options{Kernels: k, Tuner: tuner})
		}
	}
}

// TestModulesOnGPU: channel counts, sizes and batches, among them single pixels, single channels and partial tiles.
func TestModulesOnGPU(t *testing.T) {
	gputest.Need(t)
	s := nettest.Seed(t)
	check := func(n nettest.Network) {
		t.Helper()
		inception.InitHe(n.Graph, s)
		x := inception.RandomInput(n.Input, s)
		values := nettest.Reference(t, n, x)
		y := agree(t, n, x, values, run.Options{Kernels: run.KernelsDefault})
		if y.C > 16 && y.H > 1 {
			nettest.WantRelL2(t, n.Name, y, values[n.Graph.Outputs[0]])
		}
	}
	for _, cin := range []int{1, 3, 13, 192} {
		for _, size := range [][2]int{{1, 1}, {7, 9}, {28, 28}} {
			for _, batch := range []int{1, 3} {
				check(nettest.Of("article", inception.InceptionA(cin), nettest.Shape(batch, cin, size[0], size[1])))
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
		check(nettest.Of(fmt.Sprintf("%+v", c), inception.Module("module", c), nettest.Shape(1, c.In, 14, 15)))
	}
	check(nettest.Of("stack", inception.PointwiseStack(3, 7, 16, 2), nettest.Shape(1, 3, 28, 28)))
}

// TestRandomGraphsOnGPU: what no one thought of.
func TestRandomGraphsOnGPU(t *testing.T) {
	gputest.Need(t)
	s := nettest.Seed(t)
	for i := range uint64(12) {
		rng := rand.New(rand.NewPCG(s, i))
		n := nettest.Random(rng)
		n.Name = fmt.Sprintf("random graph %d", i)
		x := inception.RandomInput(n.Input, rng.Uint64())
		values := nettest.Reference(t, n, x)
		off := plan.Rewrite(rng.UintN(uint(plan.AllRewrites) + 1))
		for _, off := range []plan.Rewrite{0, off} {
			agree(t, n, x, values, run.Options{Off: off, Kernels: run.KernelsDefault})
		}
		if t.Failed() {
			t.Fatalf("nodes %+v\noutputs %v", n.Graph.Nodes, n.Graph.Outputs)
		}
	}
}
