package plan

import (
	"slices"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// moveRow: its weights are the tables of its axes, whose places float32 holds exactly.
var moveRow = operator{
	lower: func(d *draft, n lowering) error {
		m, _, err := n.node.Op.(graph.Move).Resolve(n.in[0])
		if err == nil {
			u := n.unit(m)
			u.weights.source = m
			d.units = append(d.units, u)
		}
		return err
	},
	attributes: func(p *shaders.Params, op graph.Op) { setMove(p, op.(graph.Move)) },
	kernels:    only(shaders.Move),
	values: func(op graph.Op, _ func(string) []float32) (weight, bias []float32, err error) {
		return tables(op.(graph.Move)), nil, nil
	},
	dims: func(op graph.Op) shaders.Dims {
		return shaders.Dims{Out: len(tables(op.(graph.Move))), In: 1, KernelH: 1, KernelW: 1}
	},
	takesEpilogue: true,
}

// tables are the indices of all axes, as the kernel meets them, each filled up to whole texels.
func tables(m graph.Move) []float32 {
	var all []float32
	for _, axes := range m.To {
		for _, a := range slices.Backward(axes) {
			for _, i := range a.Index {
				all = append(all, float32(i))
			}
			all = append(all, make([]float32, -len(all)&3)...)
		}
	}
	return all
}

// setMove tells the kernel of a resolved Move's axes.
func setMove(p *shaders.Params, m graph.Move) {
	_, extents, err := m.Resolve(tensor.Shape{N: int(p.N), C: int(p.C), H: int(p.H), W: int(p.W)})
	if err != nil {
		return // the kernel refuses what has no axes; a lowered Move doesn't get here
	}
	// What a step along each of the input's axes is, in texels and in channels.
	plane := p.H * p.W
	unit := [4]shaders.Axis{{Texels: int32(groups(int(p.C))) * plane}, {Channels: 1}, {Texels: p.W}, {Texels: 1}}
	strides := make([]shaders.Axis, len(extents))
	for i, k := len(extents)-1, 3; k >= 0; k-- {
		stride := int32(1)
		for range m.From[k] {
			strides[i] = shaders.Axis{Texels: unit[k].Texels * stride, Channels: unit[k].Channels * stride}
			stride *= int32(extents[i])
			i--
		}
	}
	p.Value, p.FirstTexel, p.FirstChannel = m.Value, 0, 0
	p.Axes, p.Axis = [4]int32{}, [shaders.MaxAxes]shaders.Axis{}
	next, table := 0, int32(0)
	for k, axes := range m.To {
		p.Axes[k] = int32(len(axes))
		for _, a := range slices.Backward(axes) {
			var s shaders.Axis
			if a.Of != graph.Repeat {
				s = strides[a.Of]
			}
			s.Extent, s.Table = int32(a.Len()), -1
			if a.Index != nil {
				s.Table = table
				table += int32(4 * groups(len(a.Index)))
			} else {
				p.FirstTexel += int32(a.Start) * s.Texels
				p.FirstChannel += int32(a.Start) * s.Channels
				s.Texels *= int32(a.Step)
				s.Channels *= int32(a.Step)
			}
			p.Axis[next] = s
			next++
		}
	}
	p.Mode = 0
	if whole(p) {
		p.Mode = 1
	}
}

// whole reports that the 4 channels of each texel of the output are a texel of the input's: they are 4 in order, and nothing else
// leads to channels between.
func whole(p *shaders.Params) bool {
	if p.FirstChannel%4 != 0 {
		return false
	}
	first := int(p.Axes[0])
	for k, a := range p.Axis[:p.Axes[0]+p.Axes[1]+p.Axes[2]+p.Axes[3]] {
		inner := k == first && p.Axes[1] > 0
		switch {
		case inner && (a.Table >= 0 || a.Channels != 1 || p.Axes[1] > 1 && a.Extent%4 != 0):
			return false
		case !inner && a.Channels%4 != 0:
			return false
		}
	}
	return p.Axes[1] > 0
}
