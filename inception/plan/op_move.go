package plan

import (
	"fmt"

	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

// Operators that move values and compute nothing.

// concatRow: one copy for each input, to its channels of the output.
var concatRow = operator{
	lower: func(d *draft, n lowering) error {
		channel := 0
		for k, v := range n.node.In {
			u := n.unit(graph.Concat{})
			u.name = fmt.Sprintf("%s[%d]", n.node.Name, k)
			u.in, u.in2, u.out.channel, u.shape = int(v), none, channel, n.in[k]
			d.units = append(d.units, u)
			channel += n.in[k].C
		}
		return nil
	},
	kernels: only(shaders.Copy),
}

var reshapeRow = operator{kernels: only(shaders.Reshape)}

var padRow = operator{
	attributes: func(p *shaders.Params, op graph.Op) {
		pad := op.(graph.Pad2D)
		setPadding(p, pad.Pad)
		p.Value, p.Mode = pad.Value, int32(pad.Mode)
	},
	kernels: only(shaders.Pad),
}

// channelsRow: its weights are the indices, which float32 holds exactly.
var channelsRow = operator{
	kernels: only(shaders.Gather),
	values: func(op graph.Op, _ func(string) []float32) (weight, bias []float32, err error) {
		index := op.(graph.Channels).Index
		weight = make([]float32, len(index))
		for i, c := range index {
			weight[i] = float32(c)
		}
		return weight, nil, nil
	},
	dims: func(op graph.Op) shaders.Dims {
		return shaders.Dims{Out: len(op.(graph.Channels).Index), In: 1, KernelH: 1, KernelW: 1}
	},
}
