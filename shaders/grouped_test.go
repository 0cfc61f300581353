package shaders_test

import (
	"slices"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

// k3s2 halves a map.
var k3s2 = graph.Conv2D{Kernel: graph.Square(3), Stride: graph.Square(2), Pad: graph.Pad(1)}

// depthwise is a convolution of c channels by themselves.
func depthwise(c int, v graph.Conv2D) graph.Conv2D {
	v.Groups = c
	return v
}

// depthwiseCases: a group for each channel, one output each.
var depthwiseCases = []convCase{
	{in: shape(1, 1, 1, 1), conv: k3, segs: []seg{{out: 1}}},
	{in: shape(1, 3, 7, 9), conv: depthwise(3, k3), segs: []seg{{out: 3}}},
	{in: shape(2, 13, 13, 7), conv: depthwise(13, k3), segs: []seg{{out: 13, dstC: 30, channel: 12, relu: true}}},
	{in: shape(3, 15, 1, 17), conv: depthwise(15, k3), segs: []seg{{out: 15, dstC: 37, channel: 3}}, noBias: true},
	{in: shape(2, 16, 5, 1), conv: depthwise(16, k3), segs: []seg{{out: 16, dstC: 88, channel: 64}}},
	{in: shape(1, 33, 17, 19), conv: depthwise(33, k3), segs: []seg{{out: 33, dstC: 35, channel: 1}}},
	{in: shape(1, 32, 28, 28), conv: depthwise(32, k3), segs: []seg{{out: 32, relu: true}}},
	{in: shape(2, 13, 7, 9), conv: depthwise(13, k3), segs: []seg{{out: 13, relu: true}}, residual: true},
	{in: shape(2, 16, 14, 14), conv: depthwise(16, k3s2), segs: []seg{{out: 16}}},
	{in: shape(2, 15, 7, 7), conv: depthwise(15, k5), segs: []seg{{out: 15}}},
	{in: shape(1, 33, 15, 15), conv: depthwise(33, graph.Conv2D{Kernel: graph.Square(5), Stride: graph.Square(2), Pad: graph.Padding{Top: 1, Left: 1, Bottom: 2, Right: 2}}), segs: []seg{{out: 33}}},
	{in: shape(1, 13, 17, 19), conv: depthwise(13, graph.Conv2D{Kernel: graph.Square(3), Dilation: graph.Square(2), Pad: graph.Pad(2)}), segs: []seg{{out: 13}}},
	{in: shape(1, 3, 13, 8), conv: depthwise(3, graph.Conv2D{Kernel: graph.Pair{H: 5, W: 3}, Stride: graph.Pair{H: 2, W: 1}, Dilation: graph.Pair{H: 2, W: 1}, Pad: graph.Padding{Top: 1, Left: 2, Bottom: 3}}), segs: []seg{{out: 3}}},
	{in: shape(1, 13, 7, 9), conv: depthwise(13, graph.Conv2D{Kernel: graph.Square(3), Pad: graph.Padding{Top: 2, Right: 1}}), segs: []seg{{out: 13}}},
	{in: shape(1, 3, 40, 40), conv: depthwise(3, graph.Conv2D{Kernel: graph.Square(3), Dilation: graph.Square(33), Pad: graph.Pad(33)}), segs: []seg{{out: 3}}}, // no row window holds it
	{in: shape(1, 16, 7, 9), conv: depthwise(16, k1), segs: []seg{{out: 16}}},
	{in: shape(1, 2, 2, 90), conv: depthwise(2, graph.Conv2D{Kernel: graph.Pair{H: 2, W: 37}, Stride: graph.Pair{H: 1, W: 2}, Pad: graph.Padding{Left: 9, Right: 3, Top: 1}}), segs: []seg{{out: 2}}}, // blocks of a row
	{in: shape(2, 16, 7, 7), conv: depthwise(16, graph.Conv2D{Kernel: graph.Square(7)}), segs: []seg{{out: 16}}},
	{in: shape(1, 9, 13, 19), conv: depthwise(9, graph.Conv2D{Kernel: graph.Pair{H: 3, W: 13}, Pad: graph.Padding{Top: 1, Left: 6, Right: 6}}), segs: []seg{{out: 9}}},
	{in: shape(1, 6, 5, 40), conv: depthwise(6, graph.Conv2D{Kernel: graph.Pair{H: 2, W: 31}, Stride: graph.Pair{H: 1, W: 2}, Pad: graph.Padding{Left: 15, Right: 15}}), segs: []seg{{out: 6}}},
	{in: shape(1, 15, 13, 7), conv: depthwise(15, k3), segs: []seg{{out: 15}}, special: inf},
	{in: shape(1, 15, 13, 7), conv: depthwise(15, k3), segs: []seg{{out: 15, dstC: 16, channel: 1}}, special: inf},
	{in: shape(1, 15, 13, 7), conv: depthwise(15, k3), segs: []seg{{out: 15, relu: true}}, special: nan},
	{in: shape(2, 16, 7, 9), conv: depthwise(16, k5), segs: []seg{{out: 16}}, special: nan},
}

func depthwiseKeys(c convCase) []shaders.Key {
	v := c.conv.Norm()
	tiled := func(x, y, local int) shaders.Key {
		return shaders.Key{Kernel: shaders.DepthwiseTiled, TileX: x, TileY: y, TileG: 1, LocalX: local, KernelW: v.Kernel.W, StrideW: v.Stride.W, DilationW: v.Dilation.W}
	}
	keys := []shaders.Key{{Kernel: shaders.Depthwise}, tiled(5, 1, 8)}
	if v.Kernel.W == v.Kernel.H && v.Stride.W == v.Stride.H && v.Dilation == graph.Square(1) {
		keys = append(keys, tiled(3, 2, 8), tiled(2, 7, 32))
	}
	keys = slices.DeleteFunc(keys, func(k shaders.Key) bool { return k.Validate() != nil })
	return everyLoad(keys...)
}

func TestDepthwise(t *testing.T) {
	table(t, depthwiseCases, func(c convCase, _ *problem) []shaders.Key { return depthwiseKeys(c) })
}

// in is a convolution in n groups.
func in(n int, v graph.Conv2D) graph.Conv2D {
	v.Groups = n
	return v
}

// groupedCases: groups of 1 … 33 channels, with texels that groups share among inputs, among outputs, among both.
var groupedCases = []convCase{
	{in: shape(1, 16, 7, 9), conv: in(2, k3), segs: []seg{{out: 24, relu: true}}},
	{in: shape(2, 64, 9, 14), conv: in(16, k3), segs: []seg{{out: 64}}},
	{in: shape(2, 16, 9, 7), conv: in(2, k3), segs: []seg{{out: 24, dstC: 30, channel: 1, relu: true}}, residual: true},
	{in: shape(2, 32, 14, 15), conv: in(2, k3s2), segs: []seg{{out: 48, dstC: 60, channel: 12, relu: true}}},
	{in: shape(2, 15, 7, 9), conv: in(15, k3s2), segs: []seg{{out: 30, dstC: 33, channel: 2}}},
	{in: shape(1, 32, 19, 23), conv: in(2, k3), segs: []seg{{out: 2}}},
	{in: shape(1, 18, 5, 1), conv: in(3, k1), segs: []seg{{out: 33}}},
	{in: shape(2, 3, 7, 9), conv: in(3, k3), segs: []seg{{out: 9}}},
	{in: shape(1, 13, 7, 9), conv: in(13, k5), segs: []seg{{out: 26, relu: true}}, noBias: true},
	{in: shape(1, 16, 7, 9), conv: in(16, k3), segs: []seg{{out: 64}}},
	{in: shape(2, 33, 7, 9), conv: in(3, k3), segs: []seg{{out: 15}}},
	{in: shape(1, 39, 9, 7), conv: in(3, k3), segs: []seg{{out: 12}}},
	{in: shape(1, 50, 7, 7), conv: in(2, k1), segs: []seg{{out: 34, dstC: 40, channel: 4}}},
	{in: shape(1, 45, 5, 8), conv: in(3, k1), segs: []seg{{out: 99, dstC: 101, channel: 1}}},
	{in: shape(1, 30, 6, 8), conv: in(5, k3), segs: []seg{{out: 20}}},
	{in: shape(1, 20, 6, 8), conv: in(5, k3), segs: []seg{{out: 30}}},
	{in: shape(1, 42, 11, 13), conv: in(6, graph.Conv2D{Kernel: graph.Pair{H: 3, W: 5}, Stride: graph.Pair{H: 1, W: 2}, Dilation: graph.Pair{H: 2, W: 1}, Pad: graph.Padding{Top: 1, Left: 2, Bottom: 3}}), segs: []seg{{out: 18}}},
	{in: shape(1, 32, 13, 7), conv: in(8, k3), segs: []seg{{out: 32}}, special: inf},
	{in: shape(1, 32, 13, 7), conv: in(8, k3), segs: []seg{{out: 32, dstC: 33, channel: 1}}, special: nan},
	{in: shape(1, 30, 13, 7), conv: in(10, k3), segs: []seg{{out: 30}}, special: nan}, // must not come to other groups
	{in: shape(1, 30, 13, 7), conv: in(15, k3), segs: []seg{{out: 15}}, special: inf},
	{in: shape(1, 21, 13, 7), conv: in(3, k3), segs: []seg{{out: 24}}, special: nan},
}

func groupedKeys(c convCase, _ *problem) []shaders.Key {
	v := c.conv.Norm()
	tiled := func(x, g, local int) shaders.Key {
		return shaders.Key{Kernel: shaders.Grouped, TileX: x, TileG: g, LocalX: local, KernelW: v.Kernel.W, StrideW: v.Stride.W, DilationW: v.Dilation.W}
	}
	gpu := tiled(3, 2, 64)
	gpu.Totals = shaders.TotalsScratch
	keys := everyLoad(tiled(5, 1, 8), gpu)
	return slices.DeleteFunc(keys, func(k shaders.Key) bool { return k.Aligned && c.segs[0].out/v.Groups%4 != 0 })
}

func TestGrouped(t *testing.T) { table(t, groupedCases, groupedKeys) }

// TestGroupedRefused: texels that groups share can't be stored whole.
func TestGroupedRefused(t *testing.T) {
	p, err := newGen().convProblem(convCase{in: shape(1, 12, 3, 3), conv: in(2, k3), segs: []seg{{out: 12}}}, false)
	if err != nil {
		t.Fatal(err)
	}
	k := shaders.Key{Kernel: shaders.Grouped, TileX: 3, TileG: 1, KernelW: 3, StrideW: 1, DilationW: 1}
	if err := k.Check(&p.params, shaders.Target{}); err != nil {
		t.Error(err)
	}
	k.Aligned = true
	if k.Check(&p.params, shaders.Target{}) == nil {
		t.Error("whole texels are stored where two groups share one")
	}
}

// TestGroupedWide: where groups share texels, there are more tiles than texels; quotients of them may need the long division.
func TestGroupedWide(t *testing.T) {
	t.Parallel()
	l, g := newLab(t), newGen()
	p, err := g.convProblem(convCase{in: shape(1<<18+1, 4, 1, 1), conv: in(4, k1), segs: []seg{{out: 8}}}, true)
	if err != nil {
		t.Fatal(err)
	}
	k := shaders.Key{Kernel: shaders.Grouped, Load: shaders.LoadImage, TileX: 1, TileG: 1, LocalX: 8, KernelW: 1, StrideW: 1, DilationW: 1}
	if !k.For(&p.params).Wide {
		t.Error("not wide")
	}
	if err := l.check(k, p); err != nil {
		t.Error(err)
	}
}

// denseCases: windows that are the whole input.
var denseCases = []convCase{
	{in: shape(1, 1, 1, 1), conv: k1, segs: []seg{{out: 1}}},
	{in: shape(1, 33, 1, 1), conv: k1, segs: []seg{{out: 13, relu: true}}},
	{in: shape(3, 300, 1, 1), conv: k1, segs: []seg{{out: 33}}},
	{in: shape(3, 15, 1, 1), conv: k1, segs: []seg{{out: 33}}, residual: true},
	{in: shape(9, 15, 1, 1), conv: k1, segs: []seg{{out: 21, dstC: 24, channel: 3, relu: true}}, noBias: true},
	{in: shape(2, 16, 1, 1), conv: k1, segs: three(0)},
	{in: shape(2, 15, 1, 1), conv: k1, segs: three(2)},
	{in: shape(2, 13, 7, 5), conv: graph.Conv2D{Kernel: graph.Pair{H: 7, W: 5}}, segs: []seg{{out: 15}}},
	{in: shape(1, 3, 3, 3), conv: graph.Conv2D{Kernel: graph.Square(3), Stride: graph.Square(2)}, segs: []seg{{out: 16, dstC: 40, channel: 8}}},
	{in: shape(2, 33, 1, 1), conv: k1, segs: []seg{{out: 13}}, special: inf},
	{in: shape(2, 33, 3, 1), conv: graph.Conv2D{Kernel: graph.Pair{H: 3, W: 1}}, segs: []seg{{out: 13, relu: true}}, special: nan},
	{in: shape(1, 2048, 1, 1), conv: k1, segs: []seg{{out: 100}}},
	{in: shape(1, 512, 7, 7), conv: graph.Conv2D{Kernel: graph.Square(7)}, segs: []seg{{out: 24}}},
}

func TestDense(t *testing.T) {
	table(t, denseCases, func(convCase, *problem) []shaders.Key {
		return everyLoad(shaders.Key{Kernel: shaders.Dense, TileX: 1, TileG: 2, LocalX: 8}, shaders.Key{Kernel: shaders.Dense, TileX: 4, TileG: 1, LocalX: 64},
			shaders.Key{Kernel: shaders.Dense, TileX: 3, TileG: 5, LocalX: 8})
	})
}

// TestDenseDeep: a sum too long for one invocation of any other kernel is short enough where eight share it.
func TestDenseDeep(t *testing.T) {
	p := shaders.Params{N: 1, C: 1 << 20, H: 1, W: 1, OutN: 1, OutC: 4, OutG: 1, OutH: 1, OutW: 1, KernelH: 1, KernelW: 1,
		StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Groups: 1, Segments: 1}
	p.Seg[0] = shaders.Segment{Channels: 4, DstC: 4}
	keys, err := shaders.Candidates([]*shaders.Kernel{shaders.Dense, shaders.Pointwise}, &p, shaders.Target{MaxIterations: 65535})
	if err != nil || len(keys) == 0 || keys[0].Kernel != shaders.Dense {
		t.Errorf("%v, %v", keys, err)
	}
}

// stemCases: up to three channels.
var stemCases = []convCase{
	{in: shape(1, 3, 28, 28), conv: graph.Conv2D{Kernel: graph.Square(7), Stride: graph.Square(2), Pad: graph.Pad(3)}, segs: []seg{{out: 16, relu: true}}},
	{in: shape(2, 3, 19, 21), conv: graph.Conv2D{Kernel: graph.Square(3), Stride: graph.Square(2)}, segs: []seg{{out: 33}}},
	{in: shape(2, 1, 13, 7), conv: k5, segs: []seg{{out: 13}}},
	{in: shape(1, 2, 13, 17), conv: k3, segs: []seg{{out: 13, dstC: 15, channel: 1}}, noBias: true},
	{in: shape(2, 3, 7, 9), conv: k3, segs: three(0)},
	{in: shape(2, 3, 7, 9), conv: k3, segs: []seg{{out: 13, relu: true}}, residual: true},
	{in: shape(2, 3, 7, 9), conv: k3, segs: three(2)},
	{in: shape(1, 3, 13, 8), conv: graph.Conv2D{Kernel: graph.Pair{H: 5, W: 3}, Stride: graph.Pair{H: 2, W: 1}, Dilation: graph.Pair{H: 2, W: 1}, Pad: graph.Padding{Top: 1, Left: 2, Bottom: 3}}, segs: []seg{{out: 16}}},
	{in: shape(1, 3, 13, 7), conv: k3, segs: []seg{{out: 13}}, special: inf},
	{in: shape(1, 3, 13, 7), conv: k3, segs: []seg{{out: 13, dstC: 14, channel: 1, relu: true}}, special: nan},
}

func TestStem(t *testing.T) {
	table(t, stemCases, func(c convCase, _ *problem) []shaders.Key {
		v := c.conv.Norm()
		tiled := func(x, g, local int) shaders.Key {
			return shaders.Key{Kernel: shaders.Stem, TileX: x, TileG: g, LocalX: local, KernelW: v.Kernel.W, StrideW: v.Stride.W, DilationW: v.Dilation.W}
		}
		return everyLoad(tiled(5, 2, 8), tiled(4, 3, 64))
	})
}

// TestLayouts: each weight once, where the kernel's header says; all else zero.
func TestLayouts(t *testing.T) {
	for _, c := range []struct {
		l    *shaders.Layout
		d    shaders.Dims
		want []float32 // of weights 1, 2 …
	}{
		{shaders.DepthwiseTexels, shaders.Dims{Out: 5, In: 1, KernelH: 1, KernelW: 2, Groups: 5}, []float32{1, 3, 5, 7, 2, 4, 6, 8, 9, 0, 0, 0, 10, 0, 0, 0}},
		{shaders.StemTexels, shaders.Dims{Out: 2, In: 2, KernelH: 1, KernelW: 2, Groups: 1},
			[]float32{1, 5, 0, 0, 3, 7, 0, 0, 2, 6, 0, 0, 4, 8, 0, 0}},
		{shaders.GroupTexels, shaders.Dims{Out: 6, In: 2, KernelH: 1, KernelW: 1, Groups: 2}, []float32{ // texel 0 of group 0, 0 of 1, 1 of 1
			1, 3, 5, 0, 2, 4, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0,
			0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 8,
			0, 0, 0, 0, 0, 0, 0, 0, 9, 11, 0, 0, 10, 12, 0, 0}},
	} {
		w := make([]float32, c.d.Out*c.d.In*c.d.KernelH*c.d.KernelW)
		for i := range w {
			w[i] = float32(i + 1)
		}
		got := make([]float32, c.l.Len(c.d))
		for i := range got {
			got[i] = poison
		}
		c.l.Pack(got, w, c.d)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.l.Name, got, c.want)
		}
	}
}

// groupKernels are all that serve convolutions, the special ones first.
var groupKernels = append([]*shaders.Kernel{shaders.DepthwiseTiled, shaders.Depthwise, shaders.Grouped, shaders.Dense, shaders.Stem}, convKernels...)

// TestGroupedCandidates runs whatever may be chosen for every case with groups, and for the other special ones.
func TestGroupedCandidates(t *testing.T) {
	cases := slices.Concat(depthwiseCases, groupedCases, denseCases, stemCases)
	chosen := map[string]bool{}
	candidateTable(t, cases, func(_ convCase, p *problem) []shaders.Key {
		keys := candidatesOf(t, groupKernels, p)
		keys = slices.DeleteFunc(keys, func(k shaders.Key) bool { return slices.Contains(convKernels, k.Kernel) }) // TestConvCandidates'
		for _, k := range keys {
			chosen[k.Kernel.String()] = true
		}
		return keys
	})
	if len(chosen) != 5 {
		t.Errorf("candidates are of kernels %v", chosen)
	}
}
