package shaders

import "fmt"

// DepthwiseTiled is depthwise_tiled.comp.
var DepthwiseTiled = &Kernel{
	Name: "depthwise_tiled", convolves: true, tunes: tuneTile | tuneRows | tuneWindow, local: [2]int{64}, layout: DepthwiseTexels,
	serves: func(k Key, p *Params) error {
		if k.TileG != 1 {
			return fmt.Errorf("%d groups a tile: it serves one", k.TileG)
		}
		if k.TileY > 1 && !squareWindow(p) {
			return fmt.Errorf("window %d×%d, stride %d×%d, dilation %d×%d: with %d rows a tile it serves square ones without dilation",
				p.KernelH, p.KernelW, p.StrideH, p.StrideW, p.DilationH, p.DilationW, k.TileY)
		}
		return servesDepthwise(k, p)
	},
	workgroups: func(k Key, p *Params) [2]int {
		tiles := int(p.N) * int(p.OutG) * ceil(int(p.OutH), k.TileY) * ceil(int(p.OutW), k.TileX)
		return [2]int{ceil(tiles, k.localX()), 1}
	},
	iterations: func(k Key, p *Params) int { return int(p.KernelH) + 2*k.TileY*int(p.StrideH) },
	estimate: func(k Key, p *Params, m int) float64 {
		rows, area := int(p.KernelH), int(p.KernelH)*int(p.KernelW)
		if k.TileY > 1 {
			rows += (k.TileY - 1) * int(p.StrideH)
		}
		return k.direct(p, m, rows, rows*k.row()+area, 4*area*k.TileX*k.TileY)
	},
	onGPU: func(p *Params) []Key {
		var keys []Key
		for _, xy := range [][2]int{{4, 4}, {2, 4}, {4, 2}, {2, 2}, {4, 1}, {2, 1}} {
			if squareWindow(p) && p.KernelW <= 3 || xy[1] == 1 {
				keys = append(keys, Key{TileX: min(xy[0], int(p.OutW)), TileY: min(xy[1], int(p.OutH)), TileG: 1, LocalX: 64,
					KernelW: int(p.KernelW), StrideW: int(p.StrideW), DilationW: int(p.DilationW)})
			}
		}
		return keys
	},
	candidates: func(p *Params) []Key {
		tiled := func(least, most, rows, local int) Key {
			return Key{TileX: tileWidth(int(p.OutW), least, most), TileY: tileWidth(int(p.OutH), ceil(rows, 2), rows), TileG: 1, LocalX: local,
				KernelW: int(p.KernelW), StrideW: int(p.StrideW), DilationW: int(p.DilationW)}
		}
		// Mesa unrolls a row's taps for up to 77 products, a few less with a stride: beyond, a kernel takes four times as long.
		products := 77
		if p.StrideW > 1 {
			products = 70
		}
		most := min(9, max(products/int(p.KernelW), 1))
		row := tiled(min(5, most), most, 1, 8)
		if !squareWindow(p) || p.KernelW > 3 {
			return []Key{row} // larger windows' weights fill the registers
		}
		if p.StrideW > 1 {
			return []Key{tiled(3, 4, 32, 8), row}
		}
		return []Key{tiled(5, 8, 32, 8), tiled(3, 4, 16, 8)}
	},
}

// squareWindow: as high as it is wide, without dilation.
func squareWindow(p *Params) bool {
	return p.KernelH == p.KernelW && p.StrideH == p.StrideW && p.DilationH == 1 && p.DilationW == 1
}
