package shaders_test

import (
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
	{in: shape(3, 15, 1, 17), pool: graph.Pool2D{Kernel: graph.Pair{H: 1, W: 7}, Stride: graph.Pair{H: 1, W: 2}, Pad: graph.Padding{Left: 2, Right: 3}, CountIncludePad: true}, dstC: 21, channel: 5},
	{in: shape(3, 16, 5, 1), pool: graph.Pool2D{Kernel: graph.Pair{H: 3, W: 1}, Pad: graph.Padding{Top: 2}, CountIncludePad: true}, bias: true, dstC: 40, channel: 20},
	{in: shape(1, 33, 17, 19), pool: ceil(window(3, 2, 0)), bias: true, relu: true},
	{in: shape(1, 24, 28, 28), pool: window(3, 1, 1), bias: true, relu: true, dstC: 88, channel: 64},
	{in: shape(2, 15, 8, 8), pool: ceil(window(3, 2, 1))},
	{in: shape(1, 5, 6, 10), pool: ceil(window(2, 3, 0)), bias: true, dstC: 7, channel: 1},
	{in: shape(2, 192, 7, 7), pool: window(7, 1, 0)},
	{in: shape(2, 6, 1, 2), pool: ceil(window(3, 3, 0))}, // the only window is larger than the input
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
	}
	for _, k := range []shaders.Kernel{shaders.ReLU, shaders.Copy} {
		all = append(all,
			poolCase{kernel: k, in: shape(1, 1, 1, 1)},
			poolCase{kernel: k, in: shape(2, 15, 7, 9)},
			poolCase{kernel: k, in: shape(3, 13, 5, 1), dstC: 33, channel: 20},
			poolCase{kernel: k, in: shape(1, 16, 17, 19), dstC: 40, channel: 8},
			poolCase{kernel: k, in: shape(1, 33, 1, 17), dstC: 36, channel: 2, bias: true})
	}
	return all
}

// TestPool runs pooling, ReLU and copy.
func TestPool(t *testing.T) {
	l, g, ran := newLab(t), newGen(), 0
	cases := poolCases()
	for _, c := range cases {
		p, err := g.poolProblem(c, true)
		if err != nil {
			t.Fatal(err)
		}
		keys := []shaders.Key{{Kernel: c.kernel}, {Kernel: c.kernel, LocalX: 8}}
		if tiled, ok := map[shaders.Kernel]shaders.Kernel{shaders.AvgPool: shaders.AvgPoolTiled, shaders.MaxPool: shaders.MaxPoolTiled}[c.kernel]; ok {
			v := c.pool.Norm()
			k := shaders.Key{Kernel: tiled, TileX: 3, TileG: 1, LocalX: 8, KernelW: v.Kernel.W, StrideW: v.Stride.W, DilationW: 1}
			keys = append(keys, k)
		}
		keys = everyLoad(keys...)
		if v := c.pool.Norm(); c.kernel == shaders.AvgPool || c.kernel == shaders.MaxPool { // what the tuner may choose
			for _, k := range shaders.PoolCandidates(c.kernel, v.Kernel.W, v.Stride.W, int(p.params.OutW)) {
				k.Aligned = p.params.Aligned()
				keys = append(keys, k)
			}
		}
		for _, k := range keys {
			if k.Aligned && !p.params.Aligned() {
				continue // refused by Key.Check, see TestRefused
			}
			ran++
			if err := l.check(k, p); err != nil {
				t.Errorf("%v\n  on %s: %v\n  INCEPTIONGL_TEST_SEED=%d", k, p.name, err, seed)
			}
		}
	}
	t.Logf("%d cases, %d runs on %s", len(cases), ran, l.dev.Info().Renderer)
}
