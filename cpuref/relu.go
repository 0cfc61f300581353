package cpuref

import (
	"math"

	"inceptiongl/inception/tensor"
)

// ReLU is max(x, 0), element by element, torch.nn.ReLU; NaN stays NaN, as in PyTorch. Nothing is rounded.
func ReLU(x *tensor.Tensor) *Result { return newResult(relu(fromTensor(x)), nil, 0) }

// ReLU applies max(v, 0) to the answer in place and returns it: the epilogue of a convolution. The bound stays valid:
// |max(a, 0) − max(b, 0)| ≤ |a − b|.
func (r *Result) ReLU() *Result { return r.activated(relu(array{r.Shape, r.Value})) }

// activated puts y in the answer's place. Where the answer was infinite, so was its bound, and y is exact.
func (r *Result) activated(y array) *Result {
	for i, v := range r.Value {
		if math.IsInf(v, 0) {
			r.Mag[i] = 0
		}
	}
	r.Value = y.v
	return r
}

// relu is ReLU in float64.
func relu(x array) array {
	y := array{x.Shape, make([]float64, len(x.v))}
	for i, v := range x.v {
		y.v[i] = max(v, 0) // NaN of NaN
	}
	return y
}
