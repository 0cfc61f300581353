package shaders

import "slices"

// ConvShared is conv_shared.comp.
var ConvShared = &Kernel{
	Name: "conv_shared", convolves: true, tunes: tuneTile | tuneLocalY | tuneSplit | tuneSlice | tuneTotals, local: [2]int{16, 16}, layout: ConvTexels,
	turn:       func(k Key) int { return 4 * k.tileK() },
	serves:     oneGroup,
	workgroups: sharedWorkgroups,
	iterations: Key.sharedIterations,
	shared:     Key.stagedBytes,
	candidates: func(p *Params) []Key {
		if p.pointwise() {
			return nil // pointwise_shared's
		}
		return sharedOnCPU()
	},
	onGPU: func(p *Params) []Key {
		if p.pointwise() {
			return nil
		}
		return slices.DeleteFunc(sharedTiles(p), func(k Key) bool { return k.localX()*k.localY() > 128 }) // 8 resident warps on sm_90
	},
	estimate: func(k Key, p *Params, m int) float64 {
		staging := 0.97
		if k.Rest { // a place for every texel
			staging = 0.92
		}
		return k.sharedEstimate(p, m, staging)
	},
}
