package shaders

// Values of Params.Mode.
const (
	NormalizeCentred int32 = iota // by the root of the mean square of what differs from the mean, which is subtracted
	NormalizeSquares              // by the root of the mean square
	NormalizeSizes                // by the sum of magnitudes
)

// The kernels that normalize the channels of each pixel.
var (
	// Normalize is normalize.comp.
	Normalize = &Kernel{
		Name: "normalize", Plain: true, local: [2]int{64}, layout: ChannelTexels, serves: keepsShape,
		workgroups: Softmax.workgroups, iterations: Softmax.iterations,
	}
	// NormalizeWide is normalize_wide.comp.
	NormalizeWide = &Kernel{
		Name: "normalize_wide", local: [2]int{64}, layout: ChannelTexels, serves: keepsShape,
		workgroups: SoftmaxWide.workgroups, iterations: SoftmaxWide.iterations, candidates: SoftmaxWide.candidates,
		shared: func(k Key) int { return 16 * k.localX() },
	}
)

// NormalizeGroups is normalize_groups.comp: the first of two dispatches, before NormalizeApply.
var NormalizeGroups = &Kernel{
	Name: "normalize_groups", Plain: true, hands: true, local: [2]int{64}, layout: ChannelTexels, serves: keepsShape,
	workgroups: func(_ Key, p *Params) [2]int { return [2]int{int(p.N) * p.normalized(), 1} },
	iterations: func(k Key, p *Params) int { return 2*(1+ceil(p.groupTexelsOf(), k.localX())+k.localX()) + 1 },
	shared:     func(k Key) int { return 16 * k.localX() },
	launches:   Key.normalizeLaunches,
	scratch:    func(_ Key, p *Params) []Range { return []Range{{Texels: 2 * int(p.N) * p.normalized()}} },
	onGPU: func(p *Params) []Key {
		if p.groupTexelsOf() < 1024 {
			return []Key{{}}
		}
		return []Key{{LocalX: 256}, {}}
	},
}

// NormalizeApply is normalize_apply.comp. It is no step's kernel by itself.
var NormalizeApply = &Kernel{
	Name: "normalize_apply", input: true, local: [2]int{64}, workgroups: perTexel,
}

// normalized is how many means and factors an image has: one for each group, or for each texel of channels where each is its own.
func (p *Params) normalized() int {
	if p.Size == 1 {
		return int(p.OutG)
	}
	return int(p.Groups)
}

// groupTexelsOf bounds the texels that hold a group of channels.
func (p *Params) groupTexelsOf() int {
	return (groups(int(p.Size)) + number(p.Size%4 > 1)) * int(p.H) * int(p.W)
}

// normalizeLaunches are the two dispatches.
func (k Key) normalizeLaunches(p *Params) ([]Launch, error) {
	first := k
	first.Acts = 0
	last := Key{Kernel: NormalizeApply, Load: k.Load, Aligned: k.Aligned, Pairs: k.Pairs, Wide: k.Wide, Acts: k.Acts}
	means := k.Kernel.scratch(k, p)[0]
	return filled([]Launch{
		{To: Scratch, ToRange: means},
		{From: Scratch, FromRange: means, Input: true},
	}, p, first, last)
}
