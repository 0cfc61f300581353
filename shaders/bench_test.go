package shaders_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

type benchCase struct {
	name string
	c    convCase
}

// groupedBenchCases are MobileNet v2's depthwise shapes.
var groupedBenchCases = []benchCase{
	{"dw3x3_32_112", convCase{in: shape(1, 32, 112, 112), conv: depthwise(32, k3), segs: []seg{{out: 32}}}},
	{"dw3x3s2_96_112", convCase{in: shape(1, 96, 112, 112), conv: depthwise(96, k3s2), segs: []seg{{out: 96}}}},
	{"dw3x3_144_56", convCase{in: shape(1, 144, 56, 56), conv: depthwise(144, k3), segs: []seg{{out: 144}}}},
	{"dw3x3s2_144_56", convCase{in: shape(1, 144, 56, 56), conv: depthwise(144, k3s2), segs: []seg{{out: 144}}}},
	{"dw3x3_192_28", convCase{in: shape(1, 192, 28, 28), conv: depthwise(192, k3), segs: []seg{{out: 192}}}},
	{"dw3x3s2_192_28", convCase{in: shape(1, 192, 28, 28), conv: depthwise(192, k3s2), segs: []seg{{out: 192}}}},
	{"dw3x3_384_14", convCase{in: shape(1, 384, 14, 14), conv: depthwise(384, k3), segs: []seg{{out: 384}}}},
	{"dw3x3s2_576_14", convCase{in: shape(1, 576, 14, 14), conv: depthwise(576, k3s2), segs: []seg{{out: 576}}}},
	{"dw3x3_960_7", convCase{in: shape(1, 960, 7, 7), conv: depthwise(960, k3), segs: []seg{{out: 960}}}},
	{"resnext_3x3_g32_128_56", convCase{in: shape(1, 128, 56, 56), conv: in(32, k3), segs: []seg{{out: 128}}}},
	{"resnext_3x3_g32_512_14", convCase{in: shape(1, 512, 14, 14), conv: in(32, k3), segs: []seg{{out: 512}}}},
	{"resnext_3x3_g32_1024_7", convCase{in: shape(1, 1024, 7, 7), conv: in(32, k3), segs: []seg{{out: 1024}}}},
	{"shuffle_1x1_g3_240to60_28", convCase{in: shape(1, 240, 28, 28), conv: in(3, k1), segs: []seg{{out: 60}}}},
	{"shuffle_1x1_g2_50to200_28", convCase{in: shape(1, 50, 28, 28), conv: in(2, k1), segs: []seg{{out: 200}}}},
	{"shuffle_1x1_g4_272to68_28", convCase{in: shape(1, 272, 28, 28), conv: in(4, k1), segs: []seg{{out: 68}}}},
	{"dw3x3_twice_96_28", convCase{in: shape(1, 96, 28, 28), conv: in(96, k3), segs: []seg{{out: 192}}}},
	{"fc_1024to1000", convCase{in: shape(1, 1024, 1, 1), conv: k1, segs: []seg{{out: 1000}}}},
	{"fc_2048to1000", convCase{in: shape(1, 2048, 1, 1), conv: k1, segs: []seg{{out: 1000}}}},
	{"fc_2048to1000_n8", convCase{in: shape(8, 2048, 1, 1), conv: k1, segs: []seg{{out: 1000}}}},
	{"fc_512x7x7to512", convCase{in: shape(1, 512, 7, 7), conv: graph.Conv2D{Kernel: graph.Square(7)}, segs: []seg{{out: 512}}}},
	{"stem7x7s2_224", convCase{in: shape(1, 3, 224, 224), conv: graph.Conv2D{Kernel: graph.Square(7), Stride: graph.Square(2), Pad: graph.Pad(3)}, segs: []seg{{out: 64}}}},
	{"stem3x3s2_299", convCase{in: shape(1, 3, 299, 299), conv: graph.Conv2D{Kernel: graph.Square(3), Stride: graph.Square(2)}, segs: []seg{{out: 32}}}},
	{"dw5x5_480_14", convCase{in: shape(1, 480, 14, 14), conv: depthwise(480, k5), segs: []seg{{out: 480}}}},
}

