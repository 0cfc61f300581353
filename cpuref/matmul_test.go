package cpuref

import (
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// flipped is x with channels and pixels the other way round.
func flipped(t *testing.T, x *tensor.Tensor) *tensor.Tensor {
	t.Helper()
	y := tensor.New(tensor.Shape{N: x.N, C: x.H * x.W, H: x.C, W: 1})
	for n := range x.N {
		for c := range x.C {
			for i := range y.C {
				y.Data[(n*y.C+i)*x.C+c] = x.Data[(n*x.C+c)*y.C+i]
			}
		}
	}
	return y
}

// TestMatMul: values worked out by hand, whichever way the matrices are held.
func TestMatMul(t *testing.T) {
	a := mk(t, 2, 3, 1, 2, 1, 2, 3, 4, 5, 6, -1, 0, 0, -1, 1, 1)         // rows (1, 3, 5) and (2, 4, 6); (−1, 0, 1) and (0, −1, 1)
	b := mk(t, 2, 2, 3, 1, 1, 0, 2, -1, 1, 0, 7, 8, 9, 1, 2, 3)          // columns (1, 0, 2) and (−1, 1, 0); (7, 8, 9) and (1, 2, 3)
	want := []float64{11, 14, 2, 2, 2, 1, 2, 1}                          // [image][column][row]
	repeats := []float64{11, 14, 2, 2, 7 + 24 + 45, 100, 1 + 6 + 15, 28} // of a's first image
	for _, op := range []graph.MatMul{{}, {TransA: true}, {TransB: true}, {TransA: true, TransB: true}} {
		x, y := a, b
		if op.TransA {
			x = flipped(t, x)
		}
		if op.TransB {
			y = flipped(t, y)
		}
		r := must(t)(MatMul(x, y, op))
		same(t, "product", r.Value, want...)
		if r.Ops != 5 || r.Mag[5] != 17 || r.Mag[0] != 11 || r.Mag[2] != 1+3 {
			t.Errorf("%+v: %d roundings, magnitudes %v", op, r.Ops, r.Mag)
		}
		one := &tensor.Tensor{Shape: x.Shape, Data: x.Data[:6]}
		one.N = 1
		same(t, "one image with two", must(t)(MatMul(one, y, op)).Value, repeats...)
	}
	if _, err := MatMul(a, a, graph.MatMul{}); err == nil {
		t.Error("3 terms and 2: no error")
	}
}

// TestMatMulIsAConvolution: with one second matrix for all images it is a 1×1 convolution with those weights, of the same bound.
func TestMatMulIsAConvolution(t *testing.T) {
	r := random(21)
	for range 20 {
		x := mk(t, 3, 7, 2, 5, small(r, 210)...)
		w := small(r, 7*4)
		got := must(t)(MatMul(x, mk(t, 1, 4, 7, 1, w...), graph.MatMul{}))
		want := must(t)(Conv2D(x, graph.Conv2D{In: 7, Out: 4, Kernel: graph.Square(1)}, w, nil))
		if got.Shape != want.Shape || got.Ops != want.Ops || got.Flush != want.Flush {
			t.Fatalf("%v, %d roundings, flush %v; want %v, %d, %v", got.Shape, got.Ops, got.Flush, want.Shape, want.Ops, want.Flush)
		}
		same(t, "values", got.Value, want.Value...)
		same(t, "magnitudes", got.Mag, want.Mag...)
	}
}
