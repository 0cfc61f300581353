package shaders

// Launch is one dispatch of a step.
type Launch struct {
	Source     Source
	Workgroups [3]int
	From, To   Place // what is bound as its input and as its destination
	Second     bool  // it reads the step's second input
}

// Place is a part of a step's memory.
type Place int

// The places.
const (
	Tensors Place = iota // the step's input, or its destinations
	Scratch              // what one dispatch of the step hands to the next: see Key.ScratchTexels
)

// Launches are the dispatches that compute p with k, in order, with a barrier between. One is the rule; a split sum takes
// two: parts of the sum go to scratch, then they are added in order, with bias and activation.
func (k Key) Launches(p *Params) ([]Launch, error) {
	if err := k.Validate(); err != nil {
		return nil, err
	}
	if k.splits() == 1 {
		src, err := k.source()
		return []Launch{{Source: src, Workgroups: k.Workgroups(p), Second: k.Kernel.second || k.Residual}}, err
	}
	first := k
	first.partial, first.Acts, first.Residual = true, 0, false // what a part stores is the same for every destination
	parts, err := first.source()
	if err != nil {
		return nil, err
	}
	last := k.sum()
	sum, err := last.source()
	return []Launch{
		{Source: parts, Workgroups: first.Workgroups(p), To: Scratch},
		{Source: sum, Workgroups: last.Workgroups(p), From: Scratch, Second: k.Residual},
	}, err
}

// sum is the second dispatch of a split sum.
func (k Key) sum() Key {
	return Key{Kernel: SplitSum, Load: k.Load, Aligned: k.Aligned, Pairs: k.Pairs, Wide: k.Wide, Acts: k.Acts, Residual: k.Residual, Splits: k.Splits}
}

// ScratchTexels is how many texels the dispatches of a step hand on: 0 where there is one.
func (k Key) ScratchTexels(p *Params) int {
	if k.splits() == 1 {
		return 0
	}
	return k.splits() * p.texels()
}

// Workgroups is how many workgroups of the first dispatch cover p. A count past 65535 along x is folded into z: a kernel's
// workgroup index is x + z·gl_NumWorkGroups.x.
func (k Key) Workgroups(p *Params) [3]int {
	n := k.Kernel.workgroups(k, p)
	z := ceil(n[0], maxWorkgroups)
	return [3]int{ceil(n[0], z), n[1], z}
}
