package shaders

// ConvShared is conv_shared.comp.
var ConvShared = &Kernel{
	Name: "conv_shared", convolves: true, tunes: tuneTile | tuneLocalY, local: [2]int{16, 16}, layout: ConvTexels,
	serves:     oneGroup,
	workgroups: sharedWorkgroups,
	iterations: func(k Key, p *Params) int {
		return k.sharedIterations(groups(int(p.C)) * int(p.KernelH) * int(p.KernelW))
	},
	shared: func(k Key) int {
		return k.stagedBytes() + 16*k.localX()*k.TileX // and a pixel's window
	},
	macros: func(Key) []macro { return []macro{{"TILE_K", sharedK}} },
	candidates: func(p *Params) []Key {
		if p.pointwise() {
			return nil // pointwise_shared's
		}
		return []Key{{TileX: 4, TileG: 1}, {TileX: 8, TileG: 2}}
	},
}
