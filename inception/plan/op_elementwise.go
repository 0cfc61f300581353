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

// cumSumRow: the mode's bits say what the operator says.
var cumSumRow = operator{
	attributes: func(p *shaders.Params, op graph.Op) {
		c := op.(graph.CumSum)
		if c.Exclusive {
			p.Mode |= 1
		}
		if c.Reverse {
			p.Mode |= 2
		}
	},
	kernels: only(shaders.CumSum),
}

var softmaxRow = operator{kernels: only(shaders.Softmax, shaders.SoftmaxWide)}
