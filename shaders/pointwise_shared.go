package shaders

import "fmt"

// PointwiseShared is pointwise_shared.comp.
var PointwiseShared = &Kernel{
	Name: "pointwise_shared", convolves: true, tunes: tuneTile | tuneLocalY | tuneSplit | tuneSlice | tuneTotals, local: [2]int{16, 16}, layout: ConvTexels,
	turn:       func(k Key) int { return 4 * k.tileK() },
	serves:     servesPointwise,
	workgroups: sharedWorkgroups,
	iterations: Key.sharedIterations,
	shared:     Key.stagedBytes,
	candidates: func(*Params) []Key { return sharedOnCPU() },
	onGPU: func(p *Params) []Key {
		keys := sharedTiles()
		for _, k := range keys { // short slices for channels that don't fill long ones
			if in := groups(int(p.C)); k.TileK == 8 && ceil(in, 8)*8 != ceil(in, 4)*4 {
				k.TileK = 4
				keys = append(keys, k)
			}
		}
		return keys
	},
	estimate: func(k Key, p *Params, m int) float64 {
		issue := 0.80
		switch n := 4 * k.TileX * k.TileG; {
		case n >= 64:
			issue = 0.89
		case n >= 32:
			issue = 0.84
		}
		return k.sharedEstimate(p, m, issue)
	},
}

// sharedOnCPU is one tile of a shared kernel: software drivers are slow with all.
func sharedOnCPU() []Key { return []Key{{TileX: 8, TileG: 2, Totals: TotalsScratch}} }

// sharedTiles are the tiles of shared kernels for GPUs. A workgroup of 8 × 16 invocations with 8 × 2 texels each, in slices of
// 8, is 64 pixels × 128 outputs × 32 terms.
func sharedTiles() []Key {
	return []Key{
		{TileX: 4, TileG: 1, LocalX: 8, LocalY: 8, TileK: 8, Pad: 1},
		{TileX: 4, TileG: 1, LocalX: 8, LocalY: 16, TileK: 8, Pad: 1},
		{TileX: 4, TileG: 1, LocalX: 16, LocalY: 8, TileK: 8, Pad: 1},
		{TileX: 4, TileG: 2, LocalX: 16, LocalY: 8, TileK: 8, Pad: 1},
		{TileX: 4, TileG: 2, LocalX: 8, LocalY: 16, TileK: 4, Pad: 1},
		{TileX: 8, TileG: 2, LocalX: 8, LocalY: 16, TileK: 8, Pad: 1},
		{TileX: 8, TileG: 2, LocalX: 16, LocalY: 8, TileK: 8, Pad: 1},
		{TileX: 8, TileG: 2, LocalX: 16, LocalY: 16, TileK: 4, Pad: 1},
	}
}

// sharedEstimate: multiplications are that share of the instructions of a slice, its staging included (on navi21).
func (k Key) sharedEstimate(p *Params, m int, issue float64) float64 {
	loaded := 16 * float64(k.localX()*k.TileX+4*k.localY()*k.TileG)
	return k.estimate(p, m, k.tileK(), k.ahead(), loaded, issue)
}

// slices reports a workgroup that can't stage a slice in whole passes, an invocation always the same pixel and the same
// channel of a slice.
func (k Key) slices() error {
	if k.tileK() < 2 || k.tileK()%2 != 0 || k.tileK() > maxSlice || k.Pad < 0 || k.Pad > maxSlice {
		return fmt.Errorf("TileK must be even, in 2 … %d, Pad in 0 … %d", maxSlice, maxSlice)
	}
	threads, pixels, groups := k.localX()*k.localY(), k.localX()*k.TileX, k.localY()*k.TileG
	for _, d := range [][2]int{{threads, pixels}, {k.tileK() * pixels, threads}, {threads, 4 * k.tileK()}, {4 * k.tileK() * groups, threads}} {
		if d[0]%d[1] != 0 {
			return fmt.Errorf("%d invocations stage slices of %d × %d pixels and %d × %d groups: %d isn't a multiple of %d",
				threads, k.tileK(), pixels, 4*k.tileK(), groups, d[0], d[1])
		}
	}
	return nil
}

// stagedBytes is the size of the staged input [TileK][pixels] and weights [4·TileK][groups and padding].
func (k Key) stagedBytes() int {
	return 16 * k.tileK() * (k.localX()*k.TileX + 4*(k.localY()*k.TileG+k.Pad))
}

func sharedWorkgroups(k Key, p *Params) [2]int {
	return [2]int{ceil(p.pixels(), k.localX()*k.TileX), ceil(int(p.OutG), k.localY()*k.TileG) * k.splits()}
}

func (k Key) sharedIterations(p *Params) int {
	threads := k.localX() * k.localY()
	stage := ceil(k.tileK()*k.localX()*k.TileX, threads) + ceil(4*k.tileK()*k.localY()*k.TileG, threads)
	return k.withBlocks(ceil(ceil(p.taps(), k.tileK()), k.splits())+1)*(1+2*stage+k.tileK()) + k.TileG
}

// ahead: the next slice waits in registers, where the sums leave some. On sm_90 it takes 64 outputs from 12 resident warps to 8.
func (k Key) ahead() bool { return 4*k.TileX*k.TileG <= 32 }
