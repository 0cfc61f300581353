package cpuref

import (
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Move puts elements elsewhere: see graph.Move. Nothing is rounded.
func Move(x *tensor.Tensor, op graph.Move) (*Result, error) {
	out, err := outShape(op, x)
	if err != nil {
		return nil, err
	}
	y, err := move(fromTensor(x), op, out)
	if err != nil {
		return nil, err
	}
	return newResult(y, nil, 0), nil
}

// move is Move in float64; out is its output's shape. It goes through the output's axes like an odometer.
func move(x array, op graph.Move, out tensor.Shape) (array, error) {
	op, extents, err := op.Resolve(x.Shape)
	if err != nil {
		return array{}, err
	}
	stride := make([]int, len(extents)) // of the input's axes, in elements
	for k, n := len(extents)-1, 1; k >= 0; k-- {
		stride[k] = n
		n *= extents[k]
	}
	var axes []graph.Axis
	for _, list := range op.To {
		axes = append(axes, list...)
	}
	y := newArray(out)
	at := make([]int, len(axes))
	for i := range y.v {
		from := 0
		for k, a := range axes {
			place := a.Start + at[k]*a.Step
			if a.Index != nil {
				place = a.Index[at[k]]
			}
			switch {
			case place < 0:
				from = len(x.v) // stays outside
			case a.Of != graph.Repeat:
				from += place * stride[a.Of]
			}
		}
		if y.v[i] = float64(op.Value); from < len(x.v) {
			y.v[i] = x.v[from]
		}
		for k := len(at) - 1; k >= 0; k-- {
			if at[k]++; at[k] < axes[k].Len() {
				break
			}
			at[k] = 0
		}
	}
	return y, nil
}
