package shaders

// PointwiseTiled is pointwise_tiled.comp.
var PointwiseTiled = &Kernel{
	Name: "pointwise_tiled", convolves: true, tunes: tuneTile | tuneLocalY | tuneSplit | tuneTotals, local: [2]int{32, 1}, layout: ConvTexels,
	turn:   func(_ Key) int { return 4 },
	serves: servesPointwise,
	workgroups: func(k Key, p *Params) [2]int {
		return [2]int{ceil(p.pixels(), k.localX()*k.TileX), ceil(int(p.OutG), k.localY()*k.TileG) * k.splits()}
	},
	iterations: func(k Key, p *Params) int { return k.withBlocks(ceil(groups(int(p.C)), k.splits())) },
	onGPU: func(p *Params) []Key {
		return []Key{{TileX: 4, TileG: 2, LocalX: 16, LocalY: 8}, {TileX: 4, TileG: 2, LocalX: 32, LocalY: 2}, {TileX: 4, TileG: 1, LocalX: 16, LocalY: 4}}
	},
	estimate: Key.tiledEstimate,
	candidates: func(p *Params) []Key {
		// On small maps the narrow tile is as wide as overhangs them least, 7 for 7 × 7 pixels; on the smallest, where few pixels share the
		// weights, more outputs share the pixels.
		narrow := Key{TileX: tileWidth(ceil(p.pixels(), 8), 7, 9), TileG: tileWidth(int(p.OutG), 2, 3), LocalX: 8}
		if narrow.TileX <= 2 {
			narrow.TileG = tileWidth(int(p.OutG), 3, 4)
		}
		wide := Key{TileX: max(tileWidth(ceil(p.pixels(), 8), 12, 14), 12), TileG: min(int(p.OutG), 2), LocalX: 8}
		// On llvmpipe the wide tile takes 0.93 of the time for a pixel, those that overhang the image included.
		overhung := func(k Key) int { return ceil(p.pixels(), k.LocalX*k.TileX) * k.LocalX * k.TileX }
		if 93*overhung(wide) < 100*overhung(narrow) {
			narrow, wide = wide, narrow
		}
		return []Key{narrow, wide, {TileX: 4, TileG: 2, LocalX: 64}}
	},
}
