package shaders

import "fmt"

// Dense is dense.comp.
var Dense = &Kernel{
	Name: "dense", convolves: true, tunes: tuneTile, local: [2]int{64}, layout: ConvTexels,
	turn: func(_ Key) int { return 4 },
	serves: func(_ Key, p *Params) error {
		whole := p.KernelH == p.H && p.KernelW == p.W && p.OutH == 1 && p.OutW == 1 && p.PadTop|p.PadLeft|p.PadBottom|p.PadRight == 0
		dilated := p.DilationH > 1 && p.KernelH > 1 || p.DilationW > 1 && p.KernelW > 1
		if !whole || dilated || p.Groups != 1 {
			return fmt.Errorf("window %d×%d of %d×%d, %d groups: it serves windows that are the whole input, in one group", p.KernelH, p.KernelW, p.H, p.W, p.Groups)
		}
		return nil
	},
	workgroups: func(k Key, p *Params) [2]int {
		return [2]int{ceil(int(p.OutG), k.TileG), ceil(int(p.N), k.TileX)}
	},
	iterations: func(k Key, p *Params) int {
		return k.withBlocks(ceil(groups(int(p.C))*int(p.H)*int(p.W), k.localX())) + ceil(k.TileG*k.TileX, k.localX())*(k.localX()+MaxSegments)
	},
	shared: func(k Key) int { return 16 * k.TileG * k.TileX * k.localX() },
	estimate: func(k Key, p *Params, m int) float64 {
		turns := ceil(p.taps(), k.localX())
		return k.direct(p, m, turns, turns*(k.TileX+4*k.TileG), turns*16*k.TileX*k.TileG+8*k.localX())
	},
	onGPU: func(p *Params) []Key {
		images := tileWidth(int(p.N), 3, 4)
		return []Key{
			{TileX: images, TileG: 1, LocalX: 64},
			{TileX: images, TileG: 2, LocalX: 64},
			{TileX: images, TileG: 1, LocalX: 256},
		}
	},
	candidates: func(p *Params) []Key {
		images := tileWidth(int(p.N), 4, 8) // as many as share the weights
		return []Key{
			{TileX: images, TileG: tileWidth(int(p.OutG), 4, 8), LocalX: 8},
			{TileX: images, TileG: 2, LocalX: 8},
		}
	},
}
