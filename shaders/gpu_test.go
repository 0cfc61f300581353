package shaders_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"strconv"
	"testing"
	"time"

	"inceptiongl/cpuref"
	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

func TestMain(m *testing.M) { gputest.Main(m) }

// seed is fresh in every run; INCEPTIONGL_TEST_SEED repeats one.
var seed = func() uint64 {
	if s, err := strconv.ParseUint(os.Getenv("INCEPTIONGL_TEST_SEED"), 10, 64); err == nil {
		return s
	}
	return uint64(time.Now().UnixNano())
}()

// poison is a NaN with a payload: what the arena holds before a run, and after it wherever nothing should be written.
var poison = math.Float32frombits(0x7fc0dead)

// float32NaN is another NaN than poison.
var float32NaN = float32(math.NaN())

const guard = 16 // texels of poison around every tensor

// target is one destination of a problem: a tensor with more channels than are written.
type target struct {
	tensor.Shape                 // the destination tensor
	base, channel int            // its first texel; where the segment starts
	want          *cpuref.Result // what the segment holds; nil in benchmarks
}

// problem is a step ready to run: parameters, the arena before it, weights, and the answer.
type problem struct {
	name    string
	params  shaders.Params
	arena   []float32
	weights []float32
	targets []target
	flops   float64
}

// lab is a device with buffers that are large enough for the problem at hand.
type lab struct {
	tb             testing.TB
	dev            *gpu.Device
	arena, weights *gpu.Buffer
	params         *gpu.Buffer
}

func newLab(tb testing.TB) *lab {
	l := &lab{tb: tb, dev: gputest.Open(tb)}
	l.params = l.buffer("params", len(new(shaders.Params).Bytes()))
	return l
}

func (l *lab) buffer(name string, bytes int) *gpu.Buffer {
	b, err := l.dev.NewBuffer(context.Background(), name, bytes)
	if err != nil {
		l.tb.Fatal(err)
	}
	l.tb.Cleanup(func() { _ = b.Close() })
	return b
}

func (l *lab) fit(b **gpu.Buffer, name string, floats int) {
	if *b == nil || (*b).Size() < 4*floats {
		*b = l.buffer(name, 4*max(floats, 1<<16))
	}
}

// dispatch loads p into the buffers and returns its dispatch with kernel k.
func (l *lab) dispatch(k shaders.Key, p *problem) (gpu.Dispatch, error) {
	src, err := k.Source()
	if err != nil {
		return gpu.Dispatch{}, err
	}
	prog, err := l.dev.Program(context.Background(), gpu.Source(src))
	if err != nil {
		return gpu.Dispatch{}, err
	}
	l.fit(&l.arena, "arena", len(p.arena))
	l.fit(&l.weights, "weights", len(p.weights))
	if err := l.params.UploadBytes(context.Background(), 0, p.params.Bytes()); err != nil {
		return gpu.Dispatch{}, err
	}
	d := gpu.Dispatch{
		Name: k.String(), Program: prog, Groups: k.Workgroups(&p.params),
		Storage:  []gpu.Storage{{Binding: 1, Buffer: l.arena}},
		Uniforms: []gpu.Uniforms{{Binding: 0, Buffer: l.params}},
	}
	switch k.Load {
	case shaders.LoadSSBO:
		d.Storage = append(d.Storage, gpu.Storage{Binding: 0, Buffer: l.arena}, gpu.Storage{Binding: 2, Buffer: l.weights})
	default:
		kind := gpu.TexelImage
		if k.Load == shaders.LoadSampler {
			kind = gpu.TexelSampler
		}
		d.Texels = []gpu.Texel{{Unit: 0, Kind: kind, Buffer: l.arena}, {Unit: 1, Kind: kind, Buffer: l.weights}}
	}
	return d, nil
}

// check runs p with kernel k and compares every float of the arena: outputs with the reference, all else with itself.
func (l *lab) check(k shaders.Key, p *problem) error {
	if err := k.Check(&p.params); err != nil {
		return err
	}
	d, err := l.dispatch(k, p)
	if err != nil {
		return err
	}
	got := make([]float32, len(p.arena))
	_, err = l.dev.Run(context.Background(), &gpu.Pass{
		Uploads:   []gpu.Transfer{{Buffer: l.arena, Data: p.arena}, {Buffer: l.weights, Data: p.weights}},
		Waves:     [][]gpu.Dispatch{{d}},
		Downloads: []gpu.Transfer{{Buffer: l.arena, Data: got}},
	})
	if err != nil {
		return err
	}
	gputest.Case()
	return p.compare(got)
}

