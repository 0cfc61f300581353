package shaders

import "fmt"

// Depthwise is depthwise.comp.
var Depthwise = &Kernel{
	Name: "depthwise", Plain: true, convolves: true, local: [2]int{64}, layout: DepthwiseTexels,
	serves: servesDepthwise, workgroups: perTexel,
	iterations: func(_ Key, p *Params) int { return int(p.KernelH) * (1 + ceil(int(p.KernelW), 16) + int(p.KernelW)) },
}

// servesDepthwise: as many groups as channels and outputs. (Where a channel has several outputs, grouped serves.)
func servesDepthwise(_ Key, p *Params) error {
	if p.Groups != p.C || p.OutC != p.C || p.Segments != 1 {
		return fmt.Errorf("%d groups, %d channels to %d: it serves groups of one, to one destination", p.Groups, p.C, p.OutC)
	}
	return nil
}
