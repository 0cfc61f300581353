package plan

import (
	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

var convRow = operator{
	lower: func(d *draft, n lowering) error {
		d.units = append(d.units, n.unit(n.node.Op.(graph.Conv2D).Norm()))
		return nil
	},
	attributes: func(p *shaders.Params, op graph.Op) {
		c := op.(graph.Conv2D)
		setWindow(p, c.Kernel, c.Stride, c.Dilation, c.Pad)
		p.Groups = int32(c.Groups)
		if p.W == 1 && p.OutW == 1 && c.Kernel.W == 1 && c.Kernel.H > 1 {
			columnAsRow(p)
		}
	},
	kernels: only(shaders.DepthwiseTiled, shaders.Depthwise, shaders.Grouped, shaders.Dense, shaders.Stem,
		shaders.Winograd, shaders.PointwiseTiled, shaders.ConvTiled, shaders.PointwiseShared, shaders.ConvShared, shaders.Pointwise, shaders.Conv),
	values: func(op graph.Op, param func(string) []float32) (weight, bias []float32, err error) {
		c := op.(graph.Conv2D)
		return param(c.Weight), param(c.Bias), nil
	},
	dims:          func(op graph.Op) shaders.Dims { return convDims(op.(graph.Conv2D)) },
	takesEpilogue: true,
	merges:        func(op graph.Op) bool { return op.(graph.Conv2D).Pointwise() },
}

// columnAsRow turns an image of one column, which lies in memory as one of one row does, as do the taps: kernels work along rows.
func columnAsRow(p *shaders.Params) {
	p.H, p.W, p.OutH, p.OutW = p.W, p.H, p.OutW, p.OutH
	p.KernelH, p.KernelW = p.KernelW, p.KernelH
	p.StrideH, p.StrideW = 1, p.StrideH
	p.DilationH, p.DilationW = 1, p.DilationH
	p.PadTop, p.PadLeft, p.PadBottom, p.PadRight = p.PadLeft, p.PadTop, p.PadRight, p.PadBottom
}

func convDims(c graph.Conv2D) shaders.Dims {
	return shaders.Dims{Out: c.Out, In: c.In / c.Groups, KernelH: c.Kernel.H, KernelW: c.Kernel.W, Groups: c.Groups}
}

// setWindow tells the kernels of a window.
func setWindow(p *shaders.Params, kernel, stride, dilation graph.Pair, pad graph.Padding) {
	p.KernelH, p.KernelW = int32(kernel.H), int32(kernel.W)
	p.StrideH, p.StrideW = int32(stride.H), int32(stride.W)
	p.DilationH, p.DilationW = int32(dilation.H), int32(dilation.W)
	setPadding(p, pad)
	p.InvArea = float32(1 / float64(kernel.H*kernel.W))
}

func setPadding(p *shaders.Params, pad graph.Padding) {
	p.PadTop, p.PadLeft, p.PadBottom, p.PadRight = int32(pad.Top), int32(pad.Left), int32(pad.Bottom), int32(pad.Right)
}
