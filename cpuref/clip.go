package cpuref

import (
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Clip is min(max(x, Min), Max), element by element, torch.clamp; NaN stays NaN, as in PyTorch. Nothing is rounded.
func Clip(x *tensor.Tensor, c graph.Clip) *Result { return clip(c).result(x) }

func clip(c graph.Clip) activation {
	low, high := float64(c.Min), float64(c.Max)
	return activation{value: func(v float64) float64 { return min(max(v, low), high) }, steepest: 1} // NaN of NaN
}
