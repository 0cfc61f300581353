package shaders_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

var (
	k1 = graph.Conv2D{Kernel: graph.Square(1)}
	k3 = graph.Conv2D{Kernel: graph.Square(3), Pad: graph.Pad(1)}
	k5 = graph.Conv2D{Kernel: graph.Square(5), Pad: graph.Pad(2)}
)

var inf, nan = float32(math.Inf(1)), float32(math.NaN())

// three is a merged step: segments of odd widths, into their own tensors and side by side in one, with and without ReLU.
func three(offset int) []seg {
	return []seg{{out: 13, dstC: 13 + offset, channel: offset, relu: true}, {out: 8, dstC: 21, channel: offset},
		{out: 13 - offset, dstC: 21, channel: 8 + offset, same: true, relu: true}}
}

// pointwiseCases: odd sizes and channels, partial tiles, batches, offsets, merged segments.
var pointwiseCases = []convCase{
	{in: shape(1, 1, 1, 1), conv: k1, segs: []seg{{out: 1}}},
	{in: shape(1, 3, 7, 9), conv: k1, segs: []seg{{out: 13}}},
	{in: shape(2, 13, 13, 7), conv: k1, segs: []seg{{out: 16, relu: true}}},
	{in: shape(3, 15, 1, 17), conv: k1, segs: []seg{{out: 33}}, noBias: true},
	{in: shape(3, 16, 5, 1), conv: k1, segs: []seg{{out: 24, dstC: 40, channel: 8}}},
	{in: shape(1, 33, 17, 19), conv: k1, segs: []seg{{out: 13, dstC: 30, channel: 6}}},
	{in: shape(2, 33, 1, 1), conv: k1, segs: []seg{{out: 3, dstC: 8, channel: 5}}},
	{in: shape(1, 192, 28, 28), conv: k1, segs: []seg{{out: 72, relu: true}}},
	{in: shape(1, 192, 28, 28), conv: k1, segs: []seg{{out: 16}, {out: 16, dstC: 24, channel: 4}, {out: 24, dstC: 88, channel: 64, relu: true}, {out: 16, relu: true}}},
	{in: shape(2, 16, 7, 9), conv: k1, segs: three(0)},
	{in: shape(2, 15, 7, 9), conv: k1, segs: []seg{{out: 13}}, special: inf},
	{in: shape(2, 15, 7, 9), conv: k1, segs: []seg{{out: 13, dstC: 14, channel: 1}}, special: inf},
	{in: shape(2, 15, 7, 9), conv: k1, segs: []seg{{out: 13, relu: true}}, special: nan},
	{in: shape(2, 15, 7, 9), conv: k1, segs: three(2)},
	{in: shape(2, 300, 5, 3), conv: k1, segs: []seg{{out: 21, dstC: 24, channel: 3, relu: true}}},
	{in: shape(1, 15, 7, 7), conv: k1, segs: []seg{{out: 1, dstC: 3}, {out: 1, dstC: 3, channel: 1, same: true}, {out: 1, dstC: 3, channel: 2, same: true},
		{out: 4}, {out: 5}, {out: 7, relu: true}, {out: 9, dstC: 10, channel: 1}, {out: 3}}},
}

