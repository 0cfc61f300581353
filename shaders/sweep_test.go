package shaders_test

import (
	"os"
	"slices"
	"testing"

	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// whole says to run all of the sweeps: make sweep. Otherwise a sample, another one every time.
var whole = os.Getenv("INCEPTIONGL_SWEEP") == "1"

// sample is whether the i-th case is run, of which one in n is.
func sample(i, n int) bool { return whole || (uint64(i)+seed)%uint64(n) == 0 }

// sweepSizes and sweepChannels are odd in every way; the products of them and the windows below are 360 cases.
var (
	sweepSizes    = [][2]int{{9, 7}, {18, 17}, {25, 33}}
	sweepChannels = [][2]int{{1, 1}, {4, 13}, {13, 4}, {12, 12}, {8, 12}, {8, 13}, {13, 8}, {36, 31}}
)

// sweepWindows are kernel, dilation, stride and padding.
var sweepWindows = [][4]int{
	{1, 1, 1, 0}, {1, 1, 2, 0}, {2, 1, 1, 1}, {2, 1, 2, 1}, {2, 2, 1, 1}, {3, 1, 1, 1}, {3, 1, 2, 1}, {3, 2, 1, 1},
	{4, 1, 1, 2}, {4, 1, 2, 0}, {5, 1, 1, 2}, {5, 1, 2, 2}, {5, 2, 2, 2}, {7, 1, 1, 3}, {7, 2, 3, 3},
}

// sweepKeys are one or two tiles of every kernel that serves a case. Its number says how they read and store.
func sweepKeys(i int, v graph.Conv2D) []shaders.Key {
	v = v.Norm()
	window := shaders.Key{Kernel: shaders.ConvTiled, TileX: 4, TileG: 2, LocalX: 8, KernelW: v.Kernel.W, StrideW: v.Stride.W, DilationW: v.Dilation.W}
	split := window
	split.TileX, split.TileG, split.Splits = 3, 1, 4
	keys := []shaders.Key{
		{Kernel: shaders.Conv}, window, split, {Kernel: shaders.ConvShared, TileX: 4, TileG: 1},
		{Kernel: shaders.ConvShared, TileX: 8, TileG: 2, LocalX: 16, LocalY: 8, TileK: 8, Pad: 1, Totals: shaders.TotalsScratch},
	}
	if winograd(v) {
		keys = append(keys, shaders.Key{Kernel: shaders.Winograd, TileX: 6, TileG: 2})
	}
	if one := graph.Square(1); v.Kernel == one && v.Stride == one && v.Pad == (graph.Padding{}) {
		keys = append(keys, shaders.Key{Kernel: shaders.Pointwise}, shaders.Key{Kernel: shaders.PointwiseTiled, TileX: 8, TileG: 2, LocalX: 8},
			shaders.Key{Kernel: shaders.PointwiseShared, TileX: 4, TileG: 1})
	}
	for k := range keys {
		scalar := keys[k].Kernel == shaders.Conv || keys[k].Kernel == shaders.Pointwise
		keys[k].Load, keys[k].Aligned = shaders.Loads()[i%3], !scalar && i/3%2 == 0
	}
	return keys
}

// sweeper counts what ran, in the context that users get.
type sweeper struct {
	t   *testing.T
	lab *lab
	gen *gen
	ran map[*shaders.Kernel]int
}

func newSweeper(t *testing.T) *sweeper {
	t.Parallel()
	return &sweeper{t, newUserLab(t), newGen(), map[*shaders.Kernel]int{}}
}

// run checks every element of every key's answer, and the answer in parts.
func (s *sweeper) run(p *problem, keys []shaders.Key) {
	s.t.Helper()
	for _, k := range keys {
		k.Aligned = k.Aligned && p.params.Aligned()
		if err := s.lab.check(k, p); err != nil {
			s.t.Errorf("%v\n  on %s: %v\n  INCEPTIONGL_TEST_SEED=%d", k, p.name, err, seed)
		}
		s.ran[k.Kernel]++
		s.lab.sweeps++
		if err := s.lab.checkParts(k, p); err != nil {
			s.t.Errorf("%v\n  on %s: %v\n  INCEPTIONGL_TEST_SEED=%d", k, p.name, err, seed)
		}
	}
}

// done reports what ran; of a whole sweep each of these kernels must have had so many cases.
func (s *sweeper) done(cases, least int, kernels ...*shaders.Kernel) {
	s.t.Helper()
	gputest.Tell(s.t, "%d cases; runs by kernel: %v", cases, s.ran)
	for _, k := range kernels {
		if n := s.ran[k]; whole && n < least || n == 0 {
			s.t.Errorf("%v had %d cases, want %d", k, n, least)
		}
	}
}

// TestSweepConv: 360 convolutions of odd sizes and channels.
func TestSweepConv(t *testing.T) {
	s := newSweeper(t)
	i, cases := 0, 0
	for _, w := range sweepWindows {
		for _, c := range sweepChannels {
			for _, size := range sweepSizes {
				i++
				if !sample(i, 36) {
					continue
				}
				cases++
				v := graph.Conv2D{Kernel: graph.Square(w[0]), Dilation: graph.Square(w[1]), Stride: graph.Square(w[2]), Pad: graph.Pad(w[3])}
				at := seg{out: c[1], relu: i%5 == 0}
				if i%3 == 0 {
					at.dstC, at.channel = c[1]+9, 5
				}
				p, err := s.gen.convProblem(convCase{in: shape(1+i%2, c[0], size[0], size[1]), conv: v, noBias: i%7 == 0, segs: []seg{at}}, true)
				if err != nil {
					t.Fatal(err)
				}
				s.run(p, withSlices(sweepKeys(i, v), c[0]))
			}
		}
	}
	s.done(cases, 360, shaders.Conv, shaders.ConvTiled, shaders.ConvShared)
}

// TestSweepPool: windows, strides, paddings and dilations of both kinds of pooling, 144 of each.
func TestSweepPool(t *testing.T) {
	s := newSweeper(t)
	i, cases := 0, 0
	for _, w := range [][4]int{{1, 1, 1, 0}, {2, 1, 1, 0}, {2, 1, 2, 0}, {2, 1, 2, 1}, {3, 1, 1, 1}, {3, 1, 2, 0}, {3, 1, 2, 1}, {3, 1, 3, 1}, {4, 1, 2, 2}, {5, 1, 1, 2}, {5, 1, 3, 2}, {7, 1, 2, 3}} {
		for _, c := range []int{1, 3, 13, 16} {
			for _, size := range sweepSizes {
				i++
				if !sample(i, 16) {
					continue
				}
				v := ceil(dilated(window(w[0], w[2], w[3]), w[1], w[1]))
				v.CeilMode = i%2 == 0
				for _, plain := range []*shaders.Kernel{shaders.AvgPool, shaders.MaxPool} {
					cases++
					v.CountIncludePad = plain == shaders.AvgPool && i%3 != 0
					if plain == shaders.MaxPool {
						v.Type = graph.Max
					}
					p, err := s.gen.poolProblem(poolCase{kernel: plain, in: shape(1+i%2, c, size[0], size[1]), pool: v, bias: i%4 == 0, relu: i%5 == 0, dstC: c + i%3, channel: i % 3}, true)
					if err != nil {
						t.Fatal(err)
					}
					kernels := poolKernels(plain)
					keys := []shaders.Key{
						{Kernel: plain}, {Kernel: kernels[0], TileX: 3, TileG: 1, LocalX: 8, KernelW: w[0], StrideW: w[2], DilationW: 1}, {Kernel: kernels[2], LocalX: 16},
					}
					for k := range keys {
						keys[k].Load, keys[k].Aligned = shaders.Loads()[i%3], i/3%2 == 0
					}
					s.run(p, keys)
				}
			}
		}
	}
	s.done(cases, 140, shaders.AvgPool, shaders.AvgPoolTiled, shaders.AvgPoolWide, shaders.MaxPool, shaders.MaxPoolTiled, shaders.MaxPoolWide)
}

// randomConv is a convolution that can be: of any window, stride, dilation, padding and groups.
func (g *gen) randomConv() convCase {
	pick := func(n int) int { return 1 + g.IntN(n) }
	in := shape(pick(3), pick(40), pick(19), pick(19))
	c := convCase{in: in, noBias: g.IntN(4) == 0, residual: g.IntN(6) == 0}
	c.conv = graph.Conv2D{Kernel: graph.Pair{H: pick(4), W: pick(4)}, Stride: graph.Pair{H: pick(2), W: pick(2)}, Dilation: graph.Pair{H: pick(2), W: pick(2)},
		Pad: graph.Padding{Top: g.IntN(3), Left: g.IntN(3), Bottom: g.IntN(3), Right: g.IntN(3)}}
	switch g.IntN(4) {
	case 0: // what Winograd and others serve
		c.conv = k3
	case 1:
		c.conv = k1
	}
	out := pick(40)
	if g.IntN(5) == 0 {
		c.conv.Groups = in.C
		out = in.C * pick(2)
	}
	c.segs = []seg{{out: out, relu: g.IntN(2) == 0}}
	if g.IntN(2) == 0 {
		c.segs[0].channel = g.IntN(9)
		c.segs[0].dstC = out + c.segs[0].channel + g.IntN(5)
	}
	if !c.residual && c.conv.Groups == 0 && g.IntN(4) == 0 {
		c.segs = append(c.segs, seg{out: pick(20)})
	}
	return c
}

// TestRandomConvs: whatever the shape, every element of what any kernel that may be chosen gives is within its rounding bound.
func TestRandomConvs(t *testing.T) {
	s := newSweeper(t)
	n, cases := 6, 0
	if whole {
		n = 600
	}
	kernels := append(slices.Clone(convKernels), shaders.Depthwise, shaders.DepthwiseTiled, shaders.Grouped)
	for range n {
		c := s.gen.randomConv()
		conv := c.conv.Norm()
		conv.In, conv.Out = c.in.C, c.segs[0].out
		if _, err := conv.OutShape([]tensor.Shape{c.in}); err != nil {
			continue // the window is larger than the image
		}
		cases++
		p, err := s.gen.convProblem(c, true)
		if err != nil {
			t.Fatal(err)
		}
		keys := candidatesOf(t, kernels, p)
		s.gen.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		keys = keys[:min(3, len(keys))]
		if winograd(conv) { // chosen for larger ones only
			keys = append(keys, shaders.Key{Kernel: shaders.Winograd, TileX: 6, TileG: 2, Aligned: true})
		}
		s.run(p, keys)
	}
	s.done(cases, 1)
	if cases < n/2 {
		t.Errorf("%d of %d cases ran", cases, n)
	}
}
