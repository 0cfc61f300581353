package onnx_test

import (
	"context"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"inceptiongl/cpuref"
	"inceptiongl/inception/onnx"
	pb "inceptiongl/inception/onnx/internal/onnxpb"
	"inceptiongl/inception/tensor"
)

// TestSequences: a sequence's parts are where they were.
func TestSequences(t *testing.T) {
	size := &pb.TensorProto{Name: proto.String("three"), DataType: proto.Int32(7), Int64Data: []int64{3}}
	for _, c := range []struct {
		name  string
		parts []part
		dims  []int
		from  []int // channels of the input, in order
	}{
		{"single places", []part{weight(list("i", -2)), op("SplitToSequence", in("x"), "s", aInt("axis", 1)), op("SequenceAt", in("s", "i"), "y")}, []int{2, 1}, []int{2}},
		{"without their axis", []part{weight(list("i", 1)), op("SplitToSequence", in("x"), "s", aInt("axis", 1), aInt("keepdims", 0)), op("SequenceAt", in("s", "i"), "y")}, []int{2}, []int{1}},
		{"threes", []part{weight(size), weight(list("i", 1)), op("SplitToSequence", in("x", "three"), "s", aInt("axis", 1)), op("SequenceAt", in("s", "i"), "y")}, []int{2, 1}, []int{3}},
		{"as listed", []part{weight(list("p", 1, 3)), weight(list("i", 1)), op("SplitToSequence", in("x", "p"), "s", aInt("axis", 1)), op("SequenceAt", in("s", "i"), "y")}, []int{2, 3}, []int{1, 2, 3}},
		{"joined", []part{weight(list("p", 1, 3)), op("SplitToSequence", in("x", "p"), "s", aInt("axis", 1)), op("ConcatFromSequence", in("s"), "y", aInt("axis", 1))}, []int{2, 4}, []int{0, 1, 2, 3}},
		{"made", []part{op("Relu", in("x"), "r"), op("SequenceConstruct", in("x", "r"), "s"), op("ConcatFromSequence", in("s"), "y", aInt("axis", 1))}, []int{2, 8}, []int{0, 1, 2, 3, 0, 1, 2, 3}},
	} {
		m, err := onnx.Parse(context.Background(), encode(t, model(append([]part{inputDims(2, 4)}, c.parts...)...)), onnx.Options{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		x := tensor.Array{Dims: []int{2, 4}, Data: []float32{1, 2, 3, 4, 5, 6, 7, 8}}
		in, err := m.Tensor(x)
		if err != nil {
			t.Fatal(err)
		}
		y := finished(t, cpuref.Run, m, in)[0]
		var want []float32
		for n := range 2 {
			for _, k := range c.from {
				want = append(want, x.Data[4*n+k])
			}
		}
		if !slices.Equal(y.Dims, c.dims) || !slices.Equal(y.F, want) {
			t.Errorf("%s: %v of dimensions %v, want %v of %v", c.name, y.F, y.Dims, want, c.dims)
		}
	}
}
