package shaders

import (
	"fmt"
	"slices"
)

// Move is move.comp.
var Move = &Kernel{
	Name: "move", Plain: true, local: [2]int{64}, layout: ChannelTexels, serves: servesMove,
	workgroups: func(k Key, p *Params) [2]int {
		return [2]int{ceil(int(p.OutN)*int(p.OutG)*int(p.OutH)*int(p.OutW), k.localX()), 1}
	},
	uneven: func(p *Params) bool {
		used := p.Axis[:min(max(p.Axes[0]+p.Axes[1]+p.Axes[2]+p.Axes[3], 0), MaxAxes)]
		return max(p.Axes[0], p.Axes[1], p.Axes[2], p.Axes[3]) > 1 || slices.ContainsFunc(used, func(a Axis) bool { return a.Table >= 0 })
	},
	iterations: func(_ Key, p *Params) int { return int(p.Axes[0] + 4*p.Axes[1] + p.Axes[2] + p.Axes[3]) },
}

// servesMove reports axes that don't make up the output.
func servesMove(_ Key, p *Params) error {
	k := 0
	for i, extent := range [4]int32{p.OutN, p.OutC, p.OutH, p.OutW} {
		if p.Axes[i] < 0 || int(p.Axes[i]) > MaxAxes-k {
			return fmt.Errorf("%v axes: at most %d are possible", p.Axes, MaxAxes)
		}
		n := 1
		for _, a := range p.Axis[k:][:p.Axes[i]] {
			n *= int(a.Extent)
		}
		if n != int(extent) {
			return fmt.Errorf("axes of %d places make up the output's %d", n, extent)
		}
		k += int(p.Axes[i])
	}
	return nil
}
