package shaders

// PointwiseShared is pointwise_shared.comp.
var PointwiseShared = &Kernel{
	Name: "pointwise_shared", convolves: true, tunes: tuneTile | tuneLocalY, local: [2]int{16, 16}, layout: ConvTexels,
	serves:     servesPointwise,
	workgroups: sharedWorkgroups,
	iterations: func(k Key, p *Params) int { return k.sharedIterations(groups(int(p.C))) },
	shared: func(k Key) int {
		return k.stagedBytes() + 4*k.localX()*k.TileX // and a pixel's texel
	},
	macros: func(Key) []macro { return []macro{{"TILE_K", sharedK}} },
	candidates: func(*Params) []Key {
		return []Key{{TileX: 4, TileG: 1}, {TileX: 8, TileG: 2}}
	},
}

// sharedK is the number of texels (4 input channels each) that a shared kernel stages at a time.
const sharedK = 4

// stagedBytes is the size of the staged input [sharedK][pixels] and weights [4·sharedK][groups].
func (k Key) stagedBytes() int {
	return 16 * sharedK * (k.localX()*k.TileX + 4*k.localY()*k.TileG)
}

func sharedWorkgroups(k Key, p *Params) [2]int {
	return [2]int{ceil(p.pixels(), k.localX()*k.TileX), ceil(int(p.OutG), k.localY()*k.TileG)}
}

// sharedIterations is the loop count for that many taps of 4 channels.
func (k Key) sharedIterations(taps int) int {
	threads, pixels := k.localX()*k.localY(), k.localX()*k.TileX
	stage := ceil(sharedK*pixels, threads) + ceil(4*sharedK*k.localY()*k.TileG, threads)
	return ceil(pixels, threads) + ceil(taps, sharedK)*(1+stage+sharedK)
}
