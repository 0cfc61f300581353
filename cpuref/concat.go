package cpuref

import (
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Concat joins tensors along the channels, in order, torch.cat(xs, 1): N × C₁ × H × W, N × C₂ × H × W … → N × ΣC × H × W.
// Nothing is rounded.
func Concat(xs []*tensor.Tensor) (*Result, error) {
	out, err := outShape(graph.Concat{}, xs...)
	if err != nil {
		return nil, err
	}
	in := make([]array, len(xs))
	for i, x := range xs {
		in[i] = fromTensor(x)
	}
	return newResult(concat(in, out), nil, 0), nil
}

// concat is Concat in float64; out is its output's shape.
func concat(xs []array, out tensor.Shape) array {
	y := newArray(out)
	at := 0
	for n := range out.N {
		for _, x := range xs {
			image := x.C * x.H * x.W
			at += copy(y.v[at:], x.v[n*image:][:image])
		}
	}
	return y
}
