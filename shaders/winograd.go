package shaders

import "fmt"

// Winograd is winograd.comp: the second of three dispatches, after WinogradIn and before WinogradOut.
var Winograd = &Kernel{
	Name: "winograd", convolves: true, hands: true, tunes: tuneTile, local: [2]int{8, 1}, layout: WinogradTexels,
	serves: servesWinograd,
	workgroups: func(k Key, p *Params) [2]int {
		return [2]int{k.winogradBlocks(p) * ceil(int(p.OutG), k.TileG), 1}
	},
	iterations: func(_ Key, p *Params) int { // of the last dispatch, which may sum a tile directly
		return winogradRows.outputs() * winogradColumns.outputs() * (1 + 9*groups(int(p.C)))
	},
	launches:   Key.winogradLaunches,
	scratch:    Key.winogradScratch,
	onGPU:      func(*Params) []Key { return nil }, // its products aren't staged in shared memory
	candidates: winogradTiles,
}

// WinogradIn is winograd_in.comp and WinogradOut is winograd_out.comp. Neither is a step's kernel by itself.
var (
	WinogradIn = &Kernel{
		Name: "winograd_in", convolves: true, hands: true, local: [2]int{8},
		workgroups: func(k Key, p *Params) [2]int { return [2]int{ceil(partTiles(p), k.localX()), groups(int(p.C))} },
	}
	WinogradOut = &Kernel{
		Name: "winograd_out", convolves: true, input: true, local: [2]int{8},
		workgroups: func(k Key, p *Params) [2]int { return [2]int{ceil(partTiles(p), k.localX()), int(p.OutG)} },
	}
)

// Transform is a Winograd transform along one axis, F(m, r): m outputs of r taps from n = m + r − 1 inputs,
//
//	y = Aᵀ · ((G · w) ⊙ (Bᵀ · d))
type Transform struct {
	AT [][]float64 // m × n
	G  [][]float64 // n × r
	BT [][]float64 // n × n
}

func (t *Transform) outputs() int { return len(t.AT) }

// The transforms of F(2×4, 3×3) as the shaders have them. The points are 0, ±1, ∞ and 0, ±3/4, ±3/2, ∞: with these the numbers
// are exact, and the error is half of what the usual 0, ±1, ±2, ∞ leave.
var (
	winogradRows = &Transform{
		AT: [][]float64{{1, 1, 1, 0}, {0, 1, -1, 1}},
		G:  [][]float64{{-1, 0, 0}, {1. / 2, 1. / 2, 1. / 2}, {1. / 2, -1. / 2, 1. / 2}, {0, 0, 1}},
		BT: [][]float64{{-1, 0, 1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, -1, 0, 1}},
	}
	winogradColumns = &Transform{
		AT: [][]float64{
			{1, 1, 1, 1, 1, 0},
			{0, 3. / 4, -3. / 4, 3. / 2, -3. / 2, 0},
			{0, 9. / 16, 9. / 16, 9. / 4, 9. / 4, 0},
			{0, 27. / 64, -27. / 64, 27. / 8, -27. / 8, 1},
		},
		G: [][]float64{
			{64. / 81, 0, 0},
			{-128. / 243, -32. / 81, -8. / 27},
			{-128. / 243, 32. / 81, -8. / 27},
			{32. / 243, 16. / 81, 8. / 27},
			{32. / 243, -16. / 81, 8. / 27},
			{0, 0, 1},
		},
		BT: [][]float64{
			{81. / 64, 0, -45. / 16, 0, 1, 0},
			{0, -27. / 16, -9. / 4, 3. / 4, 1, 0},
			{0, 27. / 16, -9. / 4, -3. / 4, 1, 0},
			{0, -27. / 32, -9. / 16, 3. / 2, 1, 0},
			{0, 27. / 32, -9. / 16, -3. / 2, 1, 0},
			{0, 81. / 64, 0, -45. / 16, 0, 1},
		},
	}
)

// Transforms are those of a kernel that computes convolutions by way of them, along the rows and the columns of a tile; nil for
// others, which sum products. What bounds the rounding error follows from them.
func (k *Kernel) Transforms() (rows, columns *Transform) {
	if k != Winograd {
		return nil, nil
	}
	return winogradRows, winogradColumns
}

// WinogradTexels holds for every output group U = G₂ · w · G₄ᵀ, made in float64 and rounded once, then the weights themselves
// as ConvTexels has them: [out/4] × ([4·6 positions][in/4] and [in/4][3][3]) × [4 inputs][4 outputs], zero-padded.
var WinogradTexels = &Layout{
	Name:   "winograd texels",
	Sliced: true,
	Len:    func(d Dims) int { return groups(d.Out) * groups(d.In) * winogradGroup },
	Pack: func(dst, w []float32, d Dims) {
		clear(dst)
		inGroups := groups(d.In)
		for o := range d.Out {
			part := dst[o/4*inGroups*winogradGroup:][:inGroups*winogradGroup]
			direct := part[winogradPositions*inGroups*16:]
			for i := range d.In {
				taps := (*[9]float32)(w[(o*d.In+i)*9:])
				lane := i%4*4 + o%4
				for at, u := range transformed(taps) {
					part[(at*inGroups+i/4)*16+lane] = u
				}
				for at, v := range taps {
					direct[(i/4*9+at)*16+lane] = v
				}
			}
		}
	},
}

const (
	winogradLeast     = 18e6      // multiplications of one image: below, two dispatches more take what it gains
	winogradTexels    = 320 << 10 // of V and M together, at once: 5 MiB
	winogradPositions = 4 * 6
	winogradGroup     = (winogradPositions + 9) * 16 // floats for an output and an input group
)

