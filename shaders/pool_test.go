package shaders_test

import (
	"slices"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

// window is a pooling window with the given kernel, stride and padding.
func window(k, s, p int) graph.Pool2D {
	return graph.Pool2D{Kernel: graph.Square(k), Stride: graph.Square(s), Pad: graph.Pad(p), CountIncludePad: true}
}

func ceil(p graph.Pool2D) graph.Pool2D { p.CeilMode = true; return p }

// poolWindows go to both kinds of pooling; average pooling takes each with CountIncludePad and without.
var poolWindows = []poolCase{
	{in: shape(1, 1, 1, 1), pool: window(1, 1, 0)},
	{in: shape(1, 3, 7, 9), pool: window(3, 1, 1)},
	{in: shape(2, 13, 13, 7), pool: window(3, 2, 0), relu: true},
	{in: shape(2, 9, 11, 20), pool: graph.Pool2D{Kernel: graph.Square(5), Pad: graph.Pad(2)}, relu: true},
	{in: shape(1, 6, 9, 21), pool: graph.Pool2D{Kernel: graph.Pair{H: 2, W: 13}, Stride: graph.Pair{H: 1, W: 3}, Pad: graph.Padding{Left: 6, Right: 6}}},
	{in: shape(3, 15, 1, 17), pool: graph.Pool2D{Kernel: graph.Pair{H: 1, W: 7}, Stride: graph.Pair{H: 1, W: 2}, Pad: graph.Padding{Left: 2, Right: 3}, CountIncludePad: true}, dstC: 21, channel: 5},
	{in: shape(3, 16, 5, 1), pool: graph.Pool2D{Kernel: graph.Pair{H: 3, W: 1}, Pad: graph.Padding{Top: 2}, CountIncludePad: true}, bias: true, dstC: 40, channel: 20},
	{in: shape(1, 33, 17, 19), pool: ceil(window(3, 2, 0)), bias: true, relu: true},
	{in: shape(1, 24, 28, 28), pool: window(3, 1, 1), bias: true, relu: true, dstC: 88, channel: 64},
	{in: shape(2, 15, 8, 8), pool: ceil(window(3, 2, 1))},
	{in: shape(1, 5, 6, 10), pool: ceil(window(2, 3, 0)), bias: true, dstC: 7, channel: 1},
	{in: shape(2, 192, 7, 7), pool: window(7, 1, 0)},
	{in: shape(2, 6, 1, 2), pool: ceil(window(3, 3, 0))}, // the only window is larger than the input
	{in: shape(2, 15, 13, 11), pool: dilated(window(3, 1, 1), 2, 3), bias: true},
	{in: shape(1, 13, 9, 14), pool: dilated(ceil(window(2, 2, 1)), 3, 2), dstC: 15, channel: 1},
	{in: shape(2, 9, 12, 12), pool: window(9, 3, 4)},
}

func dilated(p graph.Pool2D, h, w int) graph.Pool2D {
	p.Dilation = graph.Pair{H: h, W: w}
	return p
}

func poolCases() []poolCase {
	var all []poolCase
	for _, c := range poolWindows {
		c.kernel = shaders.AvgPool
		all = append(all, c)
		c.pool.CountIncludePad = false
		all = append(all, c)
		c.kernel, c.pool.Type = shaders.MaxPool, graph.Max
		all = append(all, c)
		c.special = nan
		all = append(all, c)
		c.special = -inf
		all = append(all, c)
	}
	return append(all,
		poolCase{kernel: shaders.Copy, in: shape(1, 1, 1, 1)},
		poolCase{kernel: shaders.Copy, in: shape(2, 15, 7, 9), relu: true},
		poolCase{kernel: shaders.Copy, in: shape(2, 15, 7, 9), relu: true, special: nan},
		poolCase{kernel: shaders.Copy, in: shape(3, 13, 5, 1), dstC: 33, channel: 20},
		poolCase{kernel: shaders.Copy, in: shape(1, 16, 17, 19), dstC: 40, channel: 8},
		poolCase{kernel: shaders.Copy, in: shape(1, 33, 1, 17), dstC: 36, channel: 2, bias: true})
}

// poolKernels are those that serve what a plain one does.
func poolKernels(plain *shaders.Kernel) []*shaders.Kernel {
	switch plain {
	case shaders.AvgPool:
		return []*shaders.Kernel{shaders.AvgPoolTiled, shaders.AvgPool, shaders.AvgPoolWide}
	case shaders.MaxPool:
		return []*shaders.Kernel{shaders.MaxPoolTiled, shaders.MaxPool, shaders.MaxPoolWide}
	}
	return []*shaders.Kernel{plain}
}

// TestPool runs pooling and copies: every kernel with every way to read and store, and what may be chosen.
func TestPool(t *testing.T) {
	for _, l := range someLabs(t) {
		g, ran := newGen(), 0
		cases := poolCases()
		for _, c := range cases {
			p, err := g.poolProblem(c, true)
			if err != nil {
				t.Fatal(err)
			}
			keys := []shaders.Key{{Kernel: c.kernel}, {Kernel: c.kernel, LocalX: 8}}
			if kernels := poolKernels(c.kernel); len(kernels) == 3 {
				v := c.pool.Norm()
				if v.Dilation == graph.Square(1) {
					keys = append(keys, shaders.Key{Kernel: kernels[0], TileX: 3, TileG: 1, LocalX: 8, KernelW: v.Kernel.W, StrideW: v.Stride.W, DilationW: 1})
				}
				keys = append(keys, shaders.Key{Kernel: kernels[2], LocalX: 16})
			}
			keys = everyLoad(keys...)
			for _, k := range candidatesOf(t, poolKernels(c.kernel), p) {
				if !slices.Contains(keys, k) {
					keys = append(keys, k)
				}
			}
			ran += l.sweep(t, p, keys)
		}
		t.Logf("%d cases, %d runs on %s", len(cases), ran, l.dev.Info().Renderer)
		if ran == 0 {
			t.Error("nothing ran")
		}
	}
}

// TestLargePool: a driver that stops loops early gets the wide kernels, in which many invocations share a window.
func TestLargePool(t *testing.T) {
	t.Parallel()
	l, g := newLab(t), newGen()
	for _, c := range []poolCase{
		{kernel: shaders.AvgPool, in: shape(1, 5, 256, 256), pool: window(256, 1, 0)},
		{kernel: shaders.MaxPool, in: shape(1, 5, 256, 256), pool: graph.Pool2D{Type: graph.Max, Kernel: graph.Square(256)}},
	} {
		p, err := g.poolProblem(c, true)
		if err != nil {
			t.Fatal(err)
		}
		if err := (shaders.Key{Kernel: c.kernel}).Check(&p.params, l.target()); err == nil {
			t.Errorf("%s: the plain kernel takes %d iterations and is not refused", p.name, 256*257)
		}
		keys, err := shaders.Candidates(poolKernels(c.kernel), &p.params, l.target())
		if err != nil || len(keys) == 0 {
			t.Fatalf("%s: %d candidates, %v", p.name, len(keys), err)
		}
		l.sweep(t, p, keys)
	}
}
