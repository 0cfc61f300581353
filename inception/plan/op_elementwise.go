package plan

import (
	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

// Activations: alone they are a copy with an epilogue.
var (
	reluRow = operator{
		kernels:  only(shaders.Copy),
		epilogue: func(graph.Op) epilogue { return epilogue{act: shaders.ActReLU} },
	}
	clipRow = operator{
		kernels: only(shaders.Copy),
		epilogue: func(op graph.Op) epilogue {
			return epilogue{shaders.ActClip, op.(graph.Clip).Min, op.(graph.Clip).Max}
		},
	}
	sigmoidRow = operator{
		kernels:  only(shaders.Copy),
		epilogue: func(graph.Op) epilogue { return epilogue{act: shaders.ActSigmoid} },
	}
)

var lrnRow = operator{
	attributes: func(p *shaders.Params, op graph.Op) {
		lrn := op.(graph.LRN)
		p.Size = int32(lrn.Size)
		p.Alpha, p.Beta, p.Offset = float32(lrn.Alpha/float64(lrn.Size)), float32(lrn.Beta), float32(lrn.Bias)
	},
	kernels: only(shaders.LRN),
}

var softmaxRow = operator{kernels: only(shaders.Softmax, shaders.SoftmaxWide)}
