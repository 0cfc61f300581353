package onnx_test

import (
	"math"
	"testing"

	"inceptiongl/inception/onnx"
	pb "inceptiongl/inception/onnx/internal/onnxpb"
	"inceptiongl/inception/tensor"
)

// corners are models of a few numbers, for what ONNX says where operators' attributes meet.
var corners = []struct {
	name  string
	parts []part
	x     tensor.Array
	want  tensor.Array
}{
	{"LpPool's windows that end behind the input hold fewer elements",
		[]part{opset(18), inputDims(1, 1, 4, 4), op("LpPool", in("x"), "y", aInts("kernel_shape", 3, 3), aInts("strides", 2, 2), aInt("ceil_mode", 1))},
		filled(1, 1, 1, 4, 4), tensor.Array{Dims: []int{1, 1, 2, 2}, Data: []float32{3, sqrt6, sqrt6, 2}}},
	{"LpPool of a signal, padded, in ceil_mode",
		[]part{opset(18), inputDims(1, 1, 4), op("LpPool", in("x"), "y", aInts("kernel_shape", 3), aInts("strides", 2), aInts("pads", 1, 1), aInt("p", 1), aInt("ceil_mode", 1))},
		filled(1, 1, 1, 4), tensor.Array{Dims: []int{1, 1, 3}, Data: []float32{2, 3, 1}}},
	{"Clip whose lower bound is the higher one gives the upper",
		[]part{inputDims(1, 3), weight(scalar("low", 0.5)), weight(scalar("high", -0.5)), op("Clip", in("x", "low", "high"), "y")},
		tensor.Array{Dims: []int{1, 3}, Data: []float32{-2, 0, 2}}, filled(-0.5, 1, 3)},
	{"Cast of a constant to INT32 keeps the lower 32 bits",
		[]part{inputDims(1, 3), weight(list("big", 1<<33+5, -1<<31-1, 7)), op("Cast", in("big"), "i", aInt("to", 6)), op("Cast", in("i"), "f", aInt("to", 1)), op("Add", in("x", "f"), "y")},
		filled(0, 1, 3), tensor.Array{Dims: []int{1, 3}, Data: []float32{5, 1<<31 - 1, 7}}},
	{"a Slice backwards that begins before the first element begins at it, on the host",
		[]part{opset(13), inputDims(1, 3), weight(list("k", 3)), weight(list("start", -10)), weight(list("end", -20)), weight(list("axis", 1)), weight(list("step", -1)),
			op("TopK", in("x", "k"), "sorted"), op("Slice", in("sorted", "start", "end", "axis", "step"), "y")},
		tensor.Array{Dims: []int{1, 3}, Data: []float32{2, 3, 1}}, filled(3, 1, 1)},
	{"any number but 0 in an input of booleans is true",
		[]part{func(m *pb.ModelProto) { m.Graph.Input[0] = info("x", pb.TensorProto_BOOL, 1, 4) }, op("Not", in("x"), "n"), op("Cast", in("x"), "f", aInt("to", 1)),
			op("Cast", in("n"), "g", aInt("to", 1)), op("Sub", in("f", "g"), "y")},
		tensor.Array{Dims: []int{1, 4}, Data: []float32{0, 1, 5, -1}}, tensor.Array{Dims: []int{1, 4}, Data: []float32{-1, 1, 1, 1}}},
}

var sqrt6 = float32(math.Sqrt(6))

// filled is an array of one number.
func filled(v float32, dims ...int) tensor.Array {
	n := 1
	for _, d := range dims {
		n *= d
	}
	data := make([]float32, n)
	for k := range data {
		data[k] = v
	}
	return tensor.Array{Dims: dims, Data: data}
}

func TestCorners(t *testing.T) {
	eachBackend(t, func(t *testing.T, r run) {
		for _, c := range corners {
			t.Run(c.name, func(t *testing.T) {
				m, err := onnx.Parse(t.Context(), encode(t, model(c.parts...)), onnx.Options{})
				if err != nil {
					t.Fatal(err)
				}
				x, err := m.Tensor(c.x)
				if err != nil {
					t.Fatal(err)
				}
				alike(t, finished(t, r, m, x)[0], c.want)
			})
		}
	})
}