// convCases: the same for windows, strides, dilations, asymmetric padding and groups.
var convCases = []convCase{
	{in: shape(1, 1, 1, 1), conv: k3, segs: []seg{{out: 1}}},
	{in: shape(1, 3, 7, 9), conv: k3, segs: []seg{{out: 13}}},
	{in: shape(2, 13, 13, 7), conv: k3, segs: []seg{{out: 16, dstC: 30, channel: 12, relu: true}}},
	{in: shape(3, 15, 1, 17), conv: k3, segs: []seg{{out: 33, dstC: 37, channel: 3}}, noBias: true},
	{in: shape(2, 16, 5, 1), conv: k3, segs: []seg{{out: 24, dstC: 88, channel: 64}}},
	{in: shape(1, 33, 17, 19), conv: k3, segs: []seg{{out: 13, dstC: 15, channel: 1}}},
	{in: shape(1, 16, 28, 28), conv: k3, segs: []seg{{out: 24, relu: true}}},
	{in: shape(1, 192, 7, 9), conv: k3, segs: []seg{{out: 72}}},
	{in: shape(1, 15, 13, 7), conv: k3, segs: []seg{{out: 13}}, special: inf},
	{in: shape(1, 15, 13, 7), conv: k3, segs: []seg{{out: 13, dstC: 14, channel: 1}}, special: inf},
	{in: shape(1, 15, 13, 7), conv: k3, segs: []seg{{out: 13, relu: true}}, special: nan},
	{in: shape(2, 15, 7, 9), conv: k3, segs: three(2)},
	{in: shape(1, 13, 7, 9), conv: graph.Conv2D{Kernel: graph.Square(3), Pad: graph.Padding{Top: 2, Right: 1}}, segs: []seg{{out: 16}}},
	{in: shape(1, 3, 13, 8), conv: graph.Conv2D{Kernel: graph.Pair{H: 5, W: 3}, Stride: graph.Pair{H: 2, W: 1}, Dilation: graph.Pair{H: 2, W: 1}, Pad: graph.Padding{Top: 1, Left: 2, Bottom: 3}}, segs: []seg{{out: 16}}},
	{in: shape(2, 15, 13, 7), conv: graph.Conv2D{Kernel: graph.Square(3), Stride: graph.Square(2)}, segs: []seg{{out: 16, relu: true}}},
	{in: shape(1, 3, 17, 19), conv: graph.Conv2D{Kernel: graph.Square(3), Stride: graph.Square(2), Pad: graph.Padding{Bottom: 1, Right: 1}}, segs: []seg{{out: 24, dstC: 33, channel: 9}}},
	{in: shape(1, 13, 17, 19), conv: graph.Conv2D{Kernel: graph.Square(3), Dilation: graph.Square(2), Pad: graph.Pad(2)}, segs: []seg{{out: 13}}},
	{in: shape(1, 16, 28, 28), conv: k5, segs: []seg{{out: 24, dstC: 88, channel: 16, relu: true}}},
	{in: shape(2, 3, 7, 9), conv: k5, segs: []seg{{out: 13}}},
	{in: shape(1, 3, 28, 28), conv: graph.Conv2D{Kernel: graph.Square(7), Stride: graph.Square(2), Pad: graph.Pad(3)}, segs: []seg{{out: 16}}},
	{in: shape(2, 16, 17, 17), conv: graph.Conv2D{Kernel: graph.Pair{H: 1, W: 7}, Pad: graph.Padding{Left: 3, Right: 3}}, segs: []seg{{out: 24}}},
	{in: shape(1, 33, 17, 17), conv: graph.Conv2D{Kernel: graph.Pair{H: 7, W: 1}, Pad: graph.Padding{Top: 3, Bottom: 3}}, segs: []seg{{out: 13, relu: true}}},
	{in: shape(2, 15, 7, 9), conv: k1, segs: []seg{{out: 33}}},
	{in: shape(1, 16, 13, 7), conv: graph.Conv2D{Kernel: graph.Square(1), Stride: graph.Square(2)}, segs: []seg{{out: 13}}},
	{in: shape(1, 16, 7, 9), conv: graph.Conv2D{Kernel: graph.Square(3), Pad: graph.Pad(1), Groups: 2}, segs: []seg{{out: 24, relu: true}}},
	{in: shape(2, 15, 7, 9), conv: graph.Conv2D{Kernel: graph.Square(3), Stride: graph.Square(2), Groups: 15}, segs: []seg{{out: 30, dstC: 33, channel: 2}}},
	{in: shape(1, 32, 19, 23), conv: graph.Conv2D{Kernel: graph.Square(3), Pad: graph.Pad(1), Groups: 2}, segs: []seg{{out: 2}}}, // lanes past the last output
	{in: shape(1, 18, 5, 1), conv: graph.Conv2D{Kernel: graph.Square(1), Groups: 3}, segs: []seg{{out: 33}}},
}

