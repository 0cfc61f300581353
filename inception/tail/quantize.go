package tail

import (
	"fmt"
	"math"
)

// Quantize makes codes of numbers, as graph.Quantize does: integers. Scales and zero points are one of both or, along Axis, one for each place.
type Quantize struct {
	Axis        int
	Scale, Zero []float32
	Low, High   float32
}

// Kind is "QuantizeLinear".
func (Quantize) Kind() string { return "QuantizeLinear" }

// Run makes codes.
func (q Quantize) Run(in []Array) ([]Array, error) {
	number, err := coding(in, q.Axis, q.Scale, q.Zero)
	if err != nil {
		return nil, err
	}
	x := in[0]
	out := Integers(x.Dims, make([]int64, x.Len()))
	for i := range out.I {
		scale, zero := number(i)
		code := math.RoundToEven(float64(float32(x.Number(i))/scale)) + float64(zero)
		if code != code {
			return nil, fmt.Errorf("of NaN, which no code is")
		}
		out.I[i] = int64(min(max(code, float64(q.Low)), float64(q.High)))
	}
	return []Array{out}, nil
}

// Dequantize makes numbers of codes: (code − zero) · scale.
type Dequantize struct {
	Axis        int
	Scale, Zero []float32
}

// Kind is "DequantizeLinear".
func (Dequantize) Kind() string { return "DequantizeLinear" }

// Run makes numbers.
func (d Dequantize) Run(in []Array) ([]Array, error) {
	number, err := coding(in, d.Axis, d.Scale, d.Zero)
	if err != nil {
		return nil, err
	}
	x := in[0]
	out := Floats(x.Dims, make([]float32, x.Len()))
	for i := range out.F {
		scale, zero := number(i)
		out.F[i] = float32(x.Number(i)-float64(zero)) * scale
	}
	return []Array{out}, nil
}

// coding is the scale and the zero point of each element of the input.
func coding(in []Array, axis int, scale, zero []float32) (func(i int) (scale, zero float32), error) {
	if err := needs(in, 1, 1); err != nil {
		return nil, err
	}
	if len(scale) == 1 && len(zero) == 1 {
		return func(int) (float32, float32) { return scale[0], zero[0] }, nil
	}
	if err := axisOf(axis, in[0]); err != nil {
		return nil, err
	}
	length, step := in[0].Dims[axis], strides(in[0].Dims)[axis]
	if len(scale) != length || len(zero) != length {
		return nil, fmt.Errorf("%d scales and %d zero points for axis %d of an array %v", len(scale), len(zero), axis, in[0].Dims)
	}
	return func(i int) (float32, float32) { return scale[i/step%length], zero[i/step%length] }, nil
}
