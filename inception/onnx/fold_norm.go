package onnx

import (
	"fmt"
	"math"
)

// foldBatchNorm is a batch normalization of a constant, in float64 and rounded once: exporters write it for weights that the network itself
// standardizes. In training mode, the mean and the variance are the constant's own.
func (n *node) foldBatchNorm() (*value, error) {
	training, err := n.batchNormMode()
	if err != nil {
		return nil, err
	}
	eps := float64(n.float("epsilon", 1e-5))
	x, err := n.known(0)
	if err != nil {
		return nil, err
	}
	if len(x.dims) < 2 || x.len() == 0 {
		return nil, fmt.Errorf("of a constant %v", x.dims)
	}
	channels := x.dims[1]
	var params [4][]float32 // scale, shift, mean, variance
	for k := range params {
		c, err := n.known(1 + k)
		if err != nil {
			return nil, err
		}
		if c.len() != channels && !(training && k >= 2) { // the running ones aren't read then
			return nil, fmt.Errorf("input %d is %v, for a constant %v", 1+k, c.dims, x.dims)
		}
		params[k] = c.f
	}
	if _, err := n.b.allotLike(x, x.dims, 0); err != nil {
		return nil, err
	}
	pixels := x.len() / x.dims[0] / channels
	y := make([]float32, x.len())
	for c := range channels {
		each := func(visit func(i int)) {
			for image := range x.dims[0] {
				for p := range pixels {
					visit((image*channels+c)*pixels + p)
				}
			}
		}
		var mean, variance float64
		if training {
			count := float64(x.dims[0] * pixels)
			each(func(i int) { mean += float64(x.f[i]) / count })
			each(func(i int) { d := float64(x.f[i]) - mean; variance += d * d / count })
		} else {
			mean, variance = float64(params[2][c]), float64(params[3][c])
		}
		by := float64(params[0][c]) / math.Sqrt(variance+eps)
		each(func(i int) { y[i] = float32((float64(x.f[i])-mean)*by + float64(params[1][c])) })
	}
	return known(floats("", x.dims, y)), nil
}

// batchNormMode tells whether the mean and the variance are to be those of the input.
func (n *node) batchNormMode() (training bool, err error) {
	n.float("momentum", 0.9)
	training = n.flag("training_mode", false) || n.b.opset < 14 && n.outs > 1
	if n.b.opset < 9 && !n.flag("spatial", true) {
		return false, fmt.Errorf("spatial 0 is not supported")
	}
	return training, nil
}
