package cpuref

import (
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Clip is min(max(x, Min), Max), element by element, torch.clamp; NaN stays NaN, as in PyTorch. Nothing is rounded.
func Clip(x *tensor.Tensor, c graph.Clip) *Result { return newResult(clip(fromTensor(x), c), nil, 0) }

// clip is Clip in float64.
func clip(x array, c graph.Clip) array {
	y := array{x.Shape, make([]float64, len(x.v))}
	for i, v := range x.v {
		y.v[i] = min(max(v, float64(c.Min)), float64(c.Max)) // NaN of NaN
	}
	return y
}
