package onnx_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/inception/onnx"
	"inceptiongl/inception/tensor"
)

// TestSpelledNormalizations: normalizations that exporters spell out become one operator, and what only looks like one stays as it is. The
// answer is that of the formula, either way: of the last axis, of 6 numbers.
func TestSpelledNormalizations(t *testing.T) {
	last, eps := aInts("axes", -1), weight(scalar("ε", 0.25))
	two := weight(scalar("2", 2))
	mean := func(in_, out string) part { return op("ReduceMean", in(in_), out, last) }
	root := []part{mean("s", "v"), eps, op("Add", in("v", "ε"), "w"), op("Sqrt", in("w"), "r")}
	centre := []part{mean("x", "m"), op("Sub", in("x", "m"), "d")}
	standard := func(x []float64, k int) float64 {
		m := average(x, func(v float64) float64 { return v })
		return (x[k] - m) / math.Sqrt(average(x, func(v float64) float64 { return (v - m) * (v - m) })+0.25)
	}
	squares := func(x []float64, k int) float64 {
		return x[k] / math.Sqrt(average(x, func(v float64) float64 { return v * v })+0.25)
	}
	for _, c := range []struct {
		name  string
		want  []string
		f     func(x []float64, k int) float64
		parts []part
	}{
		{"as PyTorch has it", []string{"reshape", "normalize", "reshape"}, standard,
			slices.Concat(centre, []part{two, op("Pow", in("d", "2"), "s")}, root, []part{op("Div", in("d", "r"), "y")})},
		{"by a product, the mean taken twice", []string{"reshape", "normalize", "reshape"}, standard,
			slices.Concat(centre, []part{mean("x", "m2"), op("Sub", in("x", "m2"), "d2"), op("Mul", in("d2", "d2"), "s")}, root,
				[]part{op("Reciprocal", in("r"), "i"), op("Mul", in("i", "d"), "y")})},
		{"without the mean", []string{"reshape", "rmsnorm", "reshape"}, squares, slices.Concat([]part{op("Mul", in("x", "x"), "s")}, root, []part{op("Div", in("x", "r"), "y")})},
		{"only the divisor is centred", nil, func(x []float64, k int) float64 {
			m := average(x, func(v float64) float64 { return v })
			return x[k] / math.Sqrt(average(x, func(v float64) float64 { return (v - m) * (v - m) })+0.25)
		}, slices.Concat(centre, []part{op("Mul", in("d", "d"), "s")}, root, []part{op("Div", in("x", "r"), "y")})},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := parse(t, onnx.Options{}, c.parts...)
			got := kinds(m.Graph)
			if c.want != nil && !slices.Equal(got, c.want) || c.want == nil && (slices.Contains(got, "normalize") || slices.Contains(got, "rmsnorm")) {
				t.Errorf("nodes %q, want %q", got, c.want)
			}
			x := tensor.New(tensor.Shape{N: 1, C: 4, H: 6, W: 6})
			for k := range x.Data {
				x.Data[k] = float32(k*k%37) / 9
			}
			y, err := cpuref.Run(context.Background(), m.Graph, x)
			if err != nil {
				t.Fatal(err)
			}
			for k := range x.Data {
				var row []float64
				for _, v := range x.Data[k/6*6:][:6] {
					row = append(row, float64(v))
				}
				if want := c.f(row, k%6); !(math.Abs(float64(y.Data[k])-want) <= 1e-6) {
					t.Fatalf("element %d is %v, want %v", k, y.Data[k], want)
				}
			}
		})
	}
}

func average(x []float64, f func(float64) float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += f(v)
	}
	return sum / float64(len(x))
}
