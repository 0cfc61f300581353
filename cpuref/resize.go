package cpuref

import (
	"context"
	"fmt"
	"math"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Resize is interpolation along rows and columns, ONNX Resize, with the weights of graph.Resize.Taps:
//
//	out(n, c, y, x) = Σ_i wy(y, i) · Σ_j wx(x, j) · in(n, c, iy(y, i), ix(x, j))
//
// over the weights that are not 0. Nothing is rounded where each output is one pixel.
//
// Ops = Ky + Kx + 3, where an output has at most Ky rows and Kx columns: a term meets the roundings of its two weights to float32,
// two products, Kx − 1 additions of its row's sum and Ky − 1 of the rows': Ky + Kx + 2. One is to spare. Mag is Σ|wy·wx·in|.
//
// Flush, with Ly and Lx the largest Σ|w| of an output, or 1: weights are no subnormals; an input's loss is at most Ly·Lx times 2⁻¹²⁶,
// those of a row's 2·Kx products and sums 2·Kx·Ly times, those of the rows' 2·Ky times.
func Resize(x *tensor.Tensor, op graph.Resize) (*Result, error) {
	out, err := outShape(op, x)
	if err != nil {
		return nil, err
	}
	in := fromTensor(x)
	value, err := resize(context.Background(), in, op, out, false)
	if err != nil {
		return nil, fmt.Errorf("cpuref: resize: %w", err)
	}
	rows, columns, err := op.Taps(graph.Pair{H: x.H, W: x.W})
	if err != nil {
		return nil, fmt.Errorf("cpuref: resize: %w", err)
	}
	if rows.Copies() && columns.Copies() {
		return newResult(value, nil, 0), nil
	}
	mag, err := resize(context.Background(), in.abs(), op, out, true)
	if err != nil {
		return nil, fmt.Errorf("cpuref: resize: %w", err)
	}
	r := newResult(value, mag.v, rows.Each+columns.Each+3)
	ly, lx := most(rows), most(columns)
	r.Flush += tiny * (ly*lx + 2*float64(columns.Each)*ly + 2*float64(rows.Each))
	return r, nil
}

// most is the largest Σ|w| of an output, or 1.
func most(t graph.Taps) float64 {
	m := 1.0
	for o := range t.Outputs() {
		sum := 0.0
		for _, w := range t.Weight[o*t.Each:][:t.Each] {
			sum += math.Abs(w)
		}
		m = max(m, sum)
	}
	return m
}

// resize is Resize in float64; out is its output's shape. With magnitudes it takes the weights' absolute values.
func resize(ctx context.Context, x array, op graph.Resize, out tensor.Shape, magnitudes bool) (array, error) {
	rows, columns, err := op.Taps(graph.Pair{H: x.H, W: x.W})
	if err != nil {
		return array{}, err
	}
	if magnitudes {
		rows.Weight, columns.Weight = abs(rows.Weight), abs(columns.Weight)
	}
	fill := float64(op.Extrapolation)
	if magnitudes {
		fill = math.Abs(fill)
	}
	y := newArray(out)
	err = eachPlane(ctx, y, func(n, c int) {
		src, dst := x.plane(n, c), y.plane(n, c)
		for oy := range out.H {
			for ox := range out.W {
				top, left := oy*rows.Each, ox*columns.Each
				if rows.Index[top] < 0 || columns.Index[left] < 0 {
					dst[oy*out.W+ox] = fill
					continue
				}
				sum := 0.0
				for i := top; i < top+rows.Each; i++ {
					if rows.Weight[i] == 0 {
						continue
					}
					row := 0.0
					for j := left; j < left+columns.Each; j++ {
						if columns.Weight[j] != 0 {
							row += columns.Weight[j] * src[rows.Index[i]*x.W+columns.Index[j]]
						}
					}
					sum += rows.Weight[i] * row
				}
				dst[oy*out.W+ox] = sum
			}
		}
	})
	return y, err
}
