package shaders

import "fmt"

// ConvTiled is conv_tiled.comp.
var ConvTiled = &Kernel{
	Name: "conv_tiled", convolves: true, tunes: tuneTile | tuneLocalY | tuneWindow | tuneSplit | tuneTotals, local: [2]int{32, 1}, layout: ConvTexels,
	chunks: true,
	turn:   func(k Key) int { return 4 * k.KernelW },
	serves: oneGroup,
	workgroups: func(k Key, p *Params) [2]int {
		tiles := int(p.N) * int(p.OutH) * ceil(int(p.OutW), k.TileX)
		return [2]int{ceil(tiles, k.localX()), ceil(int(p.OutG), k.localY()*k.TileG) * k.splits()}
	},
	iterations: func(k Key, p *Params) int {
		return k.withBlocks(ceil(groups(int(p.C))*int(p.KernelH)*ceil(int(p.KernelW), max(k.KernelW, 1)), k.splits()))
	},
	onGPU: func(p *Params) []Key {
		if p.pointwise() {
			return nil
		}
		tiled := func(x, g, lx, ly int) Key {
			return Key{TileX: x, TileG: g, LocalX: lx, LocalY: ly, KernelW: rowChunk(p), StrideW: int(p.StrideW), DilationW: int(p.DilationW)}
		}
		x := tileWidth(int(p.OutW), 3, 5)
		return []Key{tiled(x, 2, 16, 8), tiled(x, 2, 32, 2), tiled(x, 1, 16, 4)}
	},
	estimate: Key.tiledEstimate,
	candidates: func(p *Params) []Key {
		if p.pointwise() {
			return nil // pointwise_tiled's
		}
		outW := int(p.OutW)
		tiled := func(x, g, local int) Key {
			return Key{TileX: x, TileG: g, LocalX: local,
				KernelW: rowChunk(p), StrideW: int(p.StrideW), DilationW: int(p.DilationW)}
		}
		narrow := tileWidth(outW, 5, 9)
		// Wide tiles share a row's texels among many taps. Where there is one tap, more outputs share them; where the window
		// is long (a stride, 7 taps), the registers run out and small tiles win.
		second := tiled(tileWidth(outW, 10, 17), 1, 8)
		if small := tileWidth(outW, 4, 6); rowChunk(p) == 1 {
			second = tiled(small, 3, 8)
		} else if second.row() > 20 {
			second = tiled(small, 2, 8)
		}
		first := tiled(narrow, 2, 8)
		switch out := int(p.OutG); {
		case rowChunk(p) == 1 && out > 1 && 85*ceil(out, 3)*3 < 100*ceil(out, 2)*2:
			first.TileG = 3 // for one tap there is room: it takes 0.8 of the time for an output, overhanging ones included
		case 100*ceil(out, 2)*2 > 112*out || p.KernelW >= 9 && p.StrideW == 1: // as of 3 channels, which networks that make pictures end with
			most := 16
			if p.StrideW > 1 {
				most = max(min(16, (27-tiled(1, 1, 8).row())/int(p.StrideW)+1), 5)
			}
			first = tiled(tileWidth(outW, most*5/8, most), 1, 8)
		}
		// Row windows that are too long for registers leave the shared kernels: Candidates drops invalid keys.
		return []Key{first, second, tiled(min(4, narrow), 1, 64)}
	},
}

// rowChunk is how many of a row's taps are taken at once: all, or of long rows a part that leaves none over. What is unrolled for more taps
// doesn't fit the cache for instructions, nor the registers: on llvmpipe chunks of 3 to 8 take half of the time. With a stride each
// would load most of the row again. Where taps lie far apart, one by one, without the texels between.
func rowChunk(p *Params) int {
	if p.DilationW > 4 {
		return 1
	}
	taps, most := int(p.KernelW), 8
	if p.StrideW > 1 {
		most = 16
	}
	if taps <= most+1 {
		return taps
	}
	for n := most; n >= 3; n-- {
		if taps%n == 0 {
			return n
		}
	}
	return taps
}

// tiledEstimate: every invocation loads all that it multiplies, waits for it, and finds half of it in the nearest cache.
func (k Key) tiledEstimate(p *Params, m int) float64 {
	return k.estimate(p, m, max(k.KernelW, 1), false, 8*float64(k.localX()*(k.TileX+4*k.TileG)), 0.45)
}

func oneGroup(_ Key, p *Params) error {
	if p.Groups != 1 {
		return fmt.Errorf("%d groups: it serves one", p.Groups)
	}
	return nil
}