// transformed is U = G₂ · w · G₄ᵀ of 3×3 taps, with what rows of G share computed once: a network has a million such windows, and a start
// waits for them. TestWinogradTexels holds it against winogradRows and winogradColumns.
func transformed(w *[9]float32) (u [winogradPositions]float32) {
	var t [4][3]float64
	for x := range 3 {
		top, middle, bottom := float64(w[x]), float64(w[3+x]), float64(w[6+x])
		outer, inner := (top+bottom)/2, middle/2
		t[0][x], t[1][x], t[2][x], t[3][x] = -top, outer+inner, outer-inner, bottom
	}
	for y, r := range t {
		near, nearOdd := -128./243*r[0]-8./27*r[2], 32./81*r[1]
		far, farOdd := 32./243*r[0]+8./27*r[2], 16./81*r[1]
		row := u[6*y:][:6]
		row[0], row[5] = float32(64./81*r[0]), float32(r[2])
		row[1], row[2] = float32(near-nearOdd), float32(near+nearOdd)
		row[3], row[4] = float32(far+farOdd), float32(far-farOdd)
	}
	return u
}

// winogradTileCount is the number of tiles of 2×4 outputs.
func winogradTileCount(p *Params) int {
	return int(p.N) * ceil(int(p.OutH), winogradRows.outputs()) * ceil(int(p.OutW), winogradColumns.outputs())
}

// partTiles is how many of them a dispatch works on: all, or its part.
func partTiles(p *Params) int {
	if p.PartTiles > 0 {
		return int(p.PartTiles)
	}
	return winogradTileCount(p)
}

// winogradBlocks is the number of blocks of tiles that workgroups take, of all positions.
func (k Key) winogradBlocks(p *Params) int {
	return winogradPositions * ceil(partTiles(p), k.localX()*k.TileX)
}

// winogradPart is how many tiles are worked on at once: as many whole blocks as scratch has room for, in parts of like size.
func (k Key) winogradPart(p *Params) int {
	tiles, block := winogradTileCount(p), k.localX()*k.TileX
	most := max(winogradTexels/(winogradPositions*(groups(int(p.C))+int(p.OutG)))/block, 1) * block
	return min(ceil(ceil(tiles, ceil(tiles, most)), block)*block, tiles)
}

func servesWinograd(k Key, p *Params) error {
	if !winogradWindow(p) {
		return fmt.Errorf("window %d×%d, stride %d×%d, dilation %d×%d, %d groups: it serves 3×3, stride 1, dilation 1, one group",
			p.KernelH, p.KernelW, p.StrideH, p.StrideW, p.DilationH, p.DilationW, p.Groups)
	}
	if n := k.winogradBlocks(p); n >= maxQuotient {
		return fmt.Errorf("%d blocks of tiles: it divides by fewer than %d", n, maxQuotient)
	}
	return nil
}

func winogradWindow(p *Params) bool {
	return p.KernelH == 3 && p.KernelW == 3 && p.StrideH == 1 && p.StrideW == 1 && p.DilationH == 1 && p.DilationW == 1 && p.Groups == 1
}

// winogradTiles is the tile that overhangs the products least, where there is a gain: on llvmpipe the transforms, which grow with
// the channels in and out, eat it where their product isn't large beside their sum, and products of few tiles share few loads.
func winogradTiles(p *Params) []Key {
	in, out, tiles := int(p.C), int(p.OutC), winogradTileCount(p)
	// Of one image: the choice, and so the bits of an answer, don't depend on the batch.
	one := tiles / int(p.N)
	if !winogradWindow(p) || in*out < 24*(in+out) || one < 24 {
		return nil
	}
	if one*8*9*in*out < winogradLeast {
		return nil
	}
	k := Key{TileX: tileWidth(ceil(tiles, 8), 6, 14), TileG: 2}
	if k.TileX <= 8 {
		k.TileG = 4
	}
	return []Key{k}
}

// winogradLaunches are three dispatches for each part of the tiles.
func (k Key) winogradLaunches(p *Params) ([]Launch, error) {
	in := Key{Kernel: WinogradIn, Load: k.Load, Aligned: k.Aligned, Pairs: k.Pairs, Wide: k.Wide}
	products := k
	products.Acts, products.Residual = 0, false // what goes to scratch is the same for every destination
	out := Key{Kernel: WinogradOut, Load: k.Load, Aligned: k.Aligned, Pairs: k.Pairs, Wide: k.Wide, Acts: k.Acts, Residual: k.Residual}
	r := k.winogradScratch(p)
	v, m := r[0], r[1]
	var all []Launch
	each, tiles := k.winogradPart(p), winogradTileCount(p)
	for first := 0; first < tiles; first += each {
		part := *p
		part.FromTile, part.PartTiles = int32(first), int32(min(each, tiles-first))
		of := [2]int{first, int(part.PartTiles)}
		three, err := filled([]Launch{
			{To: Scratch, ToRange: v, Tiles: of},
			{From: Scratch, FromRange: v, To: Scratch, ToRange: m, Tiles: of},
			{From: Scratch, FromRange: m, Input: true, Second: k.Residual, Tiles: of},
		}, &part, in, products, out)
		if err != nil {
			return nil, err
		}
		all = append(all, three...)
	}
	return all, nil
}

// winogradScratch is where V and M of a part lie in scratch. A range may be bound at multiples of 16 texels on any device.
func (k Key) winogradScratch(p *Params) []Range {
	each := winogradPositions * k.winogradPart(p)
	v := Range{0, each * groups(int(p.C))}
	return []Range{v, {ceil(v.Texels, 16) * 16, each * int(p.OutG)}}
}