// benchCases are shapes of InceptionA(192) on 28×28 and of Inception v3.
var benchCases = []benchCase{
	{"merged_1x1_192to72", convCase{in: shape(1, 192, 28, 28), conv: k1, segs: []seg{{out: 72}}}},
	{"3x3_96to128", convCase{in: shape(1, 96, 28, 28), conv: k3, segs: []seg{{out: 128}}}},
	{"3x3_16to24", convCase{in: shape(1, 16, 28, 28), conv: k3, segs: []seg{{out: 24}}}},
	{"3x3_24to24", convCase{in: shape(1, 24, 28, 28), conv: k3, segs: []seg{{out: 24}}}},
	{"5x5_16to24", convCase{in: shape(1, 16, 28, 28), conv: k5, segs: []seg{{out: 24}}}},
	{"1x7_128_17x17", convCase{in: shape(1, 128, 17, 17), conv: graph.Conv2D{Kernel: graph.Pair{H: 1, W: 7}, Pad: graph.Padding{Left: 3, Right: 3}}, segs: []seg{{out: 128}}}},
	{"7x1_128_17x17", convCase{in: shape(1, 128, 17, 17), conv: graph.Conv2D{Kernel: graph.Pair{H: 7, W: 1}, Pad: graph.Padding{Top: 3, Bottom: 3}}, segs: []seg{{out: 128}}}},
	{"3x3s2_288to384_35x35", convCase{in: shape(1, 288, 35, 35), conv: graph.Conv2D{Kernel: graph.Square(3), Stride: graph.Square(2)}, segs: []seg{{out: 384}}}},
	{"1x1_512to128_7x7_n4", convCase{in: shape(4, 512, 7, 7), conv: k1, segs: []seg{{out: 128}}}},
}

// BenchmarkConv times the plain kernels and the candidates in turn, one of each an iteration, and prints the median rates.
// For rates per core on llvmpipe set LP_NUM_THREADS=0, and see that nothing else runs. An iteration takes seconds: -benchtime 5x.
func BenchmarkConv(b *testing.B) {
	benchmark(b, benchCases, convKernels)
}

// BenchmarkGrouped is BenchmarkConv for convolutions with groups; conv is the plain kernel.
func BenchmarkGrouped(b *testing.B) { benchmark(b, groupedBenchCases, groupKernels) }

func benchmark(b *testing.B, cases []benchCase, kernels []*shaders.Kernel) {
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			l := newLab(b)
			p, err := newGen().convProblem(c.c, false)
			if err != nil {
				b.Fatal(err)
			}
			keys, err := benchKeys(kernels, p)
			if err != nil {
				b.Fatal(err)
			}
			if kernels[0] != convKernels[0] { // several of these are plain: compare with the one that serves everything
				keys[0], keys[1] = shaders.Key{Kernel: shaders.Conv}, shaders.Key{Kernel: shaders.Conv, Load: shaders.LoadImage}
			}
			l.report(b, p, keys)
		})
	}
}

// BenchmarkPool is BenchmarkConv for pooling; a window's additions or comparisons count as its operations.
func BenchmarkPool(b *testing.B) {
	for _, c := range []poolCase{
		{in: shape(1, 24, 28, 28), pool: window(3, 1, 1)},
		{in: shape(1, 192, 28, 28), pool: window(3, 1, 1)},
		{in: shape(1, 64, 112, 112), pool: window(3, 2, 0)},
		{in: shape(1, 832, 7, 7), pool: window(3, 1, 1)},
		{in: shape(1, 1024, 7, 7), pool: window(7, 1, 0)},
		{in: shape(1, 64, 56, 56), pool: window(56, 1, 0)},
	} {
		for _, c.kernel = range []*shaders.Kernel{shaders.AvgPool, shaders.MaxPool} {
			b.Run(c.name(), func(b *testing.B) {
				l := newLab(b)
				p, err := newGen().poolProblem(c, false)
				if err != nil {
					b.Fatal(err)
				}
				keys, err := benchKeys(poolKernels(c.kernel), p)
				if err != nil {
					b.Fatal(err)
				}
				l.report(b, p, keys)
			})
		}
	}
}

// benchKeys are the plain kernel, with storage buffers and with images, and the candidates.
func benchKeys(kernels []*shaders.Kernel, p *problem) ([]shaders.Key, error) {
	plain, err := shaders.PlainKey(kernels, &p.params, shaders.Target{})
	if err != nil {
		return nil, err
	}
	images := plain
	images.Load = shaders.LoadImage
	keys, err := shaders.Candidates(kernels, &p.params, shaders.Target{Software: true})
	return append([]shaders.Key{plain, images}, keys...), err
}

