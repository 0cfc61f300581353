package onnx_test

import (
	"slices"
	"testing"

	"inceptiongl/inception/onnx"
	pb "inceptiongl/inception/onnx/internal/onnxpb"
	"inceptiongl/inception/tensor"
)

// TestMoves runs ONNX's tests of what moves elements, and models of several such nodes, where NaN and infinity must stay in their places.
func TestMoves(t *testing.T) {
	nodeCases(t, "moves", 64)
}

// TestGatherRows: x[:, list] as PyTorch's exporter writes it, by places along the first axis, is the network's: convolutions may follow.
func TestGatherRows(t *testing.T) {
	rows := func(name string, v ...int64) *pb.TensorProto {
		p := list(name, v...)
		p.Dims = []int64{int64(len(v)), 1}
		return p
	}
	turn := aInts("perm", 1, 0, 2, 3)
	m := parse(t, onnx.Options{}, inputDims(-1, 4, 6, 6), weight(rows("i", 3, -4, 2)),
		op("Transpose", in("x"), "a", turn), op("GatherND", in("a", "i"), "b", aInt("batch_dims", 0)), op("Transpose", in("b"), "c", turn),
		op("GlobalMaxPool", in("c"), "y"))
	if m.Tail != nil {
		t.Fatal("the host has a part of it")
	}
	x := tensor.New(tensor.Shape{N: 2, C: 4, H: 6, W: 6})
	for i := range x.Data {
		x.Data[i] = float32(i/36 + 1)
	}
	eachBackend(t, func(t *testing.T, r run) {
		if y := finished(t, r, m, x)[0]; !slices.Equal(y.F, []float32{4, 1, 3, 8, 5, 7}) || !slices.Equal(y.Dims, []int{2, 3, 1, 1}) {
			t.Errorf("%v of %v", y.F, y.Dims)
		}
	})
}

// TestScattered: what is put into a constant, as PyTorch's exporter writes an assignment to a part of one, is a constant.
func TestScattered(t *testing.T) {
	places := list("i", 2, 0)
	places.Dims = []int64{2, 1}
	m := parse(t, onnx.Options{}, inputDims(1, 4, 6, 6), weight(ramp("w", 4)), weight(places), weight(ramp("with", 2)), weight(list("s", 4, 1, 1)),
		op("ScatterND", in("w", "i", "with"), "b"), op("Reshape", in("b", "s"), "c"), op("Add", in("x", "c"), "a"), op("GlobalMaxPool", in("a"), "y"))
	if m.Tail != nil {
		t.Fatal("the host has a part of it")
	}
	x := tensor.New(tensor.Shape{N: 1, C: 4, H: 6, W: 6})
	eachBackend(t, func(t *testing.T, r run) {
		if y := finished(t, r, m, x)[0]; !slices.Equal(y.F, []float32{0.2, 0.2, 0.1, 0.4}) {
			t.Errorf("%v", y.F)
		}
	})
}