// compare is check's verdict on the arena after the run.
func (p *problem) compare(got []float32) error {
	free := make([]bool, len(got)) // floats that the step may write
	for i, t := range p.targets {
		segment := tensor.New(t.want.Shape)
		at := func(n, c, pixel int) int { // float index of channel c of the destination
			return 4*(t.base+(n*((t.C+3)/4)+c/4)*t.H*t.W+pixel) + c%4
		}
		for n := range t.N {
			for pixel := range t.H * t.W {
				for c := range segment.C {
					j := at(n, t.channel+c, pixel)
					segment.Data[(n*segment.C+c)*t.H*t.W+pixel] = got[j]
					free[j] = true
				}
				for c := t.C; c%4 != 0 && t.channel+segment.C == t.C; c++ {
					j := at(n, c, pixel)
					if math.Float32bits(got[j]) != 0 {
						return fmt.Errorf("segment %d: tail lane %d at image %d, pixel %d is %v, not 0", i, c, n, pixel, got[j])
					}
					free[j] = true
				}
			}
		}
		if r := cpuref.Check(segment, t.want); r.Err != nil {
			return fmt.Errorf("segment %d: %w", i, r.Err)
		}
	}
	for j := range got {
		if !free[j] && math.Float32bits(got[j]) != math.Float32bits(p.arena[j]) {
			return fmt.Errorf("wrote %v to float %d of the arena, outside the destination (texel %d, source at texel %d)", got[j], j, j/4, p.params.SrcBase)
		}
	}
	return nil
}

// random fills n floats with values in ±scale.
func (g *gen) random(n int, scale float64) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32((g.Float64()*2 - 1) * scale)
	}
	return v
}

// place lays out the arena: guard, input, then for every destination guard and tensor, and a last guard.
func (g *gen) place(p *problem, x *tensor.Tensor) {
	next := guard
	alloc := func(s tensor.Shape) int {
		base := next
		next += shaders.TensorLen(s.N, s.C, s.H, s.W)/4 + guard
		return base
	}
	src := alloc(x.Shape)
	for i := range p.targets {
		t := &p.targets[i]
		if i > 0 && t.base == sameTensor {
			t.base = p.targets[i-1].base
		} else {
			t.base = alloc(t.Shape)
		}
		p.params.Seg[i].DstBase, p.params.Seg[i].DstC, p.params.Seg[i].DstChannel = int32(t.base), int32(t.C), int32(t.channel)
	}
	p.arena = make([]float32, 4*next)
	for i := range p.arena {
		p.arena[i] = poison
	}
	shaders.PackTensor(p.arena[4*src:], x.Data, x.N, x.C, x.H, x.W)
	p.params.SrcBase = int32(src)
	p.params.N, p.params.C, p.params.H, p.params.W = int32(x.N), int32(x.C), int32(x.H), int32(x.W)
}

// sameTensor as a target's base: the destination is the one before's.
const sameTensor = -1

func (g *gen) input(s tensor.Shape) *tensor.Tensor {
	return &tensor.Tensor{Shape: s, Data: g.random(s.Len(), 1)}
}

