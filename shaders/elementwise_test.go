package shaders_test

import (
	"fmt"
	"math"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// opCase is one row for the kernels beside convolutions and pools: an operator, applied to random inputs.
type opCase struct {
	kernel        *shaders.Kernel
	op            graph.Op
	in            []tensor.Shape
	act           graph.Op
	dstC, channel int // as in seg
	scale         float64
	special       float32                   // one input, if not 0
	fill          func(g *gen, v []float32) // instead of random numbers
}

func (c opCase) name() string {
	return fmt.Sprintf("%v %+v of %v, act %v, @%d/%d", c.kernel, c.op, c.in, c.act, c.channel, c.dstC)
}

func opCases() []opCase {
	two := func(a, b tensor.Shape) []tensor.Shape { return []tensor.Shape{a, b} }
	one := func(s tensor.Shape) []tensor.Shape { return []tensor.Shape{s} }
	var all []opCase
	for _, s := range []tensor.Shape{shape(1, 1, 1, 1), shape(2, 13, 7, 9), shape(3, 16, 5, 1), shape(1, 33, 17, 19)} {
		pixel := shape(s.N, s.C, 1, 1)
		for _, b := range []struct {
			k *shaders.Kernel
			t graph.BinaryKind
		}{{shaders.Add, graph.Add}, {shaders.Mul, graph.Mul}} {
			all = append(all,
				opCase{kernel: b.k, op: graph.Binary{Type: b.t}, in: two(s, s)},
				opCase{kernel: b.k, op: graph.Binary{Type: b.t}, in: two(s, pixel), act: graph.ReLU{}},
				opCase{kernel: b.k, op: graph.Binary{Type: b.t}, in: two(s, s), act: graph.Clip{Min: -0.25, Max: 0.5}, dstC: s.C + 9, channel: 3})
		}
		all = append(all,
			opCase{kernel: shaders.Affine, op: graph.Affine{Channels: s.C}, in: one(s)},
			opCase{kernel: shaders.Affine, op: graph.Affine{Channels: s.C}, in: one(s), act: graph.ReLU{}, dstC: s.C + 4, channel: 4},
			opCase{kernel: shaders.Affine, op: graph.Affine{Channels: s.C}, in: one(s), dstC: s.C + 3, channel: 2},
			opCase{kernel: shaders.Copy, op: graph.Concat{}, in: one(s), act: graph.Clip{Min: -0.5, Max: 0.125}},
			opCase{kernel: shaders.Copy, op: graph.Concat{}, in: one(s), act: graph.Clip{Min: -0.5, Max: 0.125}, special: nan, dstC: s.C + 9, channel: 3},
			opCase{kernel: shaders.Copy, op: graph.Concat{}, in: one(s), act: graph.Sigmoid{}, scale: 12, special: nan},
			opCase{kernel: shaders.Copy, op: graph.Concat{}, in: one(s), act: graph.Sigmoid{}, scale: 120, special: -inf, dstC: s.C + 9, channel: 3},
			opCase{kernel: shaders.Affine, op: graph.Affine{Channels: s.C}, in: one(s), act: graph.Sigmoid{}},
			opCase{kernel: shaders.Gather, op: graph.Channels{Index: picks(s.C)}, in: one(s), special: nan},
			opCase{kernel: shaders.Gather, op: graph.Channels{Index: picks(s.C)}, in: one(s), act: graph.ReLU{}, dstC: s.C + 12, channel: 5, special: inf},
			opCase{kernel: shaders.LRN, op: graph.LRN{Size: 5, Alpha: 1e-4, Beta: 0.75, Bias: 1}, in: one(s)},
			opCase{kernel: shaders.LRN, op: graph.LRN{Size: 4, Alpha: 2, Beta: 0.5, Bias: 2}, in: one(s), scale: 4, dstC: s.C + 5, channel: 1},
			opCase{kernel: shaders.LRN, op: graph.LRN{Size: 1, Alpha: 0.5, Beta: 1, Bias: 1}, in: one(s)},
			opCase{kernel: shaders.LRN, op: graph.LRN{Size: 64, Alpha: 0.5, Beta: 0.75, Bias: 1}, in: one(s)},
			opCase{kernel: shaders.Softmax, op: graph.Softmax{}, in: one(s)},
			opCase{kernel: shaders.Softmax, op: graph.Softmax{}, in: one(s), scale: 30, dstC: s.C + 6, channel: 5},
			opCase{kernel: shaders.CumSum, op: graph.CumSum{}, in: one(s), special: inf},
			opCase{kernel: shaders.CumSum, op: graph.CumSum{Exclusive: true}, in: one(s), dstC: s.C + 9, channel: 3},
			opCase{kernel: shaders.CumSum, op: graph.CumSum{Reverse: true}, in: one(s), dstC: s.C + 4, channel: 4, special: nan},
			opCase{kernel: shaders.CumSum, op: graph.CumSum{Exclusive: true, Reverse: true}, in: one(s), special: -inf},
			opCase{kernel: shaders.Quantize, op: graph.Quantize{Channels: s.C, Low: -128, High: 127}, in: one(s), special: nan},
			opCase{kernel: shaders.Quantize, op: graph.Quantize{Channels: s.C, High: 255, Codes: true}, in: one(s), dstC: s.C + 9, channel: 3},
			opCase{kernel: shaders.Quantize, op: graph.Quantize{Channels: s.C, High: 65535}, in: one(s), act: graph.ReLU{}, dstC: s.C + 4, channel: 4},
			opCase{kernel: shaders.Pad, op: graph.Pad2D{Pad: graph.Pad(1)}, in: one(s)},
			opCase{kernel: shaders.Pad, op: graph.Pad2D{Pad: graph.Padding{Top: 2, Right: 3}, Value: -1.5}, in: one(s), dstC: s.C + 1, channel: 1},
			opCase{kernel: shaders.Pad, op: graph.Pad2D{Pad: graph.Padding{Top: 20, Left: 1, Bottom: 3, Right: 23}, Mode: graph.PadReflect}, in: one(s), special: nan},
			opCase{kernel: shaders.Pad, op: graph.Pad2D{Pad: graph.Padding{Top: 1, Left: 21, Bottom: 22}, Mode: graph.PadWrap}, in: one(s), special: inf, dstC: s.C + 1, channel: 1},
			opCase{kernel: shaders.Pad, op: graph.Pad2D{Pad: graph.Pad(3), Mode: graph.PadEdge}, in: one(s), special: nan},
			opCase{kernel: shaders.Reshape, op: graph.Reshape{C: s.C * s.H * s.W, H: 1, W: 1}, in: one(s)},
			opCase{kernel: shaders.Reshape, op: graph.Reshape{C: 1, H: s.C, W: s.H * s.W}, in: one(s), act: graph.ReLU{}},
			opCase{kernel: shaders.Reshape, op: graph.Reshape{C: s.H, H: s.W, W: 1}, in: one(s), dstC: s.H + 7, channel: 6})
	}
	all = append(all, moveCases()...)
	return append(all, opCase{kernel: shaders.Softmax, op: graph.Softmax{}, in: one(shape(2, 1000, 1, 1)), scale: 10},
		opCase{kernel: shaders.Reshape, op: graph.Reshape{C: 6, H: 5, W: 1}, in: one(shape(5, 3, 2, 2))})
}

// picks lists every third channel backwards, the first one twice.
func picks(channels int) []int {
	index := []int{0}
	for c := channels - 1; c >= 0; c -= 3 {
		index = append(index, c)
	}
	return index
}

// codes are scales and zero points for an input. Three of four numbers of that become what is hard to round: halves, and their neighbours.
func (g *gen) codes(op graph.Quantize, x *tensor.Tensor) (scale, zero []float32) {
	scale, zero = g.random(op.Channels, 1), make([]float32, op.Channels)
	for c := range scale {
		if scale[c] = 0.001 + scale[c]*scale[c]; c%3 == 0 {
			scale[c] = float32(math.Ldexp(1, g.IntN(20)-10))
		}
		zero[c] = op.Low + float32(g.IntN(int(op.High-op.Low)+1))
	}
	plane := x.H * x.W
	for i, v := range x.Data {
		c := i / plane % x.C
		if v != v || i%4 == 0 {
			x.Data[i] = v * scale[c] * (op.High - op.Low)
			continue
		}
		v = (float32(g.IntN(int(op.High-op.Low)+20)) - zero[c] - 9.5) * scale[c]
		for range g.IntN(4) {
			v = math.Nextafter32(v, float32(g.IntN(2)*2-1)*inf)
		}
		x.Data[i] = v
	}
	return scale, zero
}

// opProblem builds the problem of a case.
func (g *gen) opProblem(c opCase) (*problem, error) {
	scale := c.scale
	if scale == 0 {
		scale = 1
	}
	var xs []*tensor.Tensor
	for _, s := range c.in {
		xs = append(xs, &tensor.Tensor{Shape: s, Data: g.random(s.Len(), scale)})
	}
	if c.fill != nil {
		for _, x := range xs {
			c.fill(g, x.Data)
		}
	}
	if c.special != 0 {
		xs[0].Data[len(xs[0].Data)/2] = c.special
	}
	out, err := c.op.OutShape(c.in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.name(), err)
	}
	p := &problem{name: c.name(), weights: []float32{poison, poison, poison, poison}}
	p.params = shaders.Params{
		OutN: int32(out.N), OutC: int32(out.C), OutG: int32((out.C + 3) / 4), OutH: int32(out.H), OutW: int32(out.W), KernelH: 1, KernelW: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Groups: 1, BiasBase: -1, Segments: 1,
	}
	var w, b []float32
	switch op := c.op.(type) {
	case graph.Affine:
		w, b = g.random(op.Channels, 2), g.random(op.Channels, 1)
		packed := make([]float32, 2*shaders.PackedBiasLen(op.Channels))
		shaders.PackBias(packed, w)
		shaders.PackBias(packed[len(packed)/2:], b)
		p.weights = append(p.weights, packed...)
		p.params.WeightBase, p.params.BiasBase = 1, int32(1+len(packed)/8)
	case graph.Quantize:
		w, b = g.codes(op, xs[0])
		packed := make([]float32, 2*shaders.PackedBiasLen(op.Channels))
		shaders.PackBias(packed, w)
		shaders.PackBias(packed[len(packed)/2:], b)
		p.weights = append(p.weights, packed...)
		p.params.WeightBase, p.params.BiasBase, p.params.Alpha, p.params.Beta, p.params.Mode = 1, int32(1+len(packed)/8), op.Low, op.High, int32(number(op.Codes))
	case graph.Channels:
		index := make([]float32, len(op.Index))
		for i, c := range op.Index {
			index[i] = float32(c)
		}
		packed := make([]float32, shaders.PackedBiasLen(len(index)))
		shaders.PackBias(packed, index)
		p.weights = append(p.weights, packed...)
		p.params.WeightBase = 1
	case graph.ConvTranspose2D:
		op = op.Norm()
		w = g.random(op.In*op.Out/op.Groups*op.Kernel.H*op.Kernel.W, 0.5)
		d := shaders.Dims{Out: op.Out, In: op.In / op.Groups, KernelH: op.Kernel.H, KernelW: op.Kernel.W, Groups: op.Groups}
		packed := make([]float32, c.kernel.Layout().Len(d))
		c.kernel.Layout().Pack(packed, w, d)
		p.weights = append(p.weights, packed...)
		p.params.WeightBase, p.params.Groups = 1, int32(op.Groups)
		if op.Bias != "" {
			b = g.random(op.Out, 1)
			biases := make([]float32, shaders.PackedBiasLen(op.Out))
			shaders.PackBias(biases, b)
			p.params.BiasBase = int32(len(p.weights) / 4)
			p.weights = append(p.weights, biases...)
		}
		p.params.KernelH, p.params.KernelW, p.params.StrideH, p.params.StrideW = int32(op.Kernel.H), int32(op.Kernel.W), int32(op.Stride.H), int32(op.Stride.W)
		p.params.DilationH, p.params.DilationW, p.params.PadTop, p.params.PadLeft = int32(op.Dilation.H), int32(op.Dilation.W), int32(op.Pad.Top), int32(op.Pad.Left)
	case graph.Resize:
		rows, columns, err := op.Taps(graph.Pair{H: c.in[0].H, W: c.in[0].W})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name(), err)
		}
		for _, t := range []graph.Taps{rows, columns} {
			p.weights = append(p.weights, shaders.PackTaps(t.Index, t.Weight, t.Each)...)
		}
		p.params.WeightBase, p.params.KernelH, p.params.KernelW, p.params.Value = 1, int32(rows.Each), int32(columns.Each), op.Extrapolation
	case graph.Normalize:
		if w = g.random(op.Channels, 2); op.Shift != "" {
			b = g.random(op.Channels, 1)
		}
		if err := planned(p, op, c.in[0], map[string][]float32{op.Scale: w, op.Shift: b}); err != nil {
			return nil, fmt.Errorf("%s: %w", c.name(), err)
		}
	case graph.MatMul:
		p.params.Mode = shaders.MatMulMode(op.TransA, op.TransB)
	case graph.LRN:
		p.params.Size, p.params.Alpha, p.params.Beta, p.params.Offset = int32(op.Size), float32(op.Alpha/float64(op.Size)), float32(op.Beta), float32(op.Bias)
	case graph.Pad2D:
		p.params.PadTop, p.params.PadLeft, p.params.PadBottom, p.params.PadRight = int32(op.Pad.Top), int32(op.Pad.Left), int32(op.Pad.Bottom), int32(op.Pad.Right)
		p.params.Value, p.params.Mode = op.Value, int32(op.Mode)
	case graph.CumSum:
		p.params.Mode = int32(number(op.Exclusive) + 2*number(op.Reverse))
	case graph.Move:
		if err := planned(p, op, c.in[0], nil); err != nil {
			return nil, fmt.Errorf("%s: %w", c.name(), err)
		}
	}
	p.weights = append(p.weights, poison, poison, poison, poison)
	p.params.Seg[0] = shaders.Segment{Channels: int32(out.C)}
	seg := &p.params.Seg[0]
	switch act := c.act.(type) {
	case graph.Sigmoid:
		seg.Act = shaders.ActSigmoid
	case graph.ReLU:
		seg.Act = shaders.ActReLU
	case graph.Clip:
		seg.Act, seg.Low, seg.High = shaders.ActClip, act.Min, act.Max
	case graph.Unary:
		seg.Act, seg.Low, seg.High = unaryAct(act)
	}
	if op, ok := c.op.(graph.Unary); ok {
		seg.Act, seg.Low, seg.High = unaryAct(op)
	}
	want, err := cpuref.Apply(c.op, w, b, xs...)
	if err == nil {
		want, err = want.Activate(c.act)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.name(), err)
	}
	t := target{Shape: out, channel: c.channel, want: want}
	t.C = max(c.dstC, out.C)
	p.targets = []target{t}
	g.place(p, xs...)
	if len(xs) == 2 {
		s := xs[1].Shape
		p.params.Src2N, p.params.Src2C, p.params.Src2H, p.params.Src2W = int32(s.N), int32(s.C), int32(s.H), int32(s.W)
		if s.H*s.W == 1 {
			p.params.Src2Pixel = 1
		}
	}
	return p, nil
}

