package plan

import (
	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

// quantizeRow: the scales are its weight, the zero points its bias.
var quantizeRow = operator{
	lower: func(d *draft, n lowering) error {
		q := n.node.Op.(graph.Quantize)
		if err := q.CheckValues(n.param(q.Scale), n.param(q.Zero)); err != nil {
			return err
		}
		d.units = append(d.units, n.unit(n.node.Op))
		return nil
	},
	attributes: func(p *shaders.Params, op graph.Op) {
		q := op.(graph.Quantize)
		p.Alpha, p.Beta = q.Low, q.High
		if q.Codes {
			p.Mode = 1
		}
	},
	kernels: only(shaders.Quantize),
	values: func(op graph.Op, param func(string) []float32) (weight, bias []float32, err error) {
		q := op.(graph.Quantize)
		return param(q.Scale), param(q.Zero), nil
	},
	dims: func(op graph.Op) shaders.Dims {
		return shaders.Dims{Out: op.(graph.Quantize).Channels, In: 1, KernelH: 1, KernelW: 1}
	},
	takesEpilogue: true,
}
