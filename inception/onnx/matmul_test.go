package onnx_test

import (
	"slices"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/onnx"
)

// TestProducts: what products of tensors become, and that nothing moves where matrices already stand as channels and pixels.
func TestProducts(t *testing.T) {
	heads := weight(list("heads", 0, 2, 4, 36)) // of 8 channels
	three := weight(list("three", 0, 8, 36))
	wide := inputDims(-1, 8, 6, 6)
	swap := aInts("perm", 0, 1, 3, 2)
	for _, c := range []struct {
		name  string
		want  []string
		parts []part
	}{
		{"attention of heads", []string{"reshape", "matmul TransB", "softmax", "matmul", "reshape"}, []part{wide, heads,
			op("Reshape", in("x", "heads"), "k"), op("Transpose", in("k"), "q", swap), op("MatMul", in("q", "k"), "s"), op("Softmax", in("s"), "a"),
			op("MatMul", in("a", "q"), "o"), op("Transpose", in("o"), "t", swap), weight(list("back", 0, 8, 6, 6)), op("Reshape", in("t", "back"), "y")}},
		{"channels by channels", []string{"matmul TransA", "move"}, []part{wide, three, op("Reshape", in("x", "three"), "r"), op("Transpose", in("r"), "t", aInts("perm", 0, 2, 1)), op("MatMul", in("r", "t"), "y")}},
		{"one column: its rows are the channels", []string{"conv", "reshape", "softmax", "matmul"}, []part{wide, three, weight(ramp("w", 1, 8, 1, 1)),
			op("Reshape", in("x", "three"), "r"), op("Conv", in("x", "w"), "c"), weight(list("column", 0, 1, 36)), op("Reshape", in("c", "column"), "m"), op("Softmax", in("m"), "a"),
			op("Transpose", in("a"), "b", aInts("perm", 0, 2, 1)), op("MatMul", in("r", "b"), "y")}},
		{"with a constant for all images", []string{"reshape", "constant", "matmul TransA", "move"}, []part{wide, heads, weight(ramp("w", 2, 36, 5)), op("Reshape", in("x", "heads"), "r"), op("MatMul", in("r", "w"), "y")}},
		{"with a constant matrix", []string{"reshape", "conv", "reshape"}, []part{wide, heads, weight(ramp("w", 36, 5)), op("Reshape", in("x", "heads"), "r"), op("MatMul", in("r", "w"), "y")}},
		{"a constant matrix by a tensor of rank 4", []string{"reshape", "conv", "reshape"}, []part{wide, heads, weight(ramp("w", 5, 4)), op("Reshape", in("x", "heads"), "r"), op("MatMul", in("w", "r"), "y")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, n := range parse(t, onnx.Options{}, c.parts...).Graph.Nodes[1:] {
				kind := n.Op.Kind()
				if m, ok := n.Op.(graph.MatMul); ok {
					if m.TransA {
						kind += " TransA"
					}
					if m.TransB {
						kind += " TransB"
					}
				}
				got = append(got, kind)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("nodes %q, want %q", got, c.want)
			}
		})
	}
}
