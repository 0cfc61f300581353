package cpuref

import "inceptiongl/inception/tensor"

// ReLU is max(x, 0), element by element, torch.nn.ReLU; NaN stays NaN. Nothing is rounded.
func ReLU(x *tensor.Tensor) *Result { return newResult(relu(fromTensor(x)), nil, 0) }

// ReLU applies max(v, 0) to the answer in place and returns it: the epilogue of a convolution. The bound stays valid:
// |max(a, 0) − max(b, 0)| ≤ |a − b|.
func (r *Result) ReLU() *Result {
	r.Value = relu(array{r.Shape, r.Value}).v
	return r
}

// relu is ReLU in float64.
func relu(x array) array {
	y := array{x.Shape, make([]float64, len(x.v))}
	for i, v := range x.v {
		y.v[i] = max(v, 0)
	}
	return y
}
