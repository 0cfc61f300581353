package onnx_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/inception/onnx"
	"inceptiongl/inception/tensor"
)

// toFirst and toLast transpose pictures, behind what out names.
func toFirst(from, out string) part { return op("Transpose", in(from), out, aInts("perm", 0, 3, 1, 2)) }
func toLast(from, out string) part  { return op("Transpose", in(from), out, aInts("perm", 0, 2, 3, 1)) }

// TestTranspositionsCancel: in a network for pictures N × H × W × C nothing moves until an output wants it.
func TestTranspositionsCancel(t *testing.T) {
	mean := weight(ramp("mean", 1, 1, 1, 3))
	w, v := weight(ramp("w", 4, 3, 3, 3)), weight(ramp("v", 4, 4, 1, 1))
	base := []part{inputDims(-1, 8, 9, 3), mean, w, v, weight(ramp("bias", 4)), op("Sub", in("x", "mean"), "m"),
		toFirst("m", "m1"), op("Conv", in("m1", "w"), "a1"), toLast("a1", "a"), op("Add", in("a", "bias"), "b"), op("Relu", in("b"), "r")}
	with := func(more ...part) []part { return append(slices.Clone(base), more...) }
	start := []string{"affine", "conv", "affine", "relu"}
	for _, c := range []struct {
		name  string
		want  []string
		parts []part
	}{
		{"a layer", append(slices.Clone(start), "conv"), with(toFirst("r", "r1"), op("Conv", in("r1", "v"), "y"))},
		{"a sum", append(slices.Clone(start), "conv", "add", "globalavgpool"), with(toFirst("r", "r1"), op("Conv", in("r1", "v"), "c1"), toLast("c1", "c"),
			op("Add", in("r", "c"), "s"), weight(list("hw", 1, 2)), opset(18), op("ReduceMean", in("s", "hw"), "y", aInt("keepdims", 0)))},
		{"a softmax and a product along the channels", append(slices.Clone(start), "softmax", "conv"), with(op("Softmax", in("r"), "s", aInt("axis", -1)),
			weight(ramp("k", 4, 5)), op("MatMul", in("s", "k"), "p"), toFirst("p", "y"))},
		{"a concatenation", append(slices.Clone(start), "concat"), with(op("Concat", in("r", "r"), "c", aInt("axis", 3)), toFirst("c", "y"))},
		{"a padded row", append(slices.Clone(start), "pad", "conv"), with(weight(list("p", 0, 1, 0, 0, 0, 0, 1, 0)), op("Pad", in("r", "p"), "q"), toFirst("q", "q1"), op("Conv", in("q1", "v"), "y"))},
		{"rows as a signal", append(slices.Clone(start), "reshape"), with(weight(list("s", -1, 42, 4)), op("Reshape", in("r", "s"), "q"), op("Transpose", in("q"), "y", aInts("perm", 0, 2, 1)))},
		{"an output", append(slices.Clone(start), "move"), with(op("Identity", in("r"), "y"))},
		{"a flattened map", append(slices.Clone(start), "move"), with(op("Flatten", in("r"), "y"))},
		{"two readers of one move", append(slices.Clone(start), "move", "relu"), with(weight(list("s", -1, 168)), op("Reshape", in("r", "s"), "f"), op("Reshape", in("r", "s"), "g"), op("Add", in("f", "g"), "y"))[: len(base)+3 : len(base)+3]},
	} {
		if c.name == "two readers of one move" {
			c.parts = append(c.parts, op("Identity", in("g"), "y"))
			c.want = append(slices.Clone(start), "move")
		}
		t.Run(c.name, func(t *testing.T) {
			m := parse(t, onnx.Options{}, c.parts...)
			if got := kinds(m.Graph); !slices.Equal(got, c.want) {
				t.Errorf("nodes %q, want %q", got, c.want)
			}
			if !slices.Equal(m.InputOrder, []int{0, 3, 1, 2}) || !slices.Equal(m.InputDims, []int{-1, 8, 9, 3}) {
				t.Errorf("input %v in the order %v", m.InputDims, m.InputOrder)
			}
		})
	}
}

// TestInputOrder: which inputs are stored with their channels first.
func TestInputOrder(t *testing.T) {
	conv := []part{weight(ramp("w", 2, 3, 1, 1)), op("Conv", in("t", "w"), "y")}
	for _, c := range []struct {
		name  string
		want  []int
		parts []part
	}{
		{"N × H × W × C", []int{0, 3, 1, 2}, append(conv, inputDims(1, 8, 9, 3), toFirst("x", "t"))},
		{"free rows and columns", []int{0, 3, 1, 2}, append(conv, inputDims(-1, -1, -1, 3), toFirst("x", "t"))},
		{"written as 0 and ?", []int{0, 3, 1, 2}, append(conv, inputDims(0, 0, -1, 3), toFirst("x", "t"))},
		{"N × C × H × W", []int{0, 1, 2, 3}, append(conv, inputDims(1, 3, 9, 3), op("Relu", in("x"), "t"))},
		{"both", []int{0, 1, 2, 3}, append(conv, inputDims(1, 3, 9, 3), toFirst("x", "q"), op("MaxPool", in("x"), "p", aInts("kernel_shape", 1, 1)), op("Add", in("p", "p"), "t"))},
		{"another transposition", []int{0, 1, 2, 3}, append(conv, inputDims(1, 8, 9, 3), op("Transpose", in("x"), "t", aInts("perm", 0, 3, 2, 1)))},
		{"one channel last", []int{0, 3, 1, 2}, []part{inputDims(-1, 8, 9, 1), weight(list("s", -1, 1, 8, 9)), op("Reshape", in("x", "s"), "y")}},
		{"a signal", []int{0, 2, 1}, []part{inputDims(-1, 8, 3), op("Transpose", in("x"), "y", aInts("perm", 0, 2, 1))}},
		{"a matrix", []int{0, 1}, []part{inputDims(-1, 8), op("Relu", in("x"), "y")}},
	} {
		if c.name == "both" {
			c.parts = append(c.parts, op("Identity", in("y"), "z"), op("Identity", in("q"), "u"))
		}
		m := parse(t, onnx.Options{}, c.parts...)
		if !slices.Equal(m.InputOrder, c.want) {
			t.Errorf("%s: order %v, want %v", c.name, m.InputOrder, c.want)
		}
	}
}

