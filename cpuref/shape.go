package cpuref

import (
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Reshape gives the elements, in NCHW order, other extents. Nothing is rounded.
func Reshape(x *tensor.Tensor, op graph.Reshape) (*Result, error) {
	out, err := outShape(op, x)
	if err != nil {
		return nil, err
	}
	return newResult(array{out, widen(x.Data)}, nil, 0), nil
}

// Pad2D surrounds the rows and columns with a constant, torch.nn.ConstantPad2d. Nothing is rounded.
func Pad2D(x *tensor.Tensor, op graph.Pad2D) (*Result, error) {
	out, err := outShape(op, x)
	if err != nil {
		return nil, err
	}
	return newResult(pad(fromTensor(x), op, out), nil, 0), nil
}

// pad is Pad2D in float64; out is its output's shape.
func pad(x array, op graph.Pad2D, out tensor.Shape) array {
	y := newArray(out)
	for i := range y.v {
		y.v[i] = float64(op.Value)
	}
	for n := range x.N {
		for c := range x.C {
			src, dst := x.plane(n, c), y.plane(n, c)
			for row := range x.H {
				copy(dst[(row+op.Pad.Top)*out.W+op.Pad.Left:], src[row*x.W:][:x.W])
			}
		}
	}
	return y
}

// Channels picks channels: out(n, k, y, x) = in(n, Index[k], y, x). Nothing is rounded.
func Channels(x *tensor.Tensor, op graph.Channels) (*Result, error) {
	out, err := outShape(op, x)
	if err != nil {
		return nil, err
	}
	return newResult(channels(fromTensor(x), op, out), nil, 0), nil
}

// channels is Channels in float64; out is its output's shape.
func channels(x array, op graph.Channels, out tensor.Shape) array {
	y := newArray(out)
	for n := range out.N {
		for k, c := range op.Index {
			copy(y.plane(n, k), x.plane(n, c))
		}
	}
	return y
}
