package plan

import (
	"slices"

	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

// splitWeights replaces a convolution whose packed weights exceed limit by several, each with a range of the output channels
// and writing at its channel offset: no result changes.
func (d *draft) splitWeights(limit int) {
	var units []*unit
	for _, u := range d.units {
		c, ok := u.op.(graph.Conv2D)
		if !ok || c.Groups != 1 || packedConv(c) <= limit {
			units = append(units, u)
			continue
		}
		group := c
		group.Out = 4
		step := max(4*(limit/packedConv(group)), 4) // whole groups of 4 channels
		for first := 0; first < c.Out; first += step {
			part := c
			part.Out = min(step, c.Out-first)
			units = append(units, u.outputs(part, first, part.Out))
		}
	}
	d.units = units
}

// outputs is the convolution's part for n output channels.
func (u *unit) outputs(c graph.Conv2D, first, n int) *unit {
	part := *u
	part.nodes, part.weights.folds = slices.Clip(u.nodes), slices.Clip(u.weights.folds)
	part.op, part.weights.only = c, channelRange{first, n}
	part.out.channel += first
	part.shape.C = n
	return &part
}

// packedConv is the most floats that a kernel's layout makes of a convolution's weights and bias.
func packedConv(c graph.Conv2D) int {
	return shaders.ConvTexels.Len(convDims(c)) + shaders.PackedBiasLen(c.Out)
}
