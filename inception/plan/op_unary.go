package plan

import (
	"math"

	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

// unaryRow: as the other activations. What jumps or has no steepest slope stays alone: behind a sum, its rounding errors would show
// without a bound.
var unaryRow = operator{
	kernels: only(shaders.Copy),
	epilogue: func(op graph.Op) epilogue {
		u := op.(graph.Unary)
		return unaryEpilogues[u.Type](u.Alpha, u.Beta)
	},
	alone: func(op graph.Op) bool { return math.IsInf(op.(graph.Unary).Steepest(), 0) },
}

// unaryEpilogues are what the kernels know the types as; OutShape refuses all others.
var unaryEpilogues = map[graph.UnaryKind]func(alpha, beta float32) epilogue{
	graph.Abs:             plain(shaders.ActAbs),
	graph.Ceil:            plain(shaders.ActCeil),
	graph.Celu:            func(alpha, _ float32) epilogue { return epilogue{shaders.ActCelu, alpha, 1 / alpha} },
	graph.Elu:             func(alpha, _ float32) epilogue { return epilogue{shaders.ActElu, alpha, 1} },
	graph.Erf:             plain(shaders.ActErf),
	graph.Exp:             plain(shaders.ActExp),
	graph.Floor:           plain(shaders.ActFloor),
	graph.Gelu:            plain(shaders.ActGelu),
	graph.GeluTanh:        plain(shaders.ActGeluTanh),
	graph.HardSigmoid:     both(shaders.ActHardSigmoid),
	graph.HardSwish:       both(shaders.ActHardSwish),
	graph.LeakyReLU:       both(shaders.ActLeakyReLU),
	graph.Log:             plain(shaders.ActLog),
	graph.Mish:            plain(shaders.ActMish),
	graph.Reciprocal:      plain(shaders.ActReciprocal),
	graph.Round:           plain(shaders.ActRound),
	graph.Selu:            func(alpha, beta float32) epilogue { return epilogue{shaders.ActElu, alpha * beta, beta} },
	graph.Shrink:          both(shaders.ActShrink),
	graph.Sign:            plain(shaders.ActSign),
	graph.Softplus:        plain(shaders.ActSoftplus),
	graph.Softsign:        plain(shaders.ActSoftsign),
	graph.Sqrt:            plain(shaders.ActSqrt),
	graph.Swish:           both(shaders.ActSwish),
	graph.Tanh:            plain(shaders.ActTanh),
	graph.ThresholdedReLU: both(shaders.ActThresholdedReLU),
}

// plain has no numbers; both has α as low and β as high.
func plain(act shaders.Act) func(_, _ float32) epilogue {
	return func(_, _ float32) epilogue { return epilogue{act: act} }
}

func both(act shaders.Act) func(alpha, beta float32) epilogue {
	return func(alpha, beta float32) epilogue { return epilogue{act, alpha, beta} }
}
