package shaders

import (
	"fmt"
	"slices"
)

// ConvShared is conv_shared.comp.
var ConvShared = &Kernel{
	Name: "conv_shared", convolves: true, tunes: tuneTile | tuneLocalY | tuneSplit | tuneSlice | tuneTotals, local: [2]int{16, 16}, layout: ConvTexels,
	turn:       func(k Key) int { return 4 * k.tileK() },
	serves:     servesShared,
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
		keys := sharedTiles()
		for i, k := range keys {
			if k.TileX*k.TileG == 8 || slicesOf(k.TileK, p) != nil { // of 8: 12 resident warps on sm_90, not 16
				keys[i].TileK = 4
			}
		}
		return slices.DeleteFunc(keys, func(k Key) bool { return k.localX()*k.localY() > 128 }) // 8 resident warps on sm_90
	},
	estimate: func(k Key, p *Params, m int) float64 {
		issue := 0.77
		if 4*k.TileX*k.TileG >= 64 {
			issue = 0.88
		}
		if k.Rest { // two places for every texel
			issue *= 0.98
		}
		return k.sharedEstimate(p, m, issue)
	},
}

// servesShared is what slices serve.
func servesShared(k Key, p *Params) error {
	if err := slicesOf(k.tileK(), p); err != nil {
		return err
	}
	return oneGroup(k, p)
}

// slicesOf wants slices of n texels to hold two taps at most. They begin at multiples of what n and the channel groups have in common.
func slicesOf(n int, p *Params) error {
	if in := groups(int(p.C)); n-1-gcd(n, in) >= in {
		return fmt.Errorf("%d channel groups: slices of %d would hold three taps", in, n)
	}
	return nil
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
