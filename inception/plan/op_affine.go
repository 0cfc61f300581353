package plan

import (
	"fmt"
	"math"

	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

var affineRow = operator{
	kernels: only(shaders.Affine),
	values:  affineValues,
	dims: func(op graph.Op) shaders.Dims {
		return shaders.Dims{Out: op.(graph.Affine).Channels, In: 1, KernelH: 1, KernelW: 1}
	},
	takesEpilogue: true,
}

// batchNormRow: in evaluation mode it is an Affine, whose numbers come from four vectors.
var batchNormRow = operator{
	lower: func(d *draft, n lowering) error {
		if _, _, err := scaleShift(n.node.Op, n.param); err != nil {
			return err
		}
		d.units = append(d.units, n.unit(graph.Affine{Channels: n.node.Op.(graph.BatchNorm).Channels}))
		return nil
	},
	values: affineValues,
}

// scaleRow: an Affine without shifts, whose scales are all the same.
var scaleRow = operator{
	lower: func(d *draft, n lowering) error {
		d.units = append(d.units, n.unit(graph.Affine{Channels: n.node.Op.(graph.Scale).Channels}))
		return nil
	},
	values: affineValues,
}

// affineValues are the scales as weight and the shifts as bias, each rounded once; no bias where there are no shifts.
func affineValues(op graph.Op, param func(string) []float32) (weight, bias []float32, err error) {
	scale, shift, err := scaleShift(op, param)
	if err != nil {
		return nil, nil, err
	}
	weight, bias = make([]float32, len(scale)), make([]float32, len(shift))
	for c := range scale {
		weight[c], bias[c] = float32(scale[c]), float32(shift[c])
	}
	if !shifts(op) {
		bias = nil
	}
	return weight, bias, nil
}

// shifts reports whether an Affine, a Scale or a BatchNorm adds something.
func shifts(op graph.Op) bool {
	switch op := op.(type) {
	case graph.Affine:
		return op.Shift != ""
	case graph.Scale:
		return false
	}
	return true
}

// scaleShift are scale and shift of an Affine, a Scale or a BatchNorm in float64.
func scaleShift(op graph.Op, param func(string) []float32) (scale, shift []float64, err error) {
	switch op := op.(type) {
	case graph.Affine:
		scale, shift = make([]float64, op.Channels), make([]float64, op.Channels)
		for c := range scale {
			scale[c], shift[c] = at(param(op.Scale), c, 1), at(param(op.Shift), c, 0)
		}
		return scale, shift, nil
	case graph.Scale:
		scale, shift = make([]float64, op.Channels), make([]float64, op.Channels)
		for c := range scale {
			scale[c] = op.Factor
		}
		return scale, shift, nil
	case graph.BatchNorm:
		mean, variance := param(op.Mean), param(op.Var)
		scale, shift = make([]float64, op.Channels), make([]float64, op.Channels)
		for c := range scale {
			d := float64(variance[c]) + op.Eps
			if !(d > 0) {
				return nil, nil, fmt.Errorf("variance %v + eps %v of channel %d is not positive", variance[c], op.Eps, c)
			}
			scale[c] = at(param(op.Scale), c, 1) / math.Sqrt(d)
			shift[c] = at(param(op.Shift), c, 0) - float64(mean[c])*scale[c]
		}
		return scale, shift, nil
	}
	return nil, nil, fmt.Errorf("operator %T scales no channels", op)
}

// at is v[i], or the default where there is no vector.
func at(v []float32, i int, otherwise float64) float64 {
	if v == nil {
		return otherwise
	}
	return float64(v[i])
}