// gflops runs the keys in turn, b.N times, and returns the median rate of each in GFLOP/s.
func (l *lab) gflops(b *testing.B, p *problem, keys []shaders.Key) []float64 {
	run := func(k shaders.Key) float64 {
		waves, err := l.dispatches(k, p, 1)
		if err != nil {
			b.Fatal(err)
		}
		packed, _ := p.packed(k)
		// Apart, as it isn't to be timed: kernels want their weights in different orders.
		if _, err := l.dev.Run(context.Background(), &gpu.Pass{Uploads: []gpu.Transfer{{Buffer: l.arena, Data: p.arena}, {Buffer: l.weights, Data: packed}}}); err != nil {
			b.Fatal(err)
		}
		pass := &gpu.Pass{Waves: waves}
		t, err := l.dev.Run(context.Background(), pass)
		if err != nil {
			b.Fatal(err)
		}
		return p.flops / float64(t.Wall.Nanoseconds())
	}
	for _, k := range keys {
		run(k) // the driver compiles at the first dispatch
	}
	rates := make([][]float64, len(keys))
	b.ResetTimer()
	for range b.N {
		for i, k := range keys {
			rates[i] = append(rates[i], run(k))
		}
	}
	median := make([]float64, len(keys))
	for i := range keys {
		slices.Sort(rates[i])
		median[i] = rates[i][len(rates[i])/2]
	}
	return median
}

// report prints the rates of the keys, of which the first two are plain.
func (l *lab) report(b *testing.B, p *problem, keys []shaders.Key) {
	rates := l.gflops(b, p, keys)
	if b.N == 1 {
		return // the testing package's trial run
	}
	fmt.Println() // not Logf: it stops after ten lines
	plain := max(rates[0], rates[1])
	for i, r := range rates {
		fmt.Printf("    %-40v %7.2f GFLOP/s  %6.2f× plain\n", keys[i], r, r/plain)
	}
	b.ReportMetric(slices.Max(rates[2:]), "GFLOP/s")
	b.ReportMetric(slices.Max(rates[2:])/plain, "×plain")
}

// BenchmarkMatMul is BenchmarkConv for products of tensors: of an attention's queries and keys, of its weights and values, in the other ways
// to stand in memory, and of a global context's map and weights.
func BenchmarkMatMul(b *testing.B) {
	for _, c := range []struct {
		name                 string
		op                   graph.MatMul
		rows, terms, columns int
	}{
		{"scores", graph.MatMul{TransB: true}, 197, 64, 197},
		{"attended", graph.MatMul{}, 197, 197, 64},
		{"scores_tn", graph.MatMul{TransA: true}, 197, 64, 197},
		{"attended_tt", graph.MatMul{TransA: true, TransB: true}, 197, 197, 64},
		{"context", graph.MatMul{}, 1, 784, 256},
	} {
		b.Run(c.name, func(b *testing.B) {
			l := newLab(b)
			in := matMulShapes(c.op, [2]int{3, 3}, c.rows, c.terms, c.columns)
			p, err := newGen().opProblem(opCase{kernel: shaders.MatMul, op: c.op, in: in})
			if err != nil {
				b.Fatal(err)
			}
			p.flops = 2 * 3 * float64(c.rows*c.terms*c.columns)
			keys, err := benchKeys(shaders.MatMuls(c.op.TransA, c.op.TransB), p)
			if err != nil {
				b.Fatal(err)
			}
			l.report(b, p, keys)
		})
	}
}

// BenchmarkConvTranspose is BenchmarkConv for transposed convolutions: of a U-Net, a generator and a super-resolution network.
func BenchmarkConvTranspose(b *testing.B) {
	type layer = graph.ConvTranspose2D
	for _, c := range []struct {
		name string
		in   tensor.Shape
		op   layer
	}{
		{"2x2s2_64to32_56", shape(1, 64, 56, 56), layer{Out: 32, Kernel: graph.Square(2), Stride: graph.Square(2)}},
		{"3x3s2_64to32_56", shape(1, 64, 56, 56), layer{Out: 32, Kernel: graph.Square(3), Stride: graph.Square(2), Pad: graph.Pad(1), Extra: graph.Square(1)}},
		{"4x4s2_128to64_16", shape(1, 128, 16, 16), layer{Out: 64, Kernel: graph.Square(4), Stride: graph.Square(2), Pad: graph.Pad(1)}},
		{"9x9s3_56to1_64", shape(1, 56, 64, 64), layer{Out: 1, Kernel: graph.Square(9), Stride: graph.Square(3), Pad: graph.Pad(4), Extra: graph.Square(2)}},
	} {
		b.Run(c.name, func(b *testing.B) {
			l := newLab(b)
			c.op.In = c.in.C
			p, err := newGen().opProblem(opCase{kernel: shaders.ConvTranspose, op: c.op, in: []tensor.Shape{c.in}})
			if err != nil {
				b.Fatal(err)
			}
			out, err := c.op.OutShape([]tensor.Shape{c.in})
			if err != nil {
				b.Fatal(err)
			}
			p.flops = 2 * float64(c.op.MACs([]tensor.Shape{c.in}, out))
			keys, err := benchKeys([]*shaders.Kernel{shaders.ConvTransposeTiled, shaders.ConvTranspose}, p)
			if err != nil {
				b.Fatal(err)
			}
			l.report(b, p, keys)
		})
	}
}