// convProblem builds the problem of a case; ref says whether to compute the answer.
func (g *gen) convProblem(c convCase, ref bool) (*problem, error) {
	x := g.input(c.in)
	if c.inf {
		x.Data[len(x.Data)/2] = float32(math.Inf(1))
	}
	p := &problem{name: c.name()}
	conv := c.conv.Norm()
	p.params = shaders.Params{
		KernelH: int32(conv.Kernel.H), KernelW: int32(conv.Kernel.W), StrideH: int32(conv.Stride.H), StrideW: int32(conv.Stride.W),
		PadTop: int32(conv.Pad.Top), PadLeft: int32(conv.Pad.Left), PadBottom: int32(conv.Pad.Bottom), PadRight: int32(conv.Pad.Right),
		DilationH: int32(conv.Dilation.H), DilationW: int32(conv.Dilation.W), Groups: int32(conv.Groups), Segments: int32(len(c.segs)),
	}
	// A guard before the weights and poison after them, so that a wrong base or a read past the end shows.
	p.weights = []float32{poison, poison, poison, poison}
	p.params.WeightBase = 1
	var bias []float32
	for i, s := range c.segs {
		conv.In, conv.Out = c.in.C, s.out
		out, err := conv.OutShape([]tensor.Shape{c.in})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		perGroup := conv.In / conv.Groups
		w := g.random(s.out*perGroup*conv.Kernel.H*conv.Kernel.W, 0.5)
		packed := make([]float32, shaders.PackedConvLen(s.out, perGroup, conv.Kernel.H, conv.Kernel.W))
		shaders.PackConv(packed, w, s.out, perGroup, conv.Kernel.H, conv.Kernel.W)
		p.weights = append(p.weights, packed...)
		var b []float32
		if !c.noBias {
			b = g.random(s.out, 1)
			pb := make([]float32, shaders.PackedBiasLen(s.out))
			shaders.PackBias(pb, b)
			bias = append(bias, pb...)
		}
		t := target{Shape: tensor.Shape{N: out.N, C: s.dstC, H: out.H, W: out.W}, channel: s.channel}
		if s.same {
			t.base = sameTensor
		}
		if t.C == 0 {
			t.C = s.out
		}
		act := shaders.ActNone
		if s.relu {
			act = shaders.ActReLU
		}
		if ref {
			if t.want, err = cpuref.Conv2D(x, conv, w, b); err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
			if s.relu {
				t.want.ReLU()
			}
		}
		p.targets = append(p.targets, t)
		p.params.Seg[i] = shaders.Segment{First: p.params.OutG, Channels: int32(s.out), Act: act}
		p.params.OutC += int32(s.out)
		p.params.OutG += int32((s.out + 3) / 4)
		p.params.OutH, p.params.OutW = int32(out.H), int32(out.W)
		p.flops += 2 * float64(conv.MACs([]tensor.Shape{c.in}, out))
	}
	p.params.BiasBase = -1
	if !c.noBias {
		p.params.BiasBase = int32(len(p.weights) / 4)
		p.weights = append(p.weights, bias...)
	}
	p.weights = append(p.weights, poison, poison, poison, poison)
	g.place(p, x)
	return p, nil
}

// poolProblem builds the problem of a pooling, ReLU or copy case.
func (g *gen) poolProblem(c poolCase, ref bool) (*problem, error) {
	x := g.input(c.in)
	p := &problem{name: c.name()}
	pool := c.pool.Norm()
	out := c.in
	var err error
	if c.kernel == shaders.AvgPool || c.kernel == shaders.MaxPool {
		if out, err = pool.OutShape([]tensor.Shape{c.in}); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	p.params = shaders.Params{
		OutC: int32(out.C), OutG: int32((out.C + 3) / 4), OutH: int32(out.H), OutW: int32(out.W),
		KernelH: int32(pool.Kernel.H), KernelW: int32(pool.Kernel.W), StrideH: int32(pool.Stride.H), StrideW: int32(pool.Stride.W),
		PadTop: int32(pool.Pad.Top), PadLeft: int32(pool.Pad.Left), PadBottom: int32(pool.Pad.Bottom), PadRight: int32(pool.Pad.Right),
		DilationH: 1, DilationW: 1, Groups: 1, BiasBase: -1, Segments: 1, InvArea: float32(1 / float64(max(pool.Kernel.H*pool.Kernel.W, 1))),
	}
	if pool.CountIncludePad {
		p.params.CountIncludePad = 1
	}
	p.weights = []float32{poison, poison, poison, poison}
	var b []float32
	if c.bias {
		b = g.random(c.in.C, 1)
		pb := make([]float32, shaders.PackedBiasLen(len(b)))
		shaders.PackBias(pb, b)
		p.weights = append(p.weights, pb...)
		p.params.BiasBase = 1
	}
	act := shaders.ActNone
	if c.relu {
		act = shaders.ActReLU
	}
	p.params.Seg[0] = shaders.Segment{Channels: int32(out.C), Act: act}
	t := target{Shape: out, channel: c.channel}
	if c.dstC != 0 {
		t.C = c.dstC
	}
	if ref {
		switch c.kernel {
		case shaders.AvgPool, shaders.MaxPool:
			t.want, err = cpuref.Pool2D(x, pool, b)
		default: // copying is a 1×1 maximum
			t.want, err = cpuref.Pool2D(x, graph.Pool2D{Type: graph.Max, Kernel: graph.Square(1)}, b)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		if c.relu || c.kernel == shaders.ReLU {
			t.want.ReLU()
		}
	}
	p.flops = float64(out.Len() * pool.Kernel.H * pool.Kernel.W)
	p.targets = []target{t}
	g.place(p, x)
	return p, nil
}