// everyLoad is keys with every Load, each with whole-texel and with single-lane stores (plain kernels know only those).
func everyLoad(keys ...shaders.Key) []shaders.Key {
	var all []shaders.Key
	for _, k := range keys {
		for _, l := range []shaders.Load{shaders.LoadSSBO, shaders.LoadImage, shaders.LoadSampler} {
			k.Load, k.Aligned = l, false
			all = append(all, k)
			if k.Kernel != shaders.Conv && k.Kernel != shaders.Pointwise { // they know only single lanes
				k.Aligned = true
				all = append(all, k)
			}
		}
	}
	return all
}

func pointwiseKeys() []shaders.Key {
	return append(everyLoad(shaders.Key{Kernel: shaders.Pointwise},
		shaders.Key{Kernel: shaders.PointwiseTiled, TileX: 8, TileG: 2, LocalX: 8},
		shaders.Key{Kernel: shaders.PointwiseTiled, TileX: 3, TileG: 1, LocalX: 32},
		shaders.Key{Kernel: shaders.PointwiseTiled, TileX: 4, TileG: 2, LocalX: 8, Splits: 3},
		shaders.Key{Kernel: shaders.PointwiseTiled, TileX: 4, TileG: 2, LocalX: 16, LocalY: 8},
		shaders.Key{Kernel: shaders.PointwiseTiled, TileX: 2, TileG: 1, LocalX: 8, LocalY: 2, Splits: 2},
		shaders.Key{Kernel: shaders.PointwiseShared, TileX: 4, TileG: 1},
		shaders.Key{Kernel: shaders.PointwiseShared, TileX: 2, TileG: 3, LocalX: 8, LocalY: 4, TileK: 2, Pad: 3},
		shaders.Key{Kernel: shaders.PointwiseShared, TileX: 4, TileG: 1, LocalX: 8, LocalY: 8, TileK: 8, Pad: 1, Splits: 3}),
		sharedKeys(shaders.PointwiseShared)...)
}

// sharedKeys are the tiles that are meant for GPUs, with whole sums and with sums in parts.
func sharedKeys(kernel *shaders.Kernel) []shaders.Key {
	var keys []shaders.Key
	for i, k := range []shaders.Key{
		{TileX: 4, TileG: 1, LocalX: 8, LocalY: 8, TileK: 8},
		{TileX: 4, TileG: 1, LocalX: 8, LocalY: 16, TileK: 8},
		{TileX: 4, TileG: 1, LocalX: 16, LocalY: 8, TileK: 8, Pad: 1},
		{TileX: 4, TileG: 2, LocalX: 16, LocalY: 8, TileK: 8, Pad: 1},
		{TileX: 4, TileG: 2, LocalX: 8, LocalY: 16, TileK: 4},
		{TileX: 8, TileG: 2, LocalX: 8, LocalY: 16, TileK: 8, Pad: 1},
		{TileX: 8, TileG: 2, LocalX: 16, LocalY: 8, TileK: 8, Pad: 1},
		{TileX: 8, TileG: 2, LocalX: 16, LocalY: 16, TileK: 4, Pad: 1},
		{TileX: 8, TileG: 2, LocalX: 16, LocalY: 16},
	} {
		k.Kernel, k.Load, k.Aligned, k.Splits = kernel, shaders.Loads()[i%3], i%2 == 0, []int{1, 2, 16}[i/2%3]
		keys = append(keys, k)
	}
	return keys
}

