package run_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// roomy is a device that runs everything here.
var roomy = gpu.Limits{
	MaxStorageBlock: 1 << 30, MaxTexelBuffer: 1 << 27,
	MaxGroups: [3]int{65535, 65535, 65535}, MaxGroupSize: [3]int{1024, 1024, 64}, MaxGroupInvocations: 1024, MaxShared: 32768,
	UniformAlign: 256, MaxUniformBlock: 65536, MaxComputeStorageBlocks: 8, MaxComputeImages: 8, MaxComputeTextures: 16,
}

// least is what GL 4.3 demands of a device.
var least = gpu.Limits{
	MaxStorageBlock: 1 << 24, MaxTexelBuffer: 65536,
	MaxGroups: [3]int{65535, 65535, 65535}, MaxGroupSize: [3]int{1024, 1024, 64}, MaxGroupInvocations: 1024, MaxShared: 32768,
	UniformAlign: 256, MaxUniformBlock: 16384, MaxComputeStorageBlocks: 8, MaxComputeImages: 8, MaxComputeTextures: 16,
}

func planFor(t *testing.T, g *graph.Graph, in tensor.Shape) *plan.Plan {
	t.Helper()
	inception.InitHe(g, 1)
	p, err := plan.New(context.Background(), g, in, plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func article(t *testing.T) *plan.Plan {
	return planFor(t, inception.InceptionA(192), tensor.Shape{N: 1, C: 192, H: 28, W: 28})
}

// weightBytes are those of a step with its default kernel.
func weightBytes(s *plan.Step) int { return 4 * s.WeightsLen(s.Key.Kernel.Layout()) }

// largestTensor is the most that one step binds of the activations, in bytes.
func largestTensor(p *plan.Plan) int {
	most := 0
	for _, s := range p.Steps() {
		first, end := s.OutTexels()
		most = max(most, 16*(end-first))
		for _, v := range s.Inputs() {
			most = max(most, 16*v.Tensor.Texels())
		}
	}
	return most
}

// TestFitErrors: what no kernel can help with is gpu.ErrLimit, and says which limit.
func TestFitErrors(t *testing.T) {
	wide := func(t *testing.T) *plan.Plan { // 1 MiB of weights, 4 KiB of activations
		return planFor(t, inception.PointwiseStack(512, 512), tensor.Shape{N: 1, C: 512, H: 1, W: 1})
	}
	huge := func(t *testing.T) *plan.Plan { // 4 GiB
		return planFor(t, inception.PointwiseStack(3, 3), tensor.Shape{N: 1, C: 3, H: 1 << 14, W: 1 << 14})
	}
	for _, c := range []struct {
		name  string
		plan  func(*testing.T) *plan.Plan
		limit func(*plan.Plan, *gpu.Limits)
		want  string
	}{
		{"activations", article, func(p *plan.Plan, l *gpu.Limits) { l.MaxStorageBlock = largestTensor(p) - 1 }, "bytes, the device binds"},
		{"weights", wide, func(p *plan.Plan, l *gpu.Limits) { l.MaxStorageBlock = weightBytes(p.Steps()[0]) - 1 }, "step conv1 does not fit the device: its weights take"},
		{"workgroups", article, func(_ *plan.Plan, l *gpu.Limits) { l.MaxGroups = [3]int{1, 1, 1} }, "workgroups in dimension 0, the limit is 1"},
		{"workgroup size", article, func(_ *plan.Plan, l *gpu.Limits) { l.MaxGroupInvocations = 1 }, "and 1 in all"},
		{"the shaders' indices", huge, func(_ *plan.Plan, l *gpu.Limits) { l.MaxStorageBlock = 1 << 40 }, "takes 4294967296 bytes, the device binds 2147483647"},
	} {
		p, l := c.plan(t), roomy
		c.limit(p, &l)
		if _, err := run.Candidates(p, l, false); !errors.Is(err, gpu.ErrLimit) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want gpu.ErrLimit with %q", c.name, err, c.want)
		}
	}
}

// TestFitDropsCandidates: where some kernels fit, the others go, and the default is the first that is left.
func TestFitDropsCandidates(t *testing.T) {
	ssbo := func(k shaders.Key) bool { return k.Load == shaders.LoadSSBO }
	for _, c := range []struct {
		name  string
		limit func(*plan.Plan, *gpu.Limits)
		fits  func(shaders.Key) bool
		drops bool // whether anything must go
	}{
		{"roomy", func(*plan.Plan, *gpu.Limits) {}, func(shaders.Key) bool { return true }, false},
		{"just enough storage", func(p *plan.Plan, l *gpu.Limits) { l.MaxStorageBlock = largestTensor(p) }, func(shaders.Key) bool { return true }, false},
		{"no texel view is large enough", func(_ *plan.Plan, l *gpu.Limits) { l.MaxTexelBuffer = 100 }, ssbo, true},
		{"no images", func(_ *plan.Plan, l *gpu.Limits) { l.MaxComputeImages = 1 },
			func(k shaders.Key) bool { return k.Load != shaders.LoadImage }, true},
		{"small workgroups", func(_ *plan.Plan, l *gpu.Limits) { l.MaxGroupInvocations = 64 },
			func(k shaders.Key) bool { s := k.LocalSize(); return s[0]*s[1] <= 64 }, true},
		{"flat workgroups", func(_ *plan.Plan, l *gpu.Limits) { l.MaxGroupSize[1] = 1 },
			func(k shaders.Key) bool { return k.LocalSize()[1] == 1 }, true},
		{"little shared memory", func(_ *plan.Plan, l *gpu.Limits) { l.MaxShared = 16 },
			func(k shaders.Key) bool { return k.SharedBytes() <= 16 }, true},
	} {
		p, l := article(t), roomy
		c.limit(p, &l)
		fit, err := run.Candidates(p, l, false)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		dropped := 0
		for _, s := range p.Steps() {
			all, err := s.Candidates(shaders.Target{Software: true})
			if err != nil {
				t.Fatal(err)
			}
			want := slices.DeleteFunc(slices.Clone(all), func(k shaders.Key) bool { return !c.fits(k) })
			if !slices.Equal(fit[s], want) {
				t.Errorf("%s: step %s: %v; want %v", c.name, s.Name, fit[s], want)
			}
			dropped += len(all) - len(fit[s])
		}
		if (dropped > 0) != c.drops {
			t.Errorf("%s: %d candidates dropped, want some: %v", c.name, dropped, c.drops)
		}
	}
}

// TestFitPlain: plain kernels are the only ones where they are asked for.
func TestFitPlain(t *testing.T) {
	p := article(t)
	fit, err := run.Candidates(p, roomy, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range p.Steps() {
		if keys := fit[s]; len(keys) != 1 || !keys[0].Kernel.Plain || keys[0].Load != shaders.LoadSSBO {
			t.Errorf("step %s has candidates %v, want the plain kernel alone", s.Name, keys)
		}
	}
}

// TestFitTexelViews: a step's kernels go by what that step binds, its weights included, not by what others do.
func TestFitTexelViews(t *testing.T) {
	p := planFor(t, inception.PointwiseStack(8, 512, 512), tensor.Shape{N: 1, C: 8, H: 1, W: 1})
	l := roomy
	l.MaxTexelBuffer = 512*512/4 - 1 // conv2's weights don't fit
	fit, err := run.Candidates(p, l, false)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, false} {
		s := p.Steps()[i]
		if got := slices.ContainsFunc(fit[s], func(k shaders.Key) bool { return k.Load != shaders.LoadSSBO }); got != want {
			t.Errorf("step %s has kernels with texel views: %v, want %v: %v", s.Name, got, want, fit[s])
		}
	}
}

// TestFitLargeLayer: 64 MiB of weights are computed on a device that offers no more than GL 4.3 demands, in parts of 16 MiB.
func TestFitLargeLayer(t *testing.T) {
	const wide = 4096
	g := inception.PointwiseStack(wide, wide)
	g.Weights = map[string]tensor.Array{
		"conv1.weight": {Dims: []int{wide, wide, 1, 1}, Data: make([]float32, wide*wide)},
		"conv1.bias":   {Dims: []int{wide}, Data: make([]float32, wide)},
	}
	in := tensor.Shape{N: 1, C: wide, H: 1, W: 1}
	for _, c := range []struct {
		block int
		fits  bool
	}{{least.MaxStorageBlock, true}, {64 << 20, false}} {
		p, err := plan.New(context.Background(), g, in, plan.Options{MaxWeights: c.block})
		if err != nil {
			t.Fatal(err)
		}
		fit, err := run.Candidates(p, least, false)
		if (err == nil) != c.fits || err != nil && !errors.Is(err, gpu.ErrLimit) {
			t.Errorf("in parts of %d bytes: error is %v, want none: %v", c.block, err, c.fits)
		}
		for s, keys := range fit {
			if len(keys) == 0 || weightBytes(s) > least.MaxStorageBlock {
				t.Errorf("step %s: %d kernels, %d bytes of weights", s.Name, len(keys), weightBytes(s))
			}
		}
	}
}
