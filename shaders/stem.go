package shaders

import "fmt"

// Stem is stem.comp.
var Stem = &Kernel{
	Name: "stem", convolves: true, tunes: tuneTile | tuneWindow, local: [2]int{64}, layout: StemTexels,
	inputs: true,
	serves: func(_ Key, p *Params) error {
		if p.C > stemInputs || p.Groups != 1 {
			return fmt.Errorf("%d channels in %d groups: it serves up to %d in one", p.C, p.Groups, stemInputs)
		}
		return nil
	},
	// The taps of a row are summed by themselves where windows are large: an addition more for each 3·KernelW multiplications.
	macros: func(k Key) []macro { return []macro{{"BY_PIXEL", number(k.KernelW > 8)}, {"INPUTS", k.Inputs}} },
	workgroups: func(k Key, p *Params) [2]int {
		tiles := int(p.N) * int(p.OutH) * ceil(int(p.OutW), k.TileX)
		return [2]int{ceil(tiles, k.localX()), ceil(int(p.OutG), k.TileG)}
	},
	iterations: func(_ Key, p *Params) int { return int(p.KernelH) },
	estimate: func(k Key, p *Params, m int) float64 {
		turns := int(p.KernelH)
		return k.direct(p, m, turns, turns*(k.row()+k.Inputs*k.KernelW*k.TileG), turns*4*k.Inputs*k.KernelW*k.TileX*k.TileG)
	},
	onGPU: func(p *Params) []Key {
		var keys []Key
		for _, xg := range [][2]int{{4, 1}, {2, 4}, {2, 2}, {4, 2}} {
			keys = append(keys, Key{TileX: min(xg[0], int(p.OutW)), TileG: min(xg[1], int(p.OutG)), LocalX: 64,
				KernelW: int(p.KernelW), StrideW: int(p.StrideW), DilationW: int(p.DilationW)})
		}
		return keys
	},
	candidates: func(p *Params) []Key {
		tiled := func(least, most, g, local int) Key {
			return Key{TileX: tileWidth(int(p.OutW), least, most), TileG: min(g, int(p.OutG)), LocalX: local,
				KernelW: int(p.KernelW), StrideW: int(p.StrideW), DilationW: int(p.DilationW)}
		}
		// The widest tile of up to 8 pixels whose row is unrolled, if there is one.
		most := max(min(8, (unrolled-(int(p.KernelW)-1)*int(p.DilationW)-1)/int(p.StrideW)+1), 1)
		keys := []Key{tiled(max(most-1, 1), most, 4, 8)}
		if wide := tiled(10, 12, 4, 8); wide.row() <= unrolled {
			keys = append([]Key{wide}, keys...)
		}
		return keys
	},
}

// unrolled is the longest row that Mesa's compiler unrolls the loading of: beyond it, kernels are several times as slow.
const unrolled = 32

// stemInputs is the most input channels that stem serves.
const stemInputs = 3

// StemTexels holds, for every output group and tap, a texel of 4 outputs for each input: [out/4][kh][kw][inputs][4 outputs],
// zero-padded.
var StemTexels = &Layout{
	Name:   "stem texels",
	Sliced: true,
	Len:    func(d Dims) int { return groups(d.Out) * d.KernelH * d.KernelW * d.In * 4 },
	Pack: func(dst, w []float32, d Dims) {
		clear(dst)
		area := d.KernelH * d.KernelW
		for o := range d.Out {
			for i := range d.In {
				for k, v := range w[(o*d.In+i)*area:][:area] {
					dst[((o/4*area+k)*d.In+i)*4+o%4] = v
				}
			}
		}
	},
}
