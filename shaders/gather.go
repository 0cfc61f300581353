package shaders

import "fmt"

// Gather is gather.comp.
var Gather = &Kernel{
	Name: "gather", Plain: true, local: [2]int{64}, workgroups: perTexel, layout: ChannelTexels,
	serves: func(_ Key, p *Params) error {
		if p.OutH != p.H || p.OutW != p.W {
			return fmt.Errorf("the output has the input's %d×%d pixels, not %d×%d", p.H, p.W, p.OutH, p.OutW)
		}
		if p.C > 1<<24 {
			return fmt.Errorf("%d channels: it tells 2^24 apart", p.C)
		}
		return nil
	},
}
