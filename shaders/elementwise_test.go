package shaders_test

import (
	"fmt"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// opCase is one row for the kernels beside convolutions and pools: an operator, applied to random inputs.
type opCase struct {
	kernel        shaders.Kernel
	op            graph.Op
	in            []tensor.Shape
	act           graph.Op
	dstC, channel int // as in seg
	scale         float64
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
			k shaders.Kernel
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
			opCase{kernel: shaders.LRN, op: graph.LRN{Size: 5, Alpha: 1e-4, Beta: 0.75, Bias: 1}, in: one(s)},
			opCase{kernel: shaders.LRN, op: graph.LRN{Size: 4, Alpha: 2, Beta: 0.5, Bias: 2}, in: one(s), scale: 4, dstC: s.C + 5, channel: 1},
			opCase{kernel: shaders.LRN, op: graph.LRN{Size: 1, Alpha: 0.5, Beta: 1, Bias: 1}, in: one(s)},
			opCase{kernel: shaders.LRN, op: graph.LRN{Size: 64, Alpha: 0.5, Beta: 0.75, Bias: 1}, in: one(s)},
			opCase{kernel: shaders.Softmax, op: graph.Softmax{}, in: one(s)},
			opCase{kernel: shaders.Softmax, op: graph.Softmax{}, in: one(s), scale: 30, dstC: s.C + 6, channel: 5},
			opCase{kernel: shaders.Pad, op: graph.Pad2D{Pad: graph.Pad(1)}, in: one(s)},
			opCase{kernel: shaders.Pad, op: graph.Pad2D{Pad: graph.Padding{Top: 2, Right: 3}, Value: -1.5}, in: one(s), dstC: s.C + 1, channel: 1},
			opCase{kernel: shaders.Reshape, op: graph.Reshape{C: s.C * s.H * s.W, H: 1, W: 1}, in: one(s)},
			opCase{kernel: shaders.Reshape, op: graph.Reshape{C: 1, H: s.C, W: s.H * s.W}, in: one(s), act: graph.ReLU{}},
			opCase{kernel: shaders.Reshape, op: graph.Reshape{C: s.H, H: s.W, W: 1}, in: one(s), dstC: s.H + 7, channel: 6})
	}
	return append(all, opCase{kernel: shaders.Softmax, op: graph.Softmax{}, in: one(shape(2, 1000, 1, 1)), scale: 10},
		opCase{kernel: shaders.Reshape, op: graph.Reshape{C: 6, H: 5, W: 1}, in: one(shape(5, 3, 2, 2))})
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
	out, err := c.op.OutShape(c.in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.name(), err)
	}
	p := &problem{name: c.name(), weights: []float32{poison, poison, poison, poison}}
	p.params = shaders.Params{
		OutN: int32(out.N), OutC: int32(out.C), OutG: int32((out.C + 3) / 4), OutH: int32(out.H), OutW: int32(out.W), Groups: 1, BiasBase: -1, Segments: 1,
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
	case graph.LRN:
		p.params.Size, p.params.Alpha, p.params.Beta, p.params.Offset = int32(op.Size), float32(op.Alpha/float64(op.Size)), float32(op.Beta), float32(op.Bias)
	case graph.Pad2D:
		p.params.PadTop, p.params.PadLeft, p.params.PadBottom, p.params.PadRight = int32(op.Pad.Top), int32(op.Pad.Left), int32(op.Pad.Bottom), int32(op.Pad.Right)
		p.params.Value = op.Value
	}
	p.weights = append(p.weights, poison, poison, poison, poison)
	p.params.Seg[0] = shaders.Segment{Channels: int32(out.C)}
	switch act := c.act.(type) {
	case graph.ReLU:
		p.params.Seg[0].Act = shaders.ActReLU
	case graph.Clip:
		p.params.Seg[0].Act, p.params.Seg[0].Low, p.params.Seg[0].High = shaders.ActClip, act.Min, act.Max
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
	g.place(p, xs[0])
	if len(xs) == 2 { // after the last guard
		s := xs[1].Shape
		p.params.Src2Base = int32(len(p.arena) / 4)
		if s.H*s.W == 1 {
			p.params.Src2Pixel = 1
		}
		second := make([]float32, shaders.TensorLen(s.N, s.C, s.H, s.W)+4*guard)
		for i := range second {
			second[i] = poison
		}
		shaders.PackTensor(second, xs[1].Data, s.N, s.C, s.H, s.W)
		p.arena = append(p.arena, second...)
	}
	return p, nil
}

// TestElementwise runs the kernels that are neither convolutions nor pools.
func TestElementwise(t *testing.T) {
	l, g := newLab(t), newGen()
	for _, c := range opCases() {
		p, err := g.opProblem(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range everyLoad(shaders.Key{Kernel: c.kernel}) {
			if k.Aligned && !p.params.Aligned() {
				continue
			}
			if err := l.check(k, p); err != nil {
				t.Errorf("%v\n  on %s: %v\n  INCEPTIONGL_TEST_SEED=%d", k, p.name, err, seed)
			}
		}
	}
}
