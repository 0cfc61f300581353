package shaders

import "fmt"

// Reshape is reshape.comp.
var Reshape = &Kernel{
	Name: "reshape", Plain: true, local: [2]int{64},
	serves: func(_ Key, p *Params) error {
		in, out := int(p.N)*int(p.C)*int(p.H)*int(p.W), int(p.OutN)*int(p.OutC)*int(p.OutH)*int(p.OutW)
		if in != out || out < 1 {
			return fmt.Errorf("the input has %d elements, the output %d", in, out)
		}
		return nil
	},
	workgroups: func(k Key, p *Params) [2]int {
		return [2]int{ceil(int(p.OutN)*int(p.OutG)*int(p.OutH)*int(p.OutW), k.localX()), 1}
	},
}
