package shaders

// Launch is one dispatch of a step.
type Launch struct {
	key        Key
	Workgroups [3]int
	First      [2]int // where its workgroups begin among the step's, along x and y: Params.FromGroupX, FromGroupY
	From, To   Place  // what is bound as its input and as its destination
	FromRange  Range  // where From is Scratch
	ToRange    Range  // where To is
	Input      bool   // the step's input is bound, too: as BindInput
	Second     bool   // it reads the step's second input
	Totals     bool   // all of scratch is bound, too: as BindTotals
	Tiles      [2]int // winograd: the first of the tiles that it works on, and their number
}

// Source is its shader. The text is made anew each time: it is long, and most who look at launches don't want it.
func (l Launch) Source() (Source, error) { return l.key.source() }

// SameProgram reports that both run the same shader.
func (l Launch) SameProgram(as Launch) bool { return l.key == as.key }

// Fill writes what differs between a step's launches into its parameters.
func (l Launch) Fill(p *Params) {
	p.FromGroupX, p.FromGroupY = int32(l.First[0]), int32(l.First[1])
	p.FromTile, p.PartTiles = int32(l.Tiles[0]), int32(l.Tiles[1])
}

// Split is l in parts of at most each workgroups. Every workgroup does what it did, so that the bits are the same; scratch for totals is
// each part's anew, so that there must be a barrier between.
func (l Launch) Split(each int) []Launch {
	x, y := l.Workgroups[0]*l.Workgroups[2], l.Workgroups[1]
	if x*y <= each {
		return []Launch{l}
	}
	width := max(min(x, each, maxWorkgroups), 1)
	height := max(each/width, 1)
	var parts []Launch
	for atY := 0; atY < y; atY += height {
		for atX := 0; atX < x; atX += width {
			part := l
			part.First = [2]int{atX, atY}
			part.Workgroups = [3]int{min(width, x-atX), min(height, y-atY), 1}
			parts = append(parts, part)
		}
	}
	return parts
}

// Range is a part of a step's scratch, in texels.
type Range struct{ First, Texels int }

// Place is a part of a step's memory.
type Place int

// The places.
const (
	Tensors Place = iota // the step's input, or its destinations
	Scratch              // what one dispatch of the step hands to the next, or keeps for itself: see Key.ScratchTexels
)

// Launches are the dispatches that compute p with k, in order, with a barrier between. One is the rule; a split sum takes
// two: parts of the sum go to scratch, then they are added in order, with bias and activation. Other kernels have launches of their own.
func (k Key) Launches(p *Params) ([]Launch, error) {
	if err := k.Validate(); err != nil {
		return nil, err
	}
	if k.Kernel.launches != nil {
		return k.Kernel.launches(k, p)
	}
	if k.splits() == 1 {
		return []Launch{{key: k, Workgroups: k.Workgroups(p), Second: k.Kernel.second || k.Residual, Totals: k.Totals == TotalsScratch}}, nil
	}
	first := k
	first.partial, first.Acts, first.Residual = true, 0, false // what a part stores is the same for every destination
	last := k.sum()
	for _, k := range []Key{first, last} {
		if err := k.Validate(); err != nil {
			return nil, err
		}
	}
	all := Range{Texels: k.splits() * p.texels()}
	return []Launch{
		{key: first, Workgroups: first.Workgroups(p), To: Scratch, ToRange: all, Totals: k.Totals == TotalsScratch},
		{key: last, Workgroups: last.Workgroups(p), From: Scratch, FromRange: all, Second: k.Residual},
	}, nil
}

// filled are launches, one for each key, with that and its workgroups.
func filled(launches []Launch, p *Params, keys ...Key) ([]Launch, error) {
	for i, k := range keys {
		if err := k.Validate(); err != nil {
			return nil, err
		}
		launches[i].key, launches[i].Workgroups = k, k.Workgroups(p)
	}
	return launches, nil
}

// sum is the second dispatch of a split sum.
func (k Key) sum() Key {
	return Key{Kernel: SplitSum, Load: k.Load, Aligned: k.Aligned, Pairs: k.Pairs, Wide: k.Wide, Acts: k.Acts, Residual: k.Residual, Splits: k.Splits}
}

// ScratchTexels is how many texels of memory a step needs besides its tensors: parts of a split sum, then totals.
func (k Key) ScratchTexels(p *Params) int {
	if k.Kernel.scratch != nil {
		n := 0
		for _, r := range k.Kernel.scratch(k, p) {
			n = max(n, r.First+r.Texels)
		}
		return n
	}
	n := k.totalTexels(p)
	if k.splits() > 1 {
		n += k.splits() * p.texels()
	}
	return n
}

// ScratchBound is how many of these texels a dispatch binds at once, at most.
func (k Key) ScratchBound(p *Params) int {
	if k.Kernel.scratch != nil {
		n := 0
		for _, r := range k.Kernel.scratch(k, p) {
			n = max(n, r.Texels)
		}
		return n
	}
	return k.ScratchTexels(p)
}

// Workgroups is how many workgroups of the first dispatch cover p. A count past 65535 along x is folded into z: a kernel's
// workgroup index is x + z·gl_NumWorkGroups.x.
func (k Key) Workgroups(p *Params) [3]int {
	n := k.Kernel.workgroups(k, p)
	z := ceil(n[0], maxWorkgroups)
	return [3]int{ceil(n[0], z), n[1], z}
}
