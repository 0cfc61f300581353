package plan

import (
	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

var normalizeRow = operator{
	attributes: func(p *shaders.Params, op graph.Op) {
		n := op.(graph.Normalize)
		p.Mode, p.Offset = normalizeModes[n.Type], float32(n.Eps)
		if p.Groups = 1; n.Groups > 0 {
			p.Groups = int32(n.Groups)
		}
		p.Size = p.C / p.Groups
		p.InvArea = float32(1 / float64(n.Count(shapeOf(p))))
		if n.Type == graph.L1 || n.Type == graph.L2 { // sums
			p.InvArea, p.Offset = 1, 0
		}
	},
	kernels: func(op graph.Op) []*shaders.Kernel {
		if op.(graph.Normalize).Groups > 0 {
			return []*shaders.Kernel{shaders.NormalizeGroups}
		}
		return []*shaders.Kernel{shaders.NormalizeWide, shaders.Normalize}
	},
	values: func(op graph.Op, param func(string) []float32) (weight, bias []float32, err error) {
		n := op.(graph.Normalize)
		if weight = param(n.Scale); weight == nil {
			weight = make([]float32, n.Channels)
			for c := range weight {
				weight[c] = 1
			}
		}
		return weight, param(n.Shift), nil
	},
	dims: func(op graph.Op) shaders.Dims {
		return shaders.Dims{Out: op.(graph.Normalize).Channels, In: 1, KernelH: 1, KernelW: 1}
	},
	takesEpilogue: true,
}

// normalizeModes are what the kernels know the types as; OutShape refuses all others.
var normalizeModes = map[graph.NormalizeKind]int32{
	graph.Standard:       shaders.NormalizeCentred,
	graph.RootMeanSquare: shaders.NormalizeSquares,
	graph.L1:             shaders.NormalizeSizes,
	graph.L2:             shaders.NormalizeSquares,
}