// convKeys are the variants for a case: conv_tiled is specialised to its row window.
func convKeys(c convCase) []shaders.Key {
	v := c.conv.Norm()
	tiled := func(x, g, local int) shaders.Key {
		return shaders.Key{Kernel: shaders.ConvTiled, TileX: x, TileG: g, LocalX: local, KernelW: v.Kernel.W, StrideW: v.Stride.W, DilationW: v.Dilation.W}
	}
	keys := everyLoad(shaders.Key{Kernel: shaders.Conv})
	if v.Groups > 1 {
		return keys
	}
	split := tiled(3, 1, 8)
	split.Splits = 4
	keys = append(keys, everyLoad(tiled(4, 2, 8), split,
		shaders.Key{Kernel: shaders.ConvShared, TileX: 4, TileG: 1},
		shaders.Key{Kernel: shaders.ConvShared, TileX: 2, TileG: 3, LocalX: 8, LocalY: 4, TileK: 2, Pad: 3},
		shaders.Key{Kernel: shaders.ConvShared, TileX: 4, TileG: 1, LocalX: 8, LocalY: 8, TileK: 8, Pad: 1, Splits: 3})...)
	if v.Kernel.W == 3 && v.Stride.W == 1 && v.Dilation.W == 1 {
		keys = append(keys, everyLoad(tiled(7, 1, 32))...)
		high := tiled(4, 1, 16)
		high.LocalY, high.Splits = 4, 2
		keys = append(keys, everyLoad(high)...)
		keys = append(keys, sharedKeys(shaders.ConvShared)...)
	}
	return keys
}

func table(t *testing.T, cases []convCase, keys func(convCase, *problem) []shaders.Key) {
	t.Helper()
	tableOn(t, newLabs(t), cases, keys)
}

// candidateTable runs every key that may be chosen for each case, in the context that users get.
func candidateTable(t *testing.T, cases []convCase, keys func(convCase, *problem) []shaders.Key) {
	t.Helper()
	tableOn(t, newLabs(t)[1:], cases, keys)
}

func tableOn(t *testing.T, labs []*lab, cases []convCase, keys func(convCase, *problem) []shaders.Key) {
	t.Helper()
	for _, l := range labs {
		g, ran := newGen(), 0
		for _, c := range cases {
			p, err := g.convProblem(c, true)
			if err != nil {
				t.Fatal(err)
			}
			ran += l.sweep(t, p, keys(c, p))
		}
		t.Logf("%d cases, %d runs on %s", len(cases), ran, l.dev.Info().Renderer)
		if ran == 0 {
			t.Error("nothing ran")
		}
	}
}

func TestPointwise(t *testing.T) {
	table(t, pointwiseCases, func(convCase, *problem) []shaders.Key { return pointwiseKeys() })
}

// TestPointwiseAsConv runs 1×1 cases on the kernels for any window.
func TestPointwiseAsConv(t *testing.T) {
	table(t, pointwiseCases[:7], func(c convCase, _ *problem) []shaders.Key { return convKeys(c) })
}

func TestConv(t *testing.T) {
	table(t, convCases, func(c convCase, _ *problem) []shaders.Key { return convKeys(c) })
}

// targets are devices whose candidates differ: software drivers, and GPUs for which these cases are small.
var targets = []shaders.Target{{MaxIterations: 65535, Software: true}, {Multiprocessors: 20}, {Multiprocessors: 132}}

var convKernels = []*shaders.Kernel{shaders.PointwiseTiled, shaders.ConvTiled, shaders.PointwiseShared, shaders.ConvShared, shaders.Pointwise, shaders.Conv}

// candidatesOf is every key that a device's choice may be among.
func candidatesOf(t *testing.T, kernels []*shaders.Kernel, p *problem) []shaders.Key {
	t.Helper()
	var all []shaders.Key
	for _, to := range targets {
		keys, err := shaders.Candidates(kernels, &p.params, to)
		if err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
		for _, k := range keys {
			if !slices.Contains(all, k) {
				all = append(all, k)
			}
		}
	}
	return all
}

