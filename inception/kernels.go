package inception

import (
	"slices"

	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

// plainKey is the readable kernel for a step.
func plainKey(s *Step) shaders.Key {
	k := shaders.Key{Kernel: shaders.Conv, Aligned: s.Params.Aligned()}
	switch op := s.Parts[0].Op.(type) {
	case graph.Conv2D:
		if op.Pointwise() {
			k.Kernel = shaders.Pointwise
		}
	case graph.Pool2D:
		k.Kernel = shaders.AvgPool
		if op.Type == graph.Max {
			k.Kernel = shaders.MaxPool
		}
	case graph.Affine:
		k.Kernel = shaders.Affine
	case graph.Binary:
		k.Kernel = shaders.Add
		if op.Type == graph.Mul {
			k.Kernel = shaders.Mul
		}
	case graph.LRN:
		k.Kernel = shaders.LRN
	case graph.Softmax:
		k.Kernel = shaders.Softmax
	case graph.Reshape:
		k.Kernel = shaders.Reshape
	case graph.Pad2D:
		k.Kernel = shaders.Pad
	case graph.ReLU:
		k.Kernel = shaders.ReLU
	case graph.Concat, graph.Clip:
		k.Kernel = shaders.Copy // a clip is the copy's activation
	}
	return k
}

// candidates are the kernels that may serve a step, the default first. Which are fast is the device's business: the
// Tuner finds out.
func candidates(s *Step, kernels Kernels) []shaders.Key {
	plain := plainKey(s)
	if kernels == KernelsPlain {
		return []shaders.Key{plain}
	}
	loads := []shaders.Load{shaders.LoadImage, shaders.LoadSampler, shaders.LoadSSBO}
	tiles := []shaders.Key{plain}
	isConv := false
	switch op := s.Parts[0].Op.(type) {
	case graph.Conv2D:
		isConv = true
		tiles = shaders.PointwiseCandidates()
		if !op.Pointwise() {
			tiles = shaders.ConvCandidates(op.Kernel.W, op.Stride.W, op.Dilation.W, int(s.Params.OutW))
		}
	case graph.Pool2D:
		tiles = shaders.PoolCandidates(plain.Kernel, op.Kernel.W, op.Stride.W, int(s.Params.OutW))
	}
	var keys []shaders.Key
	// Every tile with every way to read: which one a device likes doesn't depend much on the tile, so the Tuner decides that first.
	for _, l := range loads {
		for _, k := range tiles {
			k.Load, k.Aligned = l, plain.Aligned
			if !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
	}
	if isConv {
		keys = append(keys, plain)
	}
	return keys
}
