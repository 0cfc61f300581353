package plan

import (
	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

var poolRow = operator{
	lower: func(d *draft, n lowering) error {
		d.units = append(d.units, n.unit(n.node.Op.(graph.Pool2D).Norm()))
		return nil
	},
	attributes: func(p *shaders.Params, op graph.Op) {
		pool := op.(graph.Pool2D)
		setWindow(p, pool.Kernel, pool.Stride, pool.Dilation, pool.Pad)
		if pool.CountIncludePad {
			p.CountIncludePad = 1
		}
	},
	kernels: func(op graph.Op) []*shaders.Kernel {
		if op.(graph.Pool2D).Type == graph.Max {
			return []*shaders.Kernel{shaders.MaxPoolTiled, shaders.MaxPool, shaders.MaxPoolWide}
		}
		return []*shaders.Kernel{shaders.AvgPoolTiled, shaders.AvgPool, shaders.AvgPoolWide}
	},
	takesEpilogue: true,
}

// globalPoolRow: a pool with a window of the input's size.
var globalPoolRow = operator{
	lower: func(d *draft, n lowering) error {
		d.units = append(d.units, n.unit(n.node.Op.(graph.GlobalPool).Pool(n.in[0])))
		return nil
	},
}