// TestConvCandidates runs whatever may be chosen for every case.
func TestConvCandidates(t *testing.T) {
	kinds := map[string]bool{}
	candidateTable(t, append(slices.Clone(pointwiseCases), convCases...), func(_ convCase, p *problem) []shaders.Key {
		keys := candidatesOf(t, convKernels, p)
		for _, k := range keys {
			kinds[fmt.Sprint(k.Kernel, k.Load, k.Splits > 1)] = true
		}
		return keys
	})
	for _, kernel := range convKernels[:4] {
		for _, load := range shaders.Loads() {
			if !kinds[fmt.Sprint(kernel, load, false)] {
				t.Errorf("%v with %v is no candidate", kernel, load)
			}
		}
	}
	for _, kernel := range []*shaders.Kernel{shaders.PointwiseShared, shaders.ConvShared} {
		if !kinds[fmt.Sprint(kernel, shaders.LoadSSBO, true)] {
			t.Errorf("%v is no candidate in parts", kernel)
		}
	}
}

// TestBatch: an image's outputs are the same bits at any place of any batch.
func TestBatch(t *testing.T) {
	l, g := newLab(t), newGen()
	for _, c := range []convCase{
		{in: shape(3, 300, 5, 7), conv: k1, segs: []seg{{out: 40, relu: true}}},
		{in: shape(3, 76, 6, 7), conv: k3, segs: []seg{{out: 40}}},
	} {
		all, err := g.convProblem(c, false)
		if err != nil {
			t.Fatal(err)
		}
		keys := pointwiseKeys()
		if c.conv.Kernel.W > 1 {
			keys = convKeys(c)
		}
		c.in.N = 1
		one, err := g.convProblem(c, false)
		if err != nil {
			t.Fatal(err)
		}
		one.weights, one.parts = all.weights, all.parts
		in, out := shaders.TensorLen(1, c.in.C, c.in.H, c.in.W), shaders.TensorLen(1, 40, c.in.H, c.in.W)
		// The buffers' sizes change with every turn, so that they are made anew: on zink that showed views of deleted buffers.
		for _, k := range keys {
			whole, err := l.run(k, all)
			if err != nil {
				t.Fatalf("%v: %v", k, err)
			}
			for n := range 3 {
				for _, at := range one.src {
					copy(one.arena[4*at:], all.arena[4*all.src[0]+n*in:][:in])
				}
				alone, err := l.run(k, one)
				if err != nil {
					t.Fatalf("%v: %v", k, err)
				}
				got, want := whole[4*all.targets[0].base+n*out:][:out], alone[4*one.targets[0].base:][:out]
				for j := range want {
					if math.Float32bits(got[j]) != math.Float32bits(want[j]) {
						t.Fatalf("%v: image %d of 3, float %d: %v, alone %v", k, n, j, got[j], want[j])
					}
				}
			}
		}
	}
}

