package inception

import (
	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

// setAttributes fills in what the operator says about its kernel.
func setAttributes(p *shaders.Params, op graph.Op) {
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
	case graph.Pad2D:
		p.PadTop, p.PadLeft, p.PadBottom, p.PadRight = int32(op.Pad.Top), int32(op.Pad.Left), int32(op.Pad.Bottom), int32(op.Pad.Right)
		p.Value = op.Value
	case graph.LRN:
		p.Size = int32(op.Size)
		p.Alpha, p.Beta, p.Offset = float32(op.Alpha/float64(op.Size)), float32(op.Beta), float32(op.Bias)
	}
}

// setActivation fills in what a segment does to its values on the way out.
func setActivation(s *shaders.Segment, act graph.Op) {
	switch act := act.(type) {
	case graph.ReLU:
		s.Act = shaders.ActReLU
	case graph.Clip:
		s.Act, s.Low, s.High = shaders.ActClip, act.Min, act.Max
	}
}

// pack lays out the step's weights as the shaders read them: all parts' weights, then one bias texel per output group,
// zeros for a part that has none.
func (s *Step) pack(hasBias bool) {
	weights, bias := 0, 0
	for _, part := range s.Parts {
		weights += packedLen(part)
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
		if n := packedLen(part); n > 0 {
			packWeights(w[:n], part)
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

// packedLen is the number of floats of a part's packed weights.
func packedLen(part Part) int {
	switch op := part.Op.(type) {
	case graph.Conv2D:
		return shaders.PackedConvLen(op.Out, op.In/op.Groups, op.Kernel.H, op.Kernel.W)
	case graph.Affine:
		return shaders.PackedBiasLen(op.Channels)
	}
	return 0
}

// packWeights lays out one part's weights; an affine without scales gets ones.
func packWeights(dst []float32, part Part) {
	switch op := part.Op.(type) {
	case graph.Conv2D:
		shaders.PackConv(dst, part.Weight, op.Out, op.In/op.Groups, op.Kernel.H, op.Kernel.W)
	case graph.Affine:
		scale := part.Weight
		if scale == nil {
			scale = make([]float32, op.Channels)
			for i := range scale {
				scale[i] = 1
			}
		}
		shaders.PackBias(dst, scale)
	}
}
