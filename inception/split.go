package inception

import (
	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

// maxStepWeights is the most that one step's packed weights may take, in floats: 64 MiB, half of what software drivers
// and some mobile ones allow a buffer. Only fully connected layers such as VGG's are larger.
const maxStepWeights = 64 << 20 / 4

// splitWeights replaces a convolution whose packed weights exceed limit by several, each with a range of the output channels
// and writing at its channel offset: no result changes.
func (p *program) splitWeights(limit int) {
	var units []*unit
	for _, u := range p.units {
		c, ok := u.op.(graph.Conv2D)
		if !ok || c.Groups != 1 || packedConv(c) <= limit {
			units = append(units, u)
			continue
		}
		group := c
		group.Out = 4
		step := max(4*(limit/packedConv(group)), 4) // whole groups of 4 channels
		for first := 0; first < c.Out; first += step {
			units = append(units, u.outputs(c, first, min(step, c.Out-first)))
		}
	}
	p.units = units
}

// outputs is the convolution's part for n output channels.
func (u *unit) outputs(c graph.Conv2D, first, n int) *unit {
	part := *u
	each := len(u.weight) / c.Out
	c.Out = n
	part.op = c
	part.out.channel += first
	part.shape.C = n
	part.weight = u.weight[first*each : (first+n)*each]
	if u.bias != nil {
		part.bias = u.bias[first : first+n]
	}
	return &part
}

func packedConv(c graph.Conv2D) int {
	return shaders.PackedConvLen(c.Out, c.In/c.Groups, c.Kernel.H, c.Kernel.W)
}
