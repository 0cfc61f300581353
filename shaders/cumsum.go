package shaders

// CumSum is cumsum.comp.
var CumSum = &Kernel{
	Name: "cumsum", Plain: true, local: [2]int{64}, serves: keepsShape,
	workgroups: func(k Key, p *Params) [2]int { return [2]int{ceil(p.pixels(), k.localX()), 1} },
	iterations: func(_ Key, p *Params) int { return groups(int(p.C)) * (1 + MaxSegments) },
}