// TestRank: the order follows from the parameters and the multiprocessors alone, and the first has enough workgroups.
func TestRank(t *testing.T) {
	p, err := newGen().convProblem(convCase{in: shape(1, 832, 7, 7), conv: k1, segs: []seg{{out: 624}}}, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []int{0, 1, 16, 132, 1000} {
		to := shaders.Target{Multiprocessors: m}
		keys, err := shaders.Candidates(convKernels, &p.params, to)
		if err != nil {
			t.Fatal(err)
		}
		again := slices.Clone(keys)
		slices.Reverse(again)
		shaders.Rank(again, &p.params, to)
		if again[0] != keys[0] {
			t.Errorf("%d multiprocessors: %v, of the same keys turned round %v", m, keys[0], again[0])
		}
		w := keys[0].Workgroups(&p.params)
		if n := w[0] * w[1] * w[2]; m <= 132 && n < m {
			t.Errorf("%d multiprocessors: %v has %d workgroups", m, keys[0], n)
		}
		if keys[0].Load != shaders.LoadSSBO || !keys[0].Shared() {
			t.Errorf("%d multiprocessors: %v, want shared memory and storage buffers", m, keys[0])
		}
		if m == 1 && (keys[0].Splits > 1 || keys[0].TileX*keys[0].TileG < 8) {
			t.Errorf("one multiprocessor: %v, want a large tile and no parts", keys[0])
		}
	}
}

// TestConvCandidateCount: few enough to time, whatever the window.
func TestConvCandidateCount(t *testing.T) {
	for _, kw := range []int32{1, 2, 3, 5, 7, 11, 41} {
		for _, stride := range []int32{1, 2, 4} {
			for _, w := range []int32{1, 2, 5, 7, 8, 14, 17, 28, 35, 56, 112, 149} {
				for _, to := range targets {
					p := shaders.Params{N: 1, C: 512, H: w*stride + kw, W: w*stride + kw, OutN: 1, OutC: 16, OutG: 4, OutH: w, OutW: w, KernelH: kw, KernelW: kw,
						StrideH: stride, StrideW: stride, DilationH: 1, DilationW: 1, Groups: 1, Segments: 1}
					p.Seg[0] = shaders.Segment{Channels: 16, DstC: 16}
					keys, err := shaders.Candidates(convKernels, &p, to)
					if err != nil || len(keys) < 2*3 || len(keys) > 9*3 {
						t.Errorf("kernel %d, stride %d, width %d: %d candidates, %v", kw, stride, w, len(keys), err)
					}
				}
			}
		}
	}
}

// TestFolded spreads workgroups over x and z, as counts past 65535 do.
func TestFolded(t *testing.T) {
	l, g := newLab(t), newGen()
	p, err := g.convProblem(convCase{in: shape(1, 1, 1, 70001), conv: k1, segs: []seg{{out: 1}}}, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []shaders.Key{
		{Kernel: shaders.Pointwise, LocalX: 1},
		{Kernel: shaders.PointwiseTiled, Load: shaders.LoadImage, TileX: 1, TileG: 1, LocalX: 1, Aligned: true},
		{Kernel: shaders.ConvTiled, Load: shaders.LoadImage, TileX: 1, TileG: 1, LocalX: 1, KernelW: 1, StrideW: 1, DilationW: 1, Aligned: true},
	} {
		y := 1
		if k.Kernel == shaders.Pointwise {
			y = 4
		}
		if w := k.Workgroups(&p.params); w != [3]int{35001, y, 2} {
			t.Errorf("%v: workgroups %v", k, w)
		}
		if err := l.check(k, p); err != nil {
			t.Errorf("%v: %v", k, err)
		}
	}
}

// TestWide: where quotients of indices reach 2^20, the division takes a second step; a key that doesn't know is refused.
func TestWide(t *testing.T) {
	l, g := newLab(t), newGen()
	for _, c := range []convCase{
		{in: shape(1<<20+3, 1, 1, 1), conv: k1, segs: []seg{{out: 1}}},
		{in: shape(1, 1, 1<<20+5, 2), conv: graph.Conv2D{Kernel: graph.Pair{H: 3, W: 1}, Pad: graph.Padding{Top: 1, Bottom: 1}}, segs: []seg{{out: 1}}},
	} {
		p, err := g.convProblem(c, true)
		if err != nil {
			t.Fatal(err)
		}
		keys := []shaders.Key{{Kernel: shaders.Conv}, {Kernel: shaders.ConvTiled, Load: shaders.LoadImage, TileX: 2, TileG: 1, LocalX: 8, KernelW: 1, StrideW: 1, DilationW: 1, Aligned: true}}
		for _, k := range keys {
			if !k.For(&p.params).Wide {
				t.Errorf("%v: not wide for %s", k, c.name())
			}
			if err := k.Check(&p.params, l.target()); err == nil {
				t.Errorf("%v, without the long division, accepts %s", k, c.name())
			}
			if err := l.check(k, p); err != nil {
				t.Errorf("%v on %s: %v", k, c.name(), err)
			}
		}
	}
}

// TestDivide: the kernels' division of indices is exact in both forms, within the bounds that they are used for.
func TestDivide(t *testing.T) {
	l := newLab(t)
	src, err := shaders.Key{Kernel: shaders.Copy}.For(&shaders.Params{N: 1 << 21, OutG: 1, OutH: 1}).Launches(&shaders.Params{N: 1, OutG: 1, OutH: 1, OutW: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(src[0].Source.Prelude, "ivec2 divide(")
	text, _, _ = strings.Cut(text, "\n}")
	rng := newGen()
	var pairs []int32
	for range 1 << 14 {
		b := 1 + rng.Int32N(1<<rng.IntN(31))
		q := rng.Int32N(math.MaxInt32/b) + 1
		pairs = append(pairs, q*b-1, b, min(q*b, math.MaxInt32-b)+rng.Int32N(b), b)
	}
	prog, err := l.dev.Program(context.Background(), gpu.Source{Name: "divide", Prelude: "#define WIDE 1\n",
		Text: "layout(local_size_x = 64) in;\nlayout(std430, binding = 0) buffer B { ivec2 v[]; };\nivec2 divide(" + text +
			"\n}\nvoid main() { uint i = gl_GlobalInvocationID.x; if (i < v.length()) v[i] = divide(v[i].x, v[i].y); }"})
	if err != nil {
		t.Fatal(err)
	}
	l.fit(&l.arena, "pairs", 4*len(pairs))
	raw := make([]byte, 0, 4*len(pairs))
	for _, v := range pairs {
		raw = binary.NativeEndian.AppendUint32(raw, uint32(v))
	}
	got := make([]float32, len(pairs))
	if err := l.arena.UploadBytes(context.Background(), 0, raw); err != nil {
		t.Fatal(err)
	}
	if _, err := l.dev.Run(context.Background(), &gpu.Pass{
		Waves:     [][]gpu.Dispatch{{{Name: "divide", Program: prog, Groups: [3]int{len(pairs) / 128, 1, 1}, Storage: []gpu.Storage{{Binding: 0, Buffer: l.arena}}}}},
		Downloads: []gpu.Transfer{{Buffer: l.arena, Data: got}},
	}); err != nil {
		t.Fatal(err)
	}
	gputest.Case()
	for i := 0; i < len(pairs); i += 2 {
		a, b := pairs[i], pairs[i+1]
		if q, r := int32(math.Float32bits(got[i])), int32(math.Float32bits(got[i+1])); q != a/b || r != a%b {
			t.Fatalf("%d / %d is %d, remainder %d; want %d, %d", a, b, q, r, a/b, a%b)
		}
	}
}

// TestRefused: what a key can't run, it says so.
func TestRefused(t *testing.T) {
	g := newGen()
	build := func(c convCase) *problem {
		p, err := g.convProblem(c, false)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	tiled := shaders.Key{Kernel: shaders.ConvTiled, TileX: 4, TileG: 1, KernelW: 3, StrideW: 1, DilationW: 1}
	aligned := shaders.Key{Kernel: shaders.ConvShared, TileX: 4, TileG: 1, Aligned: true}
	deep := build(convCase{in: shape(1, 16, 7, 9), conv: k3, segs: []seg{{out: 4}}})
	deep.params.C = 1 << 18
	for i, c := range []struct {
		k shaders.Key
		p *problem
	}{
		{tiled, build(convCase{in: shape(1, 16, 7, 9), conv: k5, segs: []seg{{out: 24}}})},
		{tiled, build(convCase{in: shape(1, 16, 7, 9), conv: graph.Conv2D{Kernel: graph.Square(3), Groups: 2}, segs: []seg{{out: 24}}})},
		{aligned, build(convCase{in: shape(1, 16, 7, 9), conv: k3, segs: []seg{{out: 24, dstC: 33, channel: 5}}})},
		{aligned, build(convCase{in: shape(1, 16, 7, 9), conv: k3, segs: []seg{{out: 3, dstC: 33}}})},
		{shaders.Key{Kernel: shaders.Pointwise}, build(convCase{in: shape(1, 16, 7, 9), conv: graph.Conv2D{Kernel: graph.Square(3)}, segs: []seg{{out: 3}}})},
		{tiled, deep},
	} {
		if err := c.k.For(&c.p.params).Check(&c.p.params, shaders.Target{MaxIterations: 65535}); err == nil {
			t.Errorf("%d: %v accepts %s", i, c.k, c.p.name)
		}
	}
	for i, k := range []shaders.Key{
		{}, {Kernel: shaders.Copy, Load: 7}, {Kernel: shaders.Copy, Splits: 2}, {Kernel: shaders.ConvTiled, TileX: 4, TileG: 1, KernelW: 3, StrideW: 1, DilationW: 1, Splits: 65}, {Kernel: shaders.Pointwise, TileX: 2}, {Kernel: shaders.PointwiseTiled}, {Kernel: shaders.PointwiseTiled, TileX: 64, TileG: 8},
		{Kernel: shaders.ConvTiled, TileX: 4, TileG: 1}, {Kernel: shaders.ConvTiled, TileX: 14, TileG: 1, KernelW: 3, StrideW: 9, DilationW: 1},
		{Kernel: shaders.Copy, LocalX: 2048}, {Kernel: shaders.Copy, LocalX: -8}, {Kernel: shaders.ConvShared, TileX: 16, TileG: 4, TileK: 8}, {Kernel: shaders.ConvShared, TileX: 5, TileG: 3, LocalX: 8, LocalY: 2}, {Kernel: shaders.ConvTiled, TileX: 4, TileG: 1, KernelW: 3, StrideW: 1, DilationW: 1, TileK: 4}, {Kernel: shaders.Conv, KernelW: 3},
		{Kernel: shaders.PointwiseTiled, TileX: 1 << 40, TileG: 1 << 40},
		{Kernel: shaders.MaxPoolTiled, TileX: 4, TileG: 2, KernelW: 3, StrideW: 1, DilationW: 1}, {Kernel: shaders.AvgPoolTiled, TileX: 4, TileG: 1, KernelW: 3, StrideW: 1, DilationW: 2},
		{Kernel: shaders.MaxPoolTiled, TileX: 4, TileG: 1}, {Kernel: shaders.AvgPool, KernelW: 3, StrideW: 1, DilationW: 1},
	} {
		if k.Validate() == nil {
			t.Errorf("%d: %v is accepted", i, k)
		}
		if _, err := k.Launches(&shaders.Params{}); err == nil {
			t.Errorf("%d: %v has a source", i, k)
		}
	}
}

// TestWrong: a check that passes everything would hide every other failure.
func TestWrong(t *testing.T) {
	g := newGen()
	p, err := g.convProblem(convCase{in: shape(2, 3, 7, 9), conv: k3, segs: []seg{{out: 6, dstC: 11, channel: 5}}}, true)
	if err != nil {
		t.Fatal(err)
	}
	// The answer, written by hand.
	right := append([]float32(nil), p.arena...)
	to, want := p.targets[0], p.targets[0].want
	at := func(n, c, pixel int) int { return 4*(to.base+(n*3+c/4)*63+pixel) + c%4 }
	for n := range 2 {
		for pixel := range 63 {
			for c := range 6 {
				right[at(n, 5+c, pixel)] = float32(want.Value[(n*6+c)*63+pixel])
			}
			right[at(n, 11, pixel)] = 0
		}
	}
	if err := p.compare(right); err != nil {
		t.Fatalf("the right answer is refused: %v", err)
	}
	for i, j := range []int{0, at(0, 4, 0), at(1, 11, 62), at(1, 7, 5), len(right) - 1, 4 * p.src[0], 4 * p.src[1]} {
		for _, v := range []float32{7, float32NaN} {
			bad := append([]float32(nil), right...)
			bad[j] = v
			if p.compare(bad) == nil {
				t.Errorf("%d: %v at float %d passes", i, v, j)
			}
		}
	}
	if p.compare(p.arena) == nil {
		t.Error("a step that writes nothing passes")
	}
}
