package inception

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// roomy is a device that runs everything here.
var roomy = gpu.Limits{
	MaxStorageBlock: 1 << 30, MaxTexelBuffer: 1 << 27,
	MaxGroups: [3]int{65535, 65535, 65535}, MaxGroupSize: [3]int{1024, 1024, 64}, MaxGroupInvocations: 1024, MaxShared: 32768,
	UniformAlign: 256, MaxUniformBlock: 65536, MaxComputeStorageBlocks: 8, MaxComputeImages: 8, MaxComputeTextures: 16,
}

func planFor(t *testing.T, g *graph.Graph, in tensor.Shape) *Plan {
	t.Helper()
	InitHe(g, 1)
	p, err := NewPlan(g, in, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func article(t *testing.T) *Plan {
	return planFor(t, InceptionA(192), tensor.Shape{N: 1, C: 192, H: 28, W: 28})
}

// TestFitErrors: what no kernel can help with is gpu.ErrLimit, and says which limit.
func TestFitErrors(t *testing.T) {
	wide := func(t *testing.T) *Plan { // 1 MiB of weights, 4 KiB of activations
		return planFor(t, PointwiseStack(512, 512), tensor.Shape{N: 1, C: 512, H: 1, W: 1})
	}
	for _, c := range []struct {
		name  string
		plan  func(*testing.T) *Plan
		limit func(*Plan, *gpu.Limits)
		want  string
	}{
		{"activations", article, func(p *Plan, l *gpu.Limits) { l.MaxStorageBlock = 16*p.ArenaTexels - 1 }, "activations take"},
		{"weights", wide, func(p *Plan, l *gpu.Limits) { l.MaxStorageBlock = 4*len(p.Steps()[0].weights) - 1 }, "step conv1: weights take"},
		{"workgroups", article, func(_ *Plan, l *gpu.Limits) { l.MaxGroups = [3]int{1, 1, 1} }, "none of its kernels fits"},
		{"workgroup size", article, func(_ *Plan, l *gpu.Limits) { l.MaxGroupInvocations = 1 }, "none of its kernels fits"},
	} {
		p, l := c.plan(t), roomy
		c.limit(p, &l)
		if err := p.fit(l); !errors.Is(err, gpu.ErrLimit) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want gpu.ErrLimit with %q", c.name, err, c.want)
		}
	}
}

// TestFitDropsCandidates: where some kernels fit, the others go, and the default is the first that is left.
func TestFitDropsCandidates(t *testing.T) {
	for _, c := range []struct {
		name  string
		limit func(*Plan, *gpu.Limits)
		fits  func(shaders.Key) bool
		drops bool // whether anything must go
	}{
		{"roomy", func(*Plan, *gpu.Limits) {}, func(shaders.Key) bool { return true }, false},
		{"just enough storage", func(p *Plan, l *gpu.Limits) { l.MaxStorageBlock = 16 * p.ArenaTexels }, func(shaders.Key) bool { return true }, false},
		{"texel view too small", func(p *Plan, l *gpu.Limits) { l.MaxTexelBuffer = p.ArenaTexels - 1 },
			func(k shaders.Key) bool { return k.Load == shaders.LoadSSBO }, true},
		{"no images", func(_ *Plan, l *gpu.Limits) { l.MaxComputeImages = 1 },
			func(k shaders.Key) bool { return k.Load != shaders.LoadImage }, true},
		{"small workgroups", func(_ *Plan, l *gpu.Limits) { l.MaxGroupInvocations = 128 },
			func(k shaders.Key) bool { s := k.LocalSize(); return s[0]*s[1] <= 128 }, true},
		{"flat workgroups", func(_ *Plan, l *gpu.Limits) { l.MaxGroupSize[1] = 1 },
			func(k shaders.Key) bool { return k.LocalSize()[1] == 1 }, true},
		{"weights larger than a texel view", func(p *Plan, l *gpu.Limits) {
			for _, s := range p.Steps() {
				s.weights = make([]float32, 40<<20) // 160 MiB in one buffer, never touched
			}
			l.MaxTexelBuffer = 8 << 20
		}, func(k shaders.Key) bool { return k.Load == shaders.LoadSSBO }, true},
	} {
		p, l := article(t), roomy
		before := map[*Step][]shaders.Key{}
		for _, s := range p.Steps() {
			before[s] = slices.Clone(s.Candidates)
		}
		c.limit(p, &l)
		if err := p.fit(l); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		dropped := 0
		for _, s := range p.Steps() {
			var want []shaders.Key
			for _, k := range before[s] {
				if c.fits(k) {
					want = append(want, k)
				}
			}
			if !slices.Equal(s.Candidates, want) || s.Key != want[0] {
				t.Errorf("%s: step %s: %v, first of %d candidates; want %v, first of %d", c.name, s.Name, s.Key, len(s.Candidates), want[0], len(want))
			}
			dropped += len(before[s]) - len(s.Candidates)
		}
		if (dropped > 0) != c.drops {
			t.Errorf("%s: %d candidates dropped, want some: %v", c.name, dropped, c.drops)
		}
	}
}
