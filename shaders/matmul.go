package shaders

import "fmt"

// MatMul is matmul.comp.
var MatMul = &Kernel{
	Name: "matmul", Plain: true, second: true, local: [2]int{64},
	workgroups: func(k Key, p *Params) [2]int {
		return [2]int{ceil(int(p.OutN)*int(p.OutG)*int(p.OutH)*int(p.OutW), k.localX()), 1}
	},
	serves: func(_ Key, p *Params) error { return servesMatMul(p) },
	taps:   func(p *Params) int { return groups(p.terms()) },
	// In blocks of 64.
	iterations: func(_ Key, p *Params) int { return p.terms() + ceil(p.terms(), 64) },
}

// matMulTiled are matmul_tiled.comp, by MatMulMode: each a kernel, called as BLAS calls them.
var matMulTiled = [4]*Kernel{
	matMulOf("matmul_nn", false, false), matMulOf("matmul_tn", true, false), matMulOf("matmul_nt", false, true), matMulOf("matmul_tt", true, true),
}

// MatMulMode is Params.Mode of a matrix product: bit 0 says that the first input has its terms in its pixels, bit 1 that the second has
// them in its channels.
func MatMulMode(transA, transB bool) int32 { return int32(number(transA) + 2*number(transB)) }

// MatMuls are the kernels of a matrix product.
func MatMuls(transA, transB bool) []*Kernel {
	return []*Kernel{matMulTiled[MatMulMode(transA, transB)], MatMul}
}

func matMulOf(name string, transA, transB bool) *Kernel {
	mode := MatMulMode(transA, transB)
	// A tile overhangs few rows, on GPUs as few as its width allows, as narrow ones load more.
	tiles := func(p *Params, narrow int, all []Key) []Key {
		pixels := int(p.OutH) * int(p.OutW)
		for i := range all {
			if n := all[i].TileX; !transA {
				all[i].TileX = tileWidth(pixels, n-n/4*narrow, n)
			}
			all[i].TileG = min(all[i].TileG, int(p.OutG))
		}
		return all
	}
	return &Kernel{
		Name: name, text: "matmul_tiled.comp", convolves: true, second: true, tunes: tuneTile | tuneLocalY | tuneTotals, local: [2]int{32, 1},
		multiple: 1 + 3*number(transA), // rows in channels come 4 a load
		macros:   func(Key) []macro { return []macro{{"TRANS_A", number(transA)}, {"TRANS_B", number(transB)}} },
		serves: func(_ Key, p *Params) error {
			if p.Mode != mode {
				return fmt.Errorf("mode %d: it serves %d", p.Mode, mode)
			}
			return servesMatMul(p)
		},
		workgroups: func(k Key, p *Params) [2]int {
			tiles := ceil(int(p.OutH)*int(p.OutW), k.TileX)
			if transA {
				tiles = ceil(ceil(int(p.OutH), 4), k.TileX/4)
			}
			return [2]int{ceil(int(p.OutN)*tiles, k.localX()), ceil(int(p.OutG), k.localY()*k.TileG)}
		},
		taps:       MatMul.taps,
		turn:       func(Key) int { return 4 },
		iterations: func(k Key, p *Params) int { return k.withBlocks(groups(p.terms())) },
		estimate:   Key.tiledEstimate,
		candidates: func(p *Params) []Key {
			return tiles(p, 1, []Key{{TileX: 8, TileG: 2, LocalX: 8}, {TileX: 4, TileG: 2, LocalX: 8}, {TileX: 4, TileG: 1, LocalX: 64}})
		},
		onGPU: func(p *Params) []Key {
			return tiles(p, 0, []Key{{TileX: 4, TileG: 2, LocalX: 16, LocalY: 8}, {TileX: 4, TileG: 2, LocalX: 32, LocalY: 2}, {TileX: 4, TileG: 1, LocalX: 16, LocalY: 4}})
		},
	}
}

// terms is how many products each output of a matrix product is the sum of.
func (p *Params) terms() int {
	if p.Mode&1 != 0 {
		return int(p.H) * int(p.W)
	}
	return int(p.C)
}

// servesMatMul: extents that fit.
func servesMatMul(p *Params) error {
	rows, columns, terms := p.H*p.W, p.Src2C, p.Src2H*p.Src2W
	if p.Mode&1 != 0 {
		rows = p.C
	}
	if p.Mode&2 != 0 {
		columns, terms = terms, columns
	}
	switch {
	case p.Segments != 1 || p.Mode < 0 || p.Mode > 3 || p.Src2N < 1:
		return fmt.Errorf("%d destinations, mode %d, %d images", p.Segments, p.Mode, p.Src2N)
	case int(terms) != p.terms() || p.OutC != columns || p.OutH*p.OutW != rows || p.OutN%p.N != 0 || p.OutN%p.Src2N != 0:
		return fmt.Errorf("%d×%d×%d×%d times %d×%d×%d×%d, mode %d, can't make %d×%d×%d×%d",
			p.N, p.C, p.H, p.W, p.Src2N, p.Src2C, p.Src2H, p.Src2W, p.Mode, p.OutN, p.OutC, p.OutH, p.OutW)
	}
	return nil
}
