package plan

import (
	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

var convTransposeRow = operator{
	lower: func(d *draft, n lowering) error {
		d.units = append(d.units, n.unit(n.node.Op.(graph.ConvTranspose2D).Norm()))
		return nil
	},
	attributes: func(p *shaders.Params, op graph.Op) {
		c := op.(graph.ConvTranspose2D)
		setWindow(p, c.Kernel, c.Stride, c.Dilation, c.Pad)
		p.Groups = int32(c.Groups)
	},
	kernels: only(shaders.ConvTransposeTiled, shaders.ConvTranspose, shaders.ConvTransposeDepthwise, shaders.ConvTransposeGrouped),
	values: func(op graph.Op, param func(string) []float32) (weight, bias []float32, err error) {
		c := op.(graph.ConvTranspose2D)
		return param(c.Weight), param(c.Bias), nil
	},
	dims: func(op graph.Op) shaders.Dims {
		c := op.(graph.ConvTranspose2D)
		return shaders.Dims{Out: c.Out, In: c.In / c.Groups, KernelH: c.Kernel.H, KernelW: c.Kernel.W, Groups: c.Groups}
	},
	takesEpilogue: true,
}
