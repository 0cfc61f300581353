package shaders_test

import (
	"math"
	"slices"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

// TestLongSums: every kernel that may be chosen sums many terms more exactly than one chain of additions does. With random terms
// a chain of n errs by about u·√(n/2), blocks of b by u·√(b/2 + n/2b): a quarter for n = 4608, and 0.36 for the stem's 363.
// Over 200 outputs and more such figures scatter by a twentieth.
func TestLongSums(t *testing.T) {
	const most = 0.6
	t.Parallel()
	l := newUserLab(t)
	half := graph.Conv2D{Kernel: graph.Square(1), Stride: graph.Square(2)}
	two := graph.Conv2D{Kernel: graph.Square(3), Pad: graph.Pad(1), Groups: 2}
	large := graph.Conv2D{Kernel: graph.Square(11), Stride: graph.Square(4), Pad: graph.Pad(2)}
	for _, c := range []struct {
		convCase
		kernels []*shaders.Kernel
	}{
		{convCase{in: shape(1, 512, 5, 5), conv: k3, segs: []seg{{out: 8}}}, convKernels},
		{convCase{in: shape(1, 4608, 5, 5), conv: k1, segs: []seg{{out: 8}}}, convKernels},
		{convCase{in: shape(1, 4608, 9, 9), conv: half, segs: []seg{{out: 8}}}, []*shaders.Kernel{shaders.ConvTiled}},
		{convCase{in: shape(1, 4608, 1, 1), conv: k1, segs: []seg{{out: 200}}}, []*shaders.Kernel{shaders.Dense}},
		{convCase{in: shape(1, 1024, 5, 5), conv: two, segs: []seg{{out: 8}}}, []*shaders.Kernel{shaders.Grouped}},
		{convCase{in: shape(1, 3, 43, 43), conv: large, segs: []seg{{out: 8}}}, []*shaders.Kernel{shaders.Stem}},
	} {
		p, err := newGen().convProblem(c.convCase, true)
		if err != nil {
			t.Fatal(err)
		}
		chain := p.relative(p.chain(c.convCase))
		var keys []shaders.Key
		for _, to := range []shaders.Target{{Software: true}, {Multiprocessors: 32}} {
			all, err := shaders.Candidates(c.kernels, &p.params, to)
			if err != nil {
				t.Fatal(err)
			}
			if k, err := shaders.PlainKey(c.kernels, &p.params, to); err == nil {
				all = append(all, k)
			}
			for _, k := range all {
				k.Load = shaders.LoadImage // it changes nothing of the sum
				if k.Splits > 1 && slices.ContainsFunc(keys, func(o shaders.Key) bool { return o.Kernel == k.Kernel && o.Splits > 1 }) {
					k.Splits = 0 // one split of a kernel is enough: each compiles
				}
				if k = k.For(&p.params); !slices.Contains(keys, k) {
					keys = append(keys, k)
				}
			}
		}
		for _, k := range keys {
			got, err := l.run(k, p, 1)
			if err == nil {
				err = p.compare(got)
			}
			if err != nil {
				t.Errorf("%v on %s: %v\n  INCEPTIONGL_TEST_SEED=%d", k, p.name, err, seed)
				continue
			}
			e := p.relative(p.outputs(got))
			if !(e <= most*chain) {
				t.Errorf("%v on %s: relative error %.3g, a chain of additions has %.3g\n  INCEPTIONGL_TEST_SEED=%d", k, p.name, e, chain, seed)
			}
			t.Logf("%v: %.2f", k, e/chain)
		}
	}
}

// outputs is the only target's tensor.
func (p *problem) outputs(arena []float32) []float32 {
	t := p.targets[0]
	v := make([]float32, t.Len())
	shaders.UnpackTensor(v, arena[4*t.base:], t.N, t.C, t.H, t.W)
	return v
}

// chain is the answer with each sum taken term after term.
func (p *problem) chain(c convCase) []float32 {
	conv, t, w := c.conv.Norm(), p.targets[0], p.parts[0].w
	x := make([]float32, c.in.Len())
	shaders.UnpackTensor(x, p.arena[4*p.src[0]:], c.in.N, c.in.C, c.in.H, c.in.W)
	inputs := c.in.C / conv.Groups
	var y []float32
	for o := range t.C {
		first := o / (t.C / conv.Groups) * inputs
		for oy := range t.H {
			for ox := range t.W {
				var sum float32
				for i := range inputs {
					for ky := range conv.Kernel.H {
						for kx := range conv.Kernel.W {
							iy, ix := oy*conv.Stride.H+ky-conv.Pad.Top, ox*conv.Stride.W+kx-conv.Pad.Left
							if iy >= 0 && iy < c.in.H && ix >= 0 && ix < c.in.W {
								product := float32(w[((o*inputs+i)*conv.Kernel.H+ky)*conv.Kernel.W+kx] * x[((first+i)*c.in.H+iy)*c.in.W+ix])
								sum += product
							}
						}
					}
				}
				y = append(y, sum+p.parts[0].b[o])
			}
		}
	}
	return y
}

// relative is the error of outputs, relative in the L2 norm.
func (p *problem) relative(got []float32) float64 {
	var e, all float64
	for i, want := range p.targets[0].want.Value {
		e += (float64(got[i]) - want) * (float64(got[i]) - want)
		all += want * want
	}
	return math.Sqrt(e / all)
}

// TestSharedTiles: tiles of the shared kernels that go through a sum in equal slices give the same bits, whether the next slice is on its way
// while one is multiplied or not.
func TestSharedTiles(t *testing.T) {
	t.Parallel()
	l := newUserLab(t)
	tiles := []shaders.Key{ // the last has too many sums to stage ahead
		{TileX: 4, TileG: 1, LocalX: 16, LocalY: 16}, {TileX: 4, TileG: 2, LocalX: 8, LocalY: 8}, {TileX: 8, TileG: 2, LocalX: 16, LocalY: 8, Pad: 1},
	}
	compared := 0
	for i, c := range []convCase{
		{in: shape(1, 96, 5, 5), conv: k3, segs: []seg{{out: 20}}},   // 4 blocks of 256 terms
		{in: shape(1, 92, 5, 5), conv: k3, segs: []seg{{out: 20}}},   // the last slice isn't full
		{in: shape(1, 1000, 3, 5), conv: k1, segs: []seg{{out: 20}}}, // the same for 1×1
		{in: shape(1, 24, 5, 5), conv: k3, segs: []seg{{out: 20}}},   // one block
	} {
		p, err := newGen().convProblem(c, true)
		if err != nil {
			t.Fatal(err)
		}
		for n, totals := range []shaders.Totals{shaders.TotalsRegisters, shaders.TotalsScratch} {
			if i > 0 && (uint64(n+i)+seed)%2 == 0 && !whole {
				continue // each compiles
			}
			var want []float32
			for _, k := range tiles {
				k.Kernel, k.TileK, k.Totals, k.Aligned, k.Load = shaders.ConvShared, 8, totals, true, shaders.Loads()[(uint64(i)+seed)%3]
				if p.params.KernelH == 1 {
					k.Kernel = shaders.PointwiseShared
				}
				got, err := l.run(k, p, 1)
				if err == nil {
					err = p.compare(got)
				}
				if err != nil {
					t.Errorf("%v on %s: %v\n  INCEPTIONGL_TEST_SEED=%d", k, p.name, err, seed)
					continue
				}
				if want == nil {
					want = got
				}
				for j := range got {
					if math.Float32bits(got[j]) != math.Float32bits(want[j]) {
						t.Errorf("%v on %s: float %d of the arena is %v, another tile has %v\n  INCEPTIONGL_TEST_SEED=%d", k, p.name, j, got[j], want[j], seed)
						break
					}
				}
				compared++
			}
		}
	}
	t.Logf("%d answers", compared)
}
