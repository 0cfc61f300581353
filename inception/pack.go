package inception

import (
	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

// setWindow fills in the kernel window of an operator.
func setWindow(p *shaders.Params, op graph.Op) {
	set := func(kernel, stride, dilation graph.Pair, pad graph.Padding) {
		p.KernelH, p.KernelW = int32(kernel.H), int32(kernel.W)
		p.StrideH, p.StrideW = int32(stride.H), int32(stride.W)
		p.DilationH, p.DilationW = int32(dilation.H), int32(dilation.W)
		p.PadTop, p.PadLeft, p.PadBottom, p.PadRight = int32(pad.Top), int32(pad.Left), int32(pad.Bottom), int32(pad.Right)
		p.InvArea = float32(1 / float64(kernel.H*kernel.W))
	}
	switch op := op.(type) {
	case graph.Conv2D:
		set(op.Kernel, op.Stride, op.Dilation, op.Pad)
		p.Groups = int32(op.Groups)
	case graph.Pool2D:
		set(op.Kernel, op.Stride, graph.Square(1), op.Pad)
		if op.CountIncludePad {
			p.CountIncludePad = 1
		}
	}
}

// pack lays out the step's weights as the shaders read them: all parts' weights, then one bias texel per output group,
// zeros for a part that has none.
func (s *Step) pack(hasBias bool) {
	weights, bias := 0, 0
	for _, part := range s.Parts {
		if c, ok := part.Op.(graph.Conv2D); ok {
			weights += shaders.PackedConvLen(c.Out, c.In/c.Groups, c.Kernel.H, c.Kernel.W)
		}
		bias += shaders.PackedBiasLen(part.Out.Channels)
	}
	if hasBias {
		s.Params.BiasBase = int32(weights / 4)
	} else {
		bias = 0
	}
	s.weights = make([]float32, weights+bias)
	w, b := s.weights[:weights], s.weights[weights:]
	for _, part := range s.Parts {
		if c, ok := part.Op.(graph.Conv2D); ok {
			n := shaders.PackedConvLen(c.Out, c.In/c.Groups, c.Kernel.H, c.Kernel.W)
			shaders.PackConv(w[:n], part.Weight, c.Out, c.In/c.Groups, c.Kernel.H, c.Kernel.W)
			w = w[n:]
		}
		if hasBias {
			n := shaders.PackedBiasLen(part.Out.Channels)
			if part.Bias != nil {
				shaders.PackBias(b[:n], part.Bias)
			}
			b = b[n:]
		}
	}
}
