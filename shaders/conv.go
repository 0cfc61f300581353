package shaders

// Conv is conv.comp.
var Conv = &Kernel{
	Name: "conv", Plain: true, scalar: true, convolves: true, local: [2]int{64}, layout: ConvTexels,
	workgroups: func(k Key, p *Params) [2]int {
		return [2]int{ceil(p.pixels(), k.localX()), 4 * int(p.OutG)}
	},
	iterations: func(_ Key, p *Params) int {
		return int(p.C) / max(int(p.Groups), 1) * (2 + int(p.KernelH)*(1+int(p.KernelW)))
	},
}
