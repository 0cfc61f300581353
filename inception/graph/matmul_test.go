package graph_test

import (
	"strings"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// TestMatMulShapes: the four ways to hold the matrices, and batches that repeat.
func TestMatMulShapes(t *testing.T) {
	for _, c := range []struct {
		op    graph.MatMul
		a, b  tensor.Shape
		shape tensor.Shape
		terms int64
		want  string
	}{
		{graph.MatMul{}, shape(2, 6, 4, 5), shape(2, 7, 3, 2), shape(2, 7, 4, 5), 6, ""},
		{graph.MatMul{TransA: true}, shape(2, 9, 4, 5), shape(2, 7, 10, 2), shape(2, 7, 9, 1), 20, ""},
		{graph.MatMul{TransB: true}, shape(1, 6, 4, 5), shape(3, 6, 3, 5), shape(3, 15, 4, 5), 6, ""},
		{graph.MatMul{TransA: true, TransB: true}, shape(6, 9, 4, 5), shape(3, 20, 1, 8), shape(6, 8, 9, 1), 20, ""},
		{graph.MatMul{}, shape(2, 6, 4, 5), shape(3, 7, 6, 1), tensor.Shape{}, 0, "smaller batch must divide"},
		{graph.MatMul{}, shape(2, 6, 4, 5), shape(2, 7, 5, 1), tensor.Shape{}, 0, "sums of 6 and of 5 products"},
		{graph.MatMul{TransB: true}, shape(2, 6, 4, 5), shape(2, 7, 6, 1), tensor.Shape{}, 0, "sums of 6 and of 7 products"},
	} {
		in := []tensor.Shape{c.a, c.b}
		got, err := c.op.OutShape(in)
		switch {
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%+v of %v: error %v; want one with %q", c.op, in, err, c.want)
		case c.want == "" && (err != nil || got != c.shape):
			t.Errorf("%+v of %v: %v, %v; want %v", c.op, in, got, err, c.shape)
		case c.want == "" && c.op.MACs(in, got) != int64(got.Len())*c.terms:
			t.Errorf("%+v of %v: %d MACs", c.op, in, c.op.MACs(in, got))
		}
	}
	if _, err := (graph.MatMul{}).OutShape([]tensor.Shape{shape(1, 1, 1, 1)}); err == nil {
		t.Error("one input: no error")
	}
}
