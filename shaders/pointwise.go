package shaders

import "fmt"

// Pointwise is pointwise.comp.
var Pointwise = &Kernel{
	Name: "pointwise", Plain: true, scalar: true, convolves: true, local: [2]int{64}, layout: ConvTexels,
	serves: servesPointwise,
	workgroups: func(k Key, p *Params) [2]int {
		return [2]int{ceil(p.pixels(), k.localX()), 4 * int(p.OutG)}
	},
	iterations: func(_ Key, p *Params) int { return int(p.C) + ceil(int(p.C), 64) },
}

// servesPointwise: a 1×1 convolution, stride 1, no padding, one group.
func servesPointwise(_ Key, p *Params) error {
	one := p.KernelH == 1 && p.KernelW == 1 && p.StrideH == 1 && p.StrideW == 1 && p.PadTop|p.PadLeft|p.PadBottom|p.PadRight == 0
	if !one || p.Groups != 1 {
		return fmt.Errorf("window %d×%d, stride %d×%d, %d groups: it serves 1×1, stride 1, no padding, one group",
			p.KernelH, p.KernelW, p.StrideH, p.StrideW, p.Groups)
	}
	if p.OutH != p.H || p.OutW != p.W {
		return fmt.Errorf("the output has the input's %d×%d pixels, not %d×%d", p.H, p.W, p.OutH, p.OutW)
	}
	return nil
}
