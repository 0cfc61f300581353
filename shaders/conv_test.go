package shaders_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

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
	{in: shape(2, 15, 7, 9), conv: k1, segs: []seg{{out: 33, relu: true}}, residual: true},
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
	{in: shape(2, 15, 7, 9), conv: k3, segs: []seg{{out: 13, dstC: 28, channel: 12}}, residual: true},
	{in: shape(1, 192, 7, 9), conv: k3, segs: []seg{{out: 72}}},
	{in: shape(2, 24, 5, 9), conv: k3, segs: []seg{{out: 13}}},               // conv_shared: two taps further after a slice
	{in: shape(1, 28, 7, 5), conv: k3, segs: []seg{{out: 13}}},               // slices that begin anywhere in a tap
	{in: shape(1, 96, 11, 21), conv: k3, segs: []seg{{out: 96, relu: true}}}, // enough tiles and channels for Winograd
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

// everyLoad is keys with every Load, each with whole-texel (in one way as pairs) and with single-lane stores (plain kernels know
// only those).
func everyLoad(keys ...shaders.Key) []shaders.Key {
	var all []shaders.Key
	for _, k := range keys {
		for _, l := range []shaders.Load{shaders.LoadSSBO, shaders.LoadImage, shaders.LoadSampler} {
			k.Load, k.Aligned, k.Pairs = l, false, false
			all = append(all, k)
			if k.Kernel != shaders.Conv && k.Kernel != shaders.Pointwise && k.Kernel != shaders.ConvTransposeGrouped { // they know only single lanes
				k.Aligned, k.Pairs = true, l == shaders.LoadImage
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
		shaders.Key{Kernel: shaders.PointwiseTiled, TileX: 4, TileG: 2, LocalX: 16, LocalY: 8, Totals: shaders.TotalsScratch},
		shaders.Key{Kernel: shaders.PointwiseTiled, TileX: 2, TileG: 1, LocalX: 8, LocalY: 2, Splits: 2, Totals: shaders.TotalsScratch},
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
		k.Totals = shaders.TotalsScratch
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
		wide := tiled(7, 1, 32)
		wide.Totals = shaders.TotalsScratch
		keys = append(keys, everyLoad(wide)...)
		high := tiled(4, 1, 16)
		high.LocalY, high.Splits, high.Totals = 4, 2, shaders.TotalsScratch
		keys = append(keys, everyLoad(high)...)
		keys = append(keys, sharedKeys(shaders.ConvShared)...)
	}
	return withSlices(keys, c.in.C)
}

// withSlices is keys without those whose slices don't serve so many channels: see TestSlices.
func withSlices(keys []shaders.Key, channels int) []shaders.Key {
	return slices.DeleteFunc(keys, func(k shaders.Key) bool { return k.Kernel == shaders.ConvShared && tapsOfSlice(k, channels) > 2 })
}

// tapsOfSlice is the most taps of which one of conv_shared's slices holds texels.
func tapsOfSlice(k shaders.Key, channels int) int {
	in, most := (channels+3)/4, 0
	slice := cmp.Or(k.TileK, 4)
	for first := 0; first < in*slice; first += slice {
		most = max(most, (first+slice-1)/in-first/in+1)
	}
	return most
}

// TestSlices: conv_shared refuses channels of which a slice would hold more than two taps, and no others.
func TestSlices(t *testing.T) {
	for channels := 1; channels <= 130; channels++ {
		p, err := newGen().convProblem(convCase{in: shape(1, channels, 5, 5), conv: k3, segs: []seg{{out: 4}}}, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, tile := range []int{0, 2, 4, 8, 16} {
			k := shaders.Key{Kernel: shaders.ConvShared, TileX: 4, TileG: 1, LocalX: 8, LocalY: 8, TileK: tile}.For(&p.params)
			err := k.Check(&p.params, shaders.Target{})
			if taps := tapsOfSlice(k, channels); (err == nil) != (taps <= 2) {
				t.Errorf("%v, %d channels: slices hold %d taps, the check says %v", k, channels, taps, err)
			}
		}
	}
}

func table(t *testing.T, cases []convCase, keys func(convCase, *problem) []shaders.Key) {
	t.Helper()
	tableOn(t, someLabs(t), cases, keys)
}

// candidateTable runs every tile that may be chosen for each case, in the context that users get.
func candidateTable(t *testing.T, cases []convCase, keys func(convCase, *problem) []shaders.Key) {
	t.Helper()
	l := newLabs(t)[1]
	tableOn(t, []*lab{l}, cases, keys)
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
			all := keys(c, p)
			if c.residual { // of every tile, one way to read and to store: each way comes up
				turn := -1
				all = slices.DeleteFunc(all, func(shaders.Key) bool { turn++; return turn%6 != turn/6%6 })
			}
			ran += l.sweep(t, p, all)
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

var convKernels = []*shaders.Kernel{shaders.PointwiseTiled, shaders.ConvTiled, shaders.PointwiseShared, shaders.ConvShared, shaders.Winograd, shaders.Pointwise, shaders.Conv}

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
	for _, kernel := range convKernels[:5] {
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
	t.Parallel()
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
			whole, err := l.run(k, all, 1)
			if err != nil {
				t.Fatalf("%v: %v", k, err)
			}
			for n := range 3 {
				for _, at := range one.src {
					copy(one.arena[4*at:], all.arena[4*all.src[0]+n*in:][:in])
				}
				alone, err := l.run(k, one, 1)
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
// TestWide: where quotients of indices reach 2^20, the division takes a second step; a key that doesn't know is refused.
// TestDivide: the kernels' division of indices is exact in both forms, within the bounds that they are used for.
// TestRefused: what a key can't run, it says so.
// TestWrong: a check that passes everything would hide every other failure.
