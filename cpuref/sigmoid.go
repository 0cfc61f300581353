package cpuref

import (
	"math"

	"inceptiongl/inception/tensor"
)

// Sigmoid is 1/(1 + exp(−x)), element by element, torch.nn.Sigmoid; NaN stays NaN.
//
// The bound, in units of u and relative to the output s: exp is allowed 3 + 2·|x| ULP, at most (6 + 4·|x|)·u (GLSL 4.30 §4.7.1),
// of which 1 + exp(−x) takes the share 1 − s; the addition is rounded once; the division by 2.5 ULP, at most 5; 1 is for
// second-order terms:
//
//	κ = (1 − s)·(6 + 4·|x|) + 1 + 5 + 1
//
// Flush: below x = −87 the output is subnormal, and from −88.7 on exp(−x) is ∞ and the output 0. As an epilogue: its slope is
// at most ¼.
func Sigmoid(x *tensor.Tensor) *Result { return sigmoid.result(x) }

var sigmoid = activation{
	value: logistic,
	roundings: func(v float64) float64 {
		if math.IsInf(v, 0) {
			return 7 // 0 or 1
		}
		return (1-logistic(v))*(6+4*min(math.Abs(v), 104)) + 7
	},
	steepest: 0.25,
}

func logistic(v float64) float64 { return 1 / (1 + math.Exp(-v)) }