// TestOpenSizes: a network for N × H × W × C with free rows and columns, which doubles them, at two sizes.
func TestOpenSizes(t *testing.T) {
	m := parse(t, onnx.Options{}, inputDims(0, 0, 0, 4), toFirst("x", "a"), op("DepthToSpace", in("a"), "b", aInt("blocksize", 2)), op("Relu", in("b"), "c"),
		op("Slice", in("c", "one", "end", "axis"), "d"), weight(list("one", 1)), weight(list("end", -1)), weight(list("axis", 2)),
		op("Pad", in("d", "pads"), "e", aString("mode", "reflect")), weight(list("pads", 0, 0, 1, 0, 0, 0, 1, 0)), toLast("e", "y"))
	for _, size := range [][2]int{{3, 4}, {5, 2}} {
		h, w := size[0], size[1]
		a := tensor.Array{Dims: []int{2, h, w, 4}, Data: make([]float32, 2*h*w*4)}
		for i := range a.Data {
			a.Data[i] = float32(i + 1)
		}
		a.Data[5] = float32(math.Inf(1))
		x, err := m.Tensor(a)
		if err != nil {
			t.Fatal(err)
		}
		y, err := cpuref.Run(context.Background(), m.Graph, x)
		if err != nil {
			t.Fatal(err)
		}
		if len(y.Data) != len(a.Data) || !slices.Equal(m.Outputs[0].Dims, []int{-1, -1, -1, 1}) {
			t.Fatalf("%d elements, output %v", len(y.Data), m.Outputs[0].Dims)
		}
		for n := range 2 {
			for row := range 2 * h {
				for column := range 2 * w {
					from := row // rows 0 and 2h−1 are gone, and mirrored: 1, 2 … 2h−2 padded by one of them
					if row == 0 {
						from = 2
					}
					if row == 2*h-1 {
						from = 2*h - 3
					}
					want := a.Data[((n*h+from/2)*w+column/2)*4+from%2*2+column%2]
					if got := y.Data[(n*2*h+row)*2*w+column]; got != want {
						t.Fatalf("%v: image %d, row %d, column %d is %v, want %v", size, n, row, column, got, want)
					}
				}
			}
		}
	}
}

// TestTensor: arrays that a model can't take.
func TestTensor(t *testing.T) {
	m := parse(t, onnx.Options{}, inputDims(-1, 2, 2, 3), toFirst("x", "y"))
	a := tensor.Array{Dims: []int{1, 2, 2, 3}, Data: []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}
	x, err := m.Tensor(a)
	if err != nil || x.Shape != (tensor.Shape{N: 1, C: 3, H: 2, W: 2}) || !slices.Equal(x.Data, []float32{0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11}) {
		t.Errorf("%v, %v", x, err)
	}
	for _, c := range []struct {
		dims  []int
		n     int
		words string
	}{
		{[]int{2, 2, 3}, 12, "ranks differ"},
		{[]int{1, 3, 2, 2}, 12, "extent 1 must be 2"},
		{[]int{2, 2, 2, 3}, 12, "it holds 12 elements"},
		{[]int{-1, 2, 2, 3}, 12, "it holds 12 elements"},
		{[]int{0, 2, 2, 3}, 0, "it holds 0 elements"},
	} {
		if _, err := m.Tensor(tensor.Array{Dims: c.dims, Data: make([]float32, c.n)}); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%v: error %v, want one with %q", c.dims, err, c.words)
		}
	}
}

// TestConstantFollows: constants that meet a value in another order are put in that order, those whose long axes are in order already, too.
func TestConstantFollows(t *testing.T) {
	m := parse(t, onnx.Options{}, inputDims(1, 1, 1, 4), toFirst("x", "a"), op("Relu", in("a"), "b"), toLast("b", "c"), weight(ramp("k", 1, 1, 1, 2)),
		op("Concat", in("c", "k"), "d", aInt("axis", 3)), op("Mul", in("d", "s"), "y"), weight(ramp("s", 6)))
	x, err := m.Tensor(tensor.Array{Dims: []int{1, 1, 1, 4}, Data: []float32{1, 2, 3, 4}})
	if err != nil {
		t.Fatal(err)
	}
	y, err := cpuref.Run(context.Background(), m.Graph, x)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{0.1, 0.4, 0.9, 1.6, 0.05, 0.12} {
		if math.Abs(float64(y.Data[i])-want) > 1e-6 {
			t.Errorf("%v: element %d, want %v", y.Data, i, want)
		}
	}
}
