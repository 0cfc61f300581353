package plan

import (
	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

var matMulRow = operator{
	kernels: func(op graph.Op) []*shaders.Kernel {
		m := op.(graph.MatMul)
		return shaders.MatMuls(m.TransA, m.TransB)
	},
	takesEpilogue: true,
}
