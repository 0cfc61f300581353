package shaders

// Softmax is softmax.comp.
var Softmax = &Kernel{
	Name: "softmax", Plain: true, local: [2]int{64}, serves: keepsShape,
	workgroups: func(k Key, p *Params) [2]int { return [2]int{ceil(p.pixels(), k.localX()), 1} },
	iterations: func(_ Key, p *Params) int { return groups(int(p.C)) * (3 + MaxSegments) },
}

// SoftmaxWide is softmax_wide.comp.
var SoftmaxWide = &Kernel{
	Name: "softmax_wide", local: [2]int{64}, serves: keepsShape,
	workgroups: func(_ Key, p *Params) [2]int { return [2]int{p.pixels(), 1} },
	iterations: func(k Key, p *Params) int { return ceil(groups(int(p.C)), k.localX())*(3+MaxSegments) + 2*k.localX() },
	shared:     func(k Key) int { return 4 * k.localX() },
	candidates: func(p *Params) []Key {
		if p.C < 128 {
			return nil // half of the invocations would have nothing to do
		}
		return []Key{{}}
	},
}
