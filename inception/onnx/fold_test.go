package onnx_test

import (
	"context"
	"math"
	"testing"

	"inceptiongl/inception/onnx"
	"inceptiongl/inception/tensor"
)

// TestManyAxes: tensors that broadcast along more axes than a graph's four hold, so that one is repeated.
func TestManyAxes(t *testing.T) {
	m := parse(t, onnx.Options{}, inputDims(1, 1, 2, 1, 2, 1, 2), weight(ramp("w", 3, 1, 1, 2, 1, 2, 1)), op("Sub", in("x", "w"), "y"))
	s, err := m.InputShape(0)
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.New(s)
	for i := range x.Data {
		x.Data[i] = float32(i * i)
	}
	eachBackend(t, func(t *testing.T, r run) {
		y := finished(t, r, m, x)[0]
		at := 0
		for a := range 3 {
			for b := range 2 {
				for c := range 2 {
					for d := range 2 {
						for e := range 2 {
							for f := range 2 {
								want := x.Data[4*b+2*d+f] - float32(4*a+2*c+e+1)/10
								if at >= len(y.F) || math.Abs(float64(y.F[at]-want)) > 1e-5 {
									t.Fatalf("element %d of %v is not %v", at, y.Dims, want)
								}
								at++
							}
						}
					}
				}
			}
		}
		if at != len(y.F) {
			t.Errorf("%v has %d elements, want %d", y.Dims, len(y.F), at)
		}
	})
}

// TestStandardizedWeights: a batch norm of a convolution's weights, as networks without norms of their own have it: of the weights' own mean and
// variance, or of those that are given. It costs no step.
func TestStandardizedWeights(t *testing.T) {
	const eps = 1e-3
	for name, training := range map[string]bool{"own": true, "given": false} {
		parts := []part{
			opset(15), inputDims(1, 4, 6, 6), weight(ramp("w", 2, 4, 1, 1)), weight(list("flat", 1, 2, -1)), weight(list("back", 2, 4, 1, 1)),
			weight(ramp("gain", 2)), weight(ramp("bias", 2)), weight(ramp("m", 2)), weight(ramp("v", 2)),
			op("Reshape", in("w", "flat"), "a"), op("BatchNormalization", in("a", "gain", "bias", "m", "v"), "b", aFloat("epsilon", eps), aInt("training_mode", map[bool]int64{true: 1}[training])),
			op("Reshape", in("b", "back"), "c"), op("Conv", in("x", "c"), "y"),
		}
		m := parse(t, onnx.Options{}, parts...)
		if got := kinds(m.Graph); len(got) != 1 {
			t.Errorf("%s: %v, want a convolution alone", name, got)
		}
		s, err := m.InputShape(0)
		if err != nil {
			t.Fatal(err)
		}
		x := tensor.New(s)
		for i := range 4 { // the first pixel of each channel
			x.Data[36*i] = float32(i + 1)
		}
		y, err := backends[0].open(t)(context.Background(), m.Graph, x)
		if err != nil {
			t.Fatal(err)
		}
		for o := range 2 {
			mean, variance, gain, bias := float64(o+1)/10, float64(o+1)/10, float64(o+1)/10, float64(o+1)/10
			w := func(i int) float64 { return float64(4*o+i+1) / 10 }
			if training {
				mean, variance = (w(0)+w(3))/2, 0.0125 // of four numbers, 0.1 apart
			}
			want := 0.0
			for i := range 4 {
				want += float64(i+1) * ((w(i)-mean)/math.Sqrt(variance+eps)*gain + bias)
			}
			if got := float64(y.Data[36*o]); !(math.Abs(got-want) < 1e-5) {
				t.Errorf("%s: output %d is %v, want %v", name, o, got, want)
			}
		}
	}
}
