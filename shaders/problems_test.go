package shaders_test

import (
	"fmt"

	"inceptiongl/cpuref"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

func (g *gen) random(n int, scale float64) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32((g.Float64()*2 - 1) * scale)
	}
	return v
}

func (g *gen) place(p *problem, xs ...*tensor.Tensor) {
	next := guard
	alloc := func(s tensor.Shape) int {
		next = (next + align - 1) / align * align
		base := next
		next += shaders.TensorLen(s.N, s.C, s.H, s.W)/4 + guard
		return base
	}
	p.src[0] = alloc(xs[0].Shape)
	for i := range p.targets {
		t := &p.targets[i]
		if i > 0 && t.base == sameTensor {
			t.base = p.targets[i-1].base
		} else {
			t.base = alloc(t.Shape)
		}
		p.params.Seg[i].DstBase, p.params.Seg[i].DstC, p.params.Seg[i].DstChannel = int32(t.base), int32(t.C), int32(t.channel)
	}
	if len(xs) == 2 {
		p.second = alloc(xs[1].Shape)
	}
	p.src[1] = alloc(xs[0].Shape)
	p.arena = make([]float32, 4*(next-guard))
	for i := range p.arena {
		p.arena[i] = poison
	}
	put := func(base int, x *tensor.Tensor) { shaders.PackTensor(p.arena[4*base:], x.Data, x.N, x.C, x.H, x.W) }
	put(p.src[0], xs[0])
	put(p.src[1], xs[0])
	if len(xs) == 2 {
		put(p.second, xs[1])
	}
	p.params.N, p.params.C, p.params.H, p.params.W = int32(xs[0].N), int32(xs[0].C), int32(xs[0].H), int32(xs[0].W)
	if p.params.OutN == 0 {
		p.params.OutN = p.params.N
	}
}

func (g *gen) input(s tensor.Shape) *tensor.Tensor {
	return &tensor.Tensor{Shape: s, Data: g.random(s.Len(), 1)}
}

func (g *gen) convProblem(c convCase, ref bool) (*problem, error) {
	x := g.input(c.in)
	if c.special != 0 {
		x.Data[len(x.Data)/2] = c.special
	}
	p := &problem{name: c.name()}
	conv := c.conv.Norm()
	p.params = shaders.Params{
		KernelH: int32(conv.Kernel.H), KernelW: int32(conv.Kernel.W), StrideH: int32(conv.Stride.H), StrideW: int32(conv.Stride.W),
		PadTop: int32(conv.Pad.Top), PadLeft: int32(conv.Pad.Left), PadBottom: int32(conv.Pad.Bottom), PadRight: int32(conv.Pad.Right),
		DilationH: int32(conv.Dilation.H), DilationW: int32(conv.Dilation.W), Groups: int32(conv.Groups), Segments: int32(len(c.segs)),
	}
	p.params.WeightBase = 1 // after a guard
	for i, s := range c.segs {
		conv.In, conv.Out = c.in.C, s.out
		out, err := conv.OutShape([]tensor.Shape{c.in})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		perGroup := conv.In / conv.Groups
		w := g.random(s.out*perGroup*conv.Kernel.H*conv.Kernel.W, 0.5)
		if c.weight != 0 {
			w[len(w)/2] = c.weight
		}
		var b []float32
		if !c.noBias {
			b = g.random(s.out, 1)
		}
		p.parts = append(p.parts, part{shaders.Dims{Out: s.out, In: perGroup, KernelH: conv.Kernel.H, KernelW: conv.Kernel.W, Groups: conv.Groups}, w, b, c.noBias})
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
			if rows, columns := shaders.Winograd.Transforms(); winograd(conv) {
				if t.winograd, err = cpuref.Conv2D(x, conv, w, b); err == nil {
					err = t.winograd.Winograd(x, conv, w, b, cpuref.Transform(*rows), cpuref.Transform(*columns))
				}
				if err != nil {
					return nil, fmt.Errorf("%s: %w", p.name, err)
				}
			}
			if s.relu {
				t.want.ReLU()
				if t.winograd != nil {
					t.winograd.ReLU()
				}
			}
		}
		p.targets = append(p.targets, t)
		p.params.Seg[i] = shaders.Segment{First: p.params.OutG, Channels: int32(s.out), Act: act}
		p.params.OutC += int32(s.out)
		p.params.OutG += int32((s.out + 3) / 4)
		p.params.OutH, p.params.OutW = int32(out.H), int32(out.W)
		p.flops += 2 * float64(conv.MACs([]tensor.Shape{c.in}, out))
	}
	g.place(p, x)
	return p, nil
}

// winograd reports a convolution that shaders.Winograd serves.
func winograd(c graph.Conv2D) bool {
	one := graph.Square(1)
	return c.Kernel == graph.Square(3) && c.Stride == one && c.Dilation == one && c.Groups == 1
}

func (g *gen) poolProblem(c poolCase, ref bool) (*problem, error) {
	x := g.input(c.in)
	if c.special != 0 {
		x.Data[len(x.Data)/2] = c.special
	}
	p := &problem{name: c.name()}
	pool := c.pool.Norm()
	if c.kernel == shaders.Copy {
		pool.Kernel = graph.Square(1)
	}
	out := c.in
	var err error
	if c.kernel != shaders.Copy {
		if out, err = pool.OutShape([]tensor.Shape{c.in}); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	p.params = shaders.Params{
		OutC: int32(out.C), OutG: int32((out.C + 3) / 4), OutH: int32(out.H), OutW: int32(out.W),
		KernelH: int32(pool.Kernel.H), KernelW: int32(pool.Kernel.W), StrideH: int32(pool.Stride.H), StrideW: int32(pool.Stride.W),
		PadTop: int32(pool.Pad.Top), PadLeft: int32(pool.Pad.Left), PadBottom: int32(pool.Pad.Bottom), PadRight: int32(pool.Pad.Right),
		DilationH: int32(pool.Dilation.H), DilationW: int32(pool.Dilation.W), Groups: 1, BiasBase: -1, Segments: 1, InvArea: float32(1 / float64(pool.Kernel.H*pool.Kernel.W)),
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
		if c.kernel == shaders.Copy { // a 1×1 maximum
			pool = graph.Pool2D{Type: graph.Max, Kernel: graph.Square(1)}
		}
		t.want, err = cpuref.Pool2D(x, pool, b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		if c.relu {
			t.want.ReLU()
		}
	}
	p.flops = float64(out.Len() * pool.Kernel.H * pool.Kernel.W)
	p.targets = []target{t}
	g.place(p, x)
	return p, nil
}