// TestElementwise runs the kernels that are neither convolutions nor pools.
func TestElementwise(t *testing.T) {
	for _, l := range someLabs(t) {
		g, ran := newGen(), 0
		for _, c := range opCases() {
			p, err := g.opProblem(c)
			if err != nil {
				t.Fatal(err)
			}
			keys := everyLoad(shaders.Key{Kernel: c.kernel})
			if c.kernel == shaders.Softmax {
				keys = append(keys, everyLoad(shaders.Key{Kernel: shaders.SoftmaxWide}, shaders.Key{Kernel: shaders.SoftmaxWide, LocalX: 16})...)
			}
			ran += l.sweep(t, p, keys)
		}
		if ran == 0 {
			t.Error("nothing ran")
		}
	}
}

// TestLargeSoftmax: more channels than one invocation may loop over on a driver that stops early.
func TestLargeSoftmax(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	p, err := newGen().opProblem(opCase{kernel: shaders.Softmax, op: graph.Softmax{}, in: []tensor.Shape{shape(1, 100_003, 1, 2)}})
	if err != nil {
		t.Fatal(err)
	}
	if err := (shaders.Key{Kernel: shaders.Softmax}).Check(&p.params, l.target()); err == nil {
		t.Error("the plain kernel is not refused")
	}
	keys, err := shaders.Candidates([]*shaders.Kernel{shaders.Softmax, shaders.SoftmaxWide}, &p.params, l.target())
	if err != nil || len(keys) != 3 {
		t.Fatalf("candidates %v, %v", keys, err)
	}
	l.sweep(t, p, keys)
}
