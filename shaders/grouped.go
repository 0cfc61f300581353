package shaders

import "fmt"

// Grouped is grouped.comp.
var Grouped = &Kernel{
	Name: "grouped", convolves: true, tunes: tuneTile | tuneWindow | tuneTotals, local: [2]int{64}, layout: GroupTexels,
	turn:  func(k Key) int { return 4 * k.KernelW },
	lanes: func(p *Params) bool { return p.OutC/max(p.Groups, 1)%4 != 0 },
	serves: func(k Key, p *Params) error {
		if p.Groups < 2 || p.C%p.Groups != 0 || p.OutC%p.Groups != 0 || p.Segments != 1 {
			return fmt.Errorf("%d channels to %d in %d groups: it serves at least two, to one destination", p.C, p.OutC, p.Groups)
		}
		if k.Aligned && k.Kernel.lanes(p) {
			return fmt.Errorf("%d outputs a group: texels that groups share are stored by lanes", p.OutC/p.Groups)
		}
		return nil
	},
	workgroups: func(k Key, p *Params) [2]int {
		tiles := int(p.Groups) * ceil(groupTexels(int(p.OutC/p.Groups)), k.TileG) * int(p.N) * int(p.OutH) * ceil(int(p.OutW), k.TileX)
		return [2]int{ceil(tiles, k.localX()), 1}
	},
	iterations: func(k Key, p *Params) int { return k.withBlocks(groupTexels(int(p.C/p.Groups)) * int(p.KernelH)) },
	estimate: func(k Key, p *Params, m int) float64 {
		turns := groupTexels(int(p.C/p.Groups)) * int(p.KernelH)
		return k.direct(p, m, turns, turns*(k.row()+4*k.KernelW*k.TileG), turns*16*k.KernelW*k.TileX*k.TileG)
	},
	onGPU: func(p *Params) []Key {
		if servesDepthwise(Key{}, p) == nil {
			return nil
		}
		var keys []Key
		for _, xg := range [][2]int{{4, 2}, {4, 1}, {2, 2}, {2, 1}} {
			keys = append(keys, Key{TileX: min(xg[0], int(p.OutW)), TileG: min(xg[1], groupTexels(int(p.OutC/max(p.Groups, 1)))), LocalX: 64,
				KernelW: int(p.KernelW), StrideW: int(p.StrideW), DilationW: int(p.DilationW)})
		}
		return keys
	},
	candidates: func(p *Params) []Key {
		if servesDepthwise(Key{}, p) == nil {
			return nil // depthwise_tiled's
		}
		outputs := groupTexels(int(p.OutC / max(p.Groups, 1)))
		tiled := func(x, g, local int) Key {
			return Key{TileX: x, TileG: tileWidth(outputs, (g+1)/2, g), LocalX: local, KernelW: int(p.KernelW), StrideW: int(p.StrideW), DilationW: int(p.DilationW)}
		}
		wide, narrow := tileWidth(int(p.OutW), 10, 14), tileWidth(int(p.OutW), 5, 9)
		keys := []Key{tiled(narrow, 2, 8)}
		if k := tiled(wide, 1, 8); k.row() <= unrolled {
			keys = append([]Key{k}, keys...)
		}
		return keys
	},
}

// groupPeriod is how many groups of that many channels lie between two that start at a texel.
func groupPeriod(channels int) int {
	switch {
	case channels%4 == 0:
		return 1
	case channels%2 == 0:
		return 2
	}
	return 4
}

// groupTexels is the most texels that a group of that many channels touches.
func groupTexels(channels int) int {
	p := groupPeriod(channels)
	return ((p-1)*(4/p) + channels + 3) / 4
}

// GroupTexels holds, for every group and each texel of 4 outputs that has some of it, a texel of 4 outputs for each of the
// group's inputs: [pair][input texel][kh][kw][4 inputs][4 outputs]. Pairs stand in order; a texel that two groups share has
// two. Input texels are those that the group's channels touch; what is another group's is zero.
var GroupTexels = &Layout{
	Name: "group texels",
	Len: func(d Dims) int {
		outputs := d.Out / d.Groups
		pairs := (d.Out-1)/4 + d.Groups - (d.Groups-1)/groupPeriod(outputs)
		return pairs * groupTexels(d.In) * d.KernelH * d.KernelW * 16
	},
	Pack: func(dst, w []float32, d Dims) {
		clear(dst)
		area, outputs, texels := d.KernelH*d.KernelW, d.Out/d.Groups, groupTexels(d.In)
		for o := range d.Out {
			j := o / outputs
			pair := o/4 + j - j/groupPeriod(outputs)
			for i := range d.In {
				channel := j*d.In%4 + i // from the group's first texel on
				src := w[(o*d.In+i)*area:][:area]
				at := (pair*texels+channel/4)*area*16 + channel%4*4 + o%4
				for k, v := range src {
					dst[at+k*16] = v
				}
			}
		}
	},
}
