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

// Pad2D surrounds the rows and columns: see graph.Pad2D. Nothing is rounded.
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
	for n := range x.N {
		for c := range x.C {
			src, dst := x.plane(n, c), y.plane(n, c)
			for i := range dst {
				row, column := op.Mode.At(i/out.W-op.Pad.Top, x.H), op.Mode.At(i%out.W-op.Pad.Left, x.W)
				if dst[i] = float64(op.Value); row >= 0 && column >= 0 {
					dst[i] = src[row*x.W+column]
				}
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
