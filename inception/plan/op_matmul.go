package plan

import (
	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

var matMulRow = operator{
	attributes: func(p *shaders.Params, op graph.Op) {
		m := op.(graph.MatMul)
		p.Mode = shaders.MatMulMode(m.TransA, m.TransB)
	},
	kernels: func(op graph.Op) []*shaders.Kernel {
		m := op.(graph.MatMul)
		return shaders.MatMuls(m.TransA, m.TransB)
	},
	takesEpilogue: true,
}
