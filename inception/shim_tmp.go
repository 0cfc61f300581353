package inception

import "inceptiongl/shaders"

func pointwiseCandidates() []shaders.Key {
	return []shaders.Key{{Kernel: shaders.PointwiseTiled, TileX: 8, TileG: 2}, {Kernel: shaders.PointwiseTiled, TileX: 4, TileG: 1}, {Kernel: shaders.PointwiseShared, TileX: 4, TileG: 1}}
}
func convCandidates(kw, sw, dw, ow int) []shaders.Key {
	return []shaders.Key{{Kernel: shaders.ConvTiled, TileX: 14, TileG: 1, KernelW: kw, StrideW: sw, DilationW: dw}, {Kernel: shaders.ConvTiled, TileX: 4, TileG: 2, KernelW: kw, StrideW: sw, DilationW: dw}, {Kernel: shaders.ConvShared, TileX: 4, TileG: 1}}
}
