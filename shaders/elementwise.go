package shaders

import "fmt"

// Kernels that compute one texel of 4 channels from the same place of their inputs.
var (
	Copy   = &Kernel{Name: "copy", Plain: true, local: [2]int{64}, serves: keepsShape, workgroups: perTexel}                          // copy.comp
	Affine = &Kernel{Name: "affine", Plain: true, local: [2]int{64}, serves: keepsShape, workgroups: perTexel, layout: ChannelTexels} // affine.comp
)

// LRN is lrn.comp.
var LRN = &Kernel{
	Name: "lrn", Plain: true, local: [2]int{64}, serves: keepsShape, workgroups: perTexel,
	iterations: func(_ Key, p *Params) int { return min(int(p.Size)/4+3, int(p.OutG)) },
}

// Pad is pad.comp.
var Pad = &Kernel{
	Name: "pad", Plain: true, local: [2]int{64}, workgroups: perTexel,
	serves: func(k Key, p *Params) error {
		if p.OutH != p.H+p.PadTop+p.PadBottom || p.OutW != p.W+p.PadLeft+p.PadRight {
			return fmt.Errorf("the output's %d×%d pixels are not the padded input's", p.OutH, p.OutW)
		}
		return keepsChannels(k, p)
	},
}
