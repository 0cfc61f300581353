package cpuref

import (
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// ReLU is max(x, 0), element by element, torch.nn.ReLU; NaN stays NaN, as in PyTorch. Nothing is rounded.
func ReLU(x *tensor.Tensor) *Result { return relu.result(x) }

// ReLU applies max(v, 0) to the answer in place and returns it: the epilogue of a convolution. The bound stays valid:
// |max(a, 0) − max(b, 0)| ≤ |a − b|.
func (r *Result) ReLU() *Result {
	y, err := r.Activate(graph.ReLU{})
	if err != nil {
		panic(err) // it is in the table
	}
	return y
}

var relu = activation{value: func(v float64) float64 { return max(v, 0) }, steepest: 1} // max(NaN, 0) is NaN
