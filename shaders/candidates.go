package shaders

import "slices"

// PointwiseCandidates are the kernels worth timing for a 1×1 convolution, for llvmpipe (texel loads, register tiles) and for
// GPUs (wider workgroups, shared memory). The first is a fair choice without timing. Aligned is left to the caller.
func PointwiseCandidates() []Key {
	return []Key{
		{Kernel: PointwiseTiled, Load: LoadImage, TileX: 8, TileG: 2, LocalX: 8},
		{Kernel: PointwiseTiled, Load: LoadImage, TileX: 14, TileG: 2, LocalX: 8},
		{Kernel: PointwiseTiled, Load: LoadSampler, TileX: 14, TileG: 2, LocalX: 8},
		{Kernel: PointwiseTiled, Load: LoadSampler, TileX: 4, TileG: 2, LocalX: 64},
		{Kernel: PointwiseShared, Load: LoadSSBO, TileX: 4, TileG: 1},
		{Kernel: PointwiseShared, Load: LoadSSBO, TileX: 8, TileG: 2},
	}
}

// ConvCandidates are the kernels worth timing for a convolution with this row window and width of output, as
// PointwiseCandidates.
func ConvCandidates(kernelW, strideW, dilationW, outW int) []Key {
	narrow := tileWidth(outW, 5, 9)
	tiled := func(l Load, x, g, local int) Key {
		return Key{Kernel: ConvTiled, Load: l, TileX: x, TileG: g, LocalX: local, KernelW: kernelW, StrideW: strideW, DilationW: dilationW}
	}
	// Wide tiles share a row's texels among many taps. Where there is one tap, more outputs share them; where the window
	// is long (a stride, 7 taps), the registers run out and small tiles win.
	second := tiled(LoadImage, tileWidth(outW, 10, 17), 1, 8)
	if small := tileWidth(outW, 4, 6); kernelW == 1 {
		second = tiled(LoadImage, small, 3, 8)
	} else if second.row() > 20 {
		second = tiled(LoadImage, small, 2, 8)
	}
	keys := []Key{
		tiled(LoadImage, narrow, 2, 8),
		second,
		tiled(LoadSampler, narrow, 2, 8),
		tiled(LoadSampler, min(4, narrow), 1, 64),
		{Kernel: ConvShared, Load: LoadSSBO, TileX: 4, TileG: 1},
		{Kernel: ConvShared, Load: LoadSSBO, TileX: 8, TileG: 2},
	}
	// Row windows that are too long for registers leave the shared kernels.
	return slices.DeleteFunc(keys, func(k Key) bool { return k.Validate() != nil })
}

// PoolCandidates are the kernels worth timing for pooling with this row window and width of output, as PointwiseCandidates.
// plain is AvgPool or MaxPool.
func PoolCandidates(plain Kernel, kernelW, strideW, outW int) []Key {
	keys := []Key{{Kernel: plain, Load: LoadImage}}
	// Longer windows hold too many registers, and where neighbours share no texels there is nothing to gain.
	if kernelW > 3 || kernelW <= strideW || outW == 1 {
		return keys
	}
	k := Key{Kernel: AvgPoolTiled, Load: LoadImage, TileX: tileWidth(outW, 5, 9), TileG: 1, LocalX: 8, KernelW: kernelW, StrideW: strideW, DilationW: 1}
	if plain == MaxPool {
		k.Kernel = MaxPoolTiled
	}
	wide := k
	wide.TileX, wide.LocalX = min(4, k.TileX), 64
	return append([]Key{k, wide}, keys...)
}

// tileWidth is the width in least … most whose tiles overhang a row of n pixels least; among equals, the widest.
func tileWidth(n, least, most int) int {
	if n <= most {
		return max(n, 1)
	}
	best, cover := least, 0
	for t := most; t >= least; t-- {
		if c := (n + t - 1) / t * t; cover == 0 || c < cover {
			best, cover = t, c
		}
	}
	return best
}
