package shaders_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

func TestFolded(t *testing.T) {
	t.Parallel()
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

func TestWide(t *testing.T) {
	t.Parallel()
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

func TestDivide(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, wide := range []bool{false, true} {
		testDivide(t, l, wide)
	}
}

func testDivide(t *testing.T, l *lab, wide bool) {
	t.Helper()
	most := int32(math.MaxInt32) // of the quotients
	if !wide {
		most = 1<<20 - 1
	}
	launches, err := shaders.Key{Kernel: shaders.Copy}.For(&shaders.Params{N: 1 << 21, OutG: 1, OutH: 1}).Launches(&shaders.Params{N: 1, OutG: 1, OutH: 1, OutW: 1})
	if err != nil {
		t.Fatal(err)
	}
	src, err := launches[0].Source()
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(src.Prelude, "ivec2 divide(")
	text, _, _ = strings.Cut(text, "\n}")
	rng := newGen()
	var pairs []int32
	for range 1 << 14 {
		b := 1 + rng.Int32N(1<<rng.IntN(31))
		q := rng.Int32N(min(math.MaxInt32/b, most)) + 1
		low := min(q, math.MaxInt32/b-1, most) * b
		pairs = append(pairs, q*b-1, b, low+rng.Int32N(b), b, low, b)
	}
	prog, err := l.dev.Program(context.Background(), gpu.Source{Name: "divide", Prelude: fmt.Sprintf("#define WIDE %d\n", number(wide)),
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
		Waves:     [][]gpu.Dispatch{{{Name: "divide", Program: prog, Groups: [3]int{(len(pairs) + 127) / 128, 1, 1}, Storage: []gpu.Storage{{Binding: 0, Buffer: l.arena}}}}},
		Downloads: []gpu.Transfer{{Buffer: l.arena, Data: got}},
	}); err != nil {
		t.Fatal(err)
	}
	gputest.Case()
	for i := 0; i < len(pairs); i += 2 {
		a, b := pairs[i], pairs[i+1]
		if q, r := int32(math.Float32bits(got[i])), int32(math.Float32bits(got[i+1])); q != a/b || r != a%b {
			t.Fatalf("wide %v: %d / %d is %d, remainder %d; want %d, %d", wide, a, b, q, r, a/b, a%b)
		}
	}
}

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
