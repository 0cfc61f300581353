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

// TestBranch: an If whose condition follows from the input's extents, as PyTorch writes a squeeze.
func TestBranch(t *testing.T) {
	squeeze := &pb.NodeProto{OpType: proto.String("Squeeze"), Input: in("r", "one"), Output: in("inner")}
	relu := &pb.NodeProto{OpType: proto.String("Relu"), Input: in("x"), Output: in("inner")}
	m := model(
		weight(list("one", 1)), weight(&pb.TensorProto{Name: proto.String("at"), DataType: proto.Int32(7), Int64Data: []int64{1}}),
		op("Neg", in("x"), "r"), op("Shape", in("x"), "s"), op("Gather", in("s", "at"), "n"), op("Equal", in("n", "one"), "c"),
		op("If", in("c"), "y", aGraph("then_branch", "inner", squeeze), aGraph("else_branch", "inner", relu)),
		op("Identity", in("y"), "inner"), // the branch's name is its own
	)
	m.Graph.Output[0] = info("inner", pb.TensorProto_FLOAT)
	for _, c := range []struct{ in, out []int }{{[]int{1, 1, 2, 3}, []int{1, 2, 3}}, {[]int{1, 3, 2, 1}, []int{1, 3, 2, 1}}} {
		m, err := onnx.Parse(context.Background(), encode(t, m), onnx.Options{Dims: c.in})
		if err != nil {
			t.Fatal(err)
		}
		x, err := m.Tensor(tensor.Array{Dims: c.in, Data: []float32{1, -2, 3, 4, 5, -6}})
		if err != nil {
			t.Fatal(err)
		}
		want := []float32{-1, 2, -3, -4, -5, 6}
		if len(c.out) == 4 {
			want = []float32{1, 0, 3, 4, 5, 0}
		}
		if y := finished(t, cpuref.Run, m, x)[0]; !slices.Equal(y.Dims, c.out) || !slices.Equal(y.F, want) {
			t.Errorf("%v becomes %v, %v", c.in, y.Dims, y.F)
		}
	}
}
