package tensor_test

import (
	"math"
	"strings"
	"testing"

	"inceptiongl/inception/tensor"
)

func TestShapeCheck(t *testing.T) {
	for _, c := range []struct {
		shape tensor.Shape
		want  string // part of the error; "" for none
	}{
		{tensor.Shape{N: 1, C: 1, H: 1, W: 1}, ""},
		{tensor.Shape{N: 2, C: 3, H: 5, W: 7}, ""},
		{tensor.Shape{N: 1, C: tensor.MaxElements, H: 1, W: 1}, ""},
		{tensor.Shape{N: 1 << 15, C: 1, H: 1 << 15, W: 1}, ""}, // 2³⁰
		{tensor.Shape{N: 0, C: 1, H: 1, W: 1}, "N is 0"},
		{tensor.Shape{N: 1, C: -3, H: 1, W: 1}, "C is -3"},
		{tensor.Shape{N: 1, C: 1, H: 0, W: 1}, "H is 0"},
		{tensor.Shape{N: 1, C: 1, H: 1, W: math.MinInt}, "W is -"},
		{tensor.Shape{}, "N is 0"},
		{tensor.Shape{N: tensor.MaxElements, C: 2, H: 1, W: 1}, "more than"},
		{tensor.Shape{N: 1 << 16, C: 1, H: 1 << 15, W: 1}, "more than"}, // 2³¹, one too many
		// The products below are 0 or small in 64 bits: only a check against overflow finds them.
		{tensor.Shape{N: 1 << 32, C: 1 << 32, H: 1, W: 1}, "more than"},
		{tensor.Shape{N: 1 << 16, C: 1 << 16, H: 1 << 16, W: 1 << 16}, "more than"},
		{tensor.Shape{N: math.MaxInt, C: math.MaxInt, H: math.MaxInt, W: math.MaxInt}, "more than"},
	} {
		wantError(t, c.shape.String(), c.shape.Check(), c.want)
	}
}

func TestTensorCheck(t *testing.T) {
	shape := tensor.Shape{N: 1, C: 2, H: 3, W: 1}
	if _, err := tensor.FromData(shape, make([]float32, 6)); err != nil {
		t.Error(err)
	}
	for _, n := range []int{0, 5, 7} {
		_, err := tensor.FromData(shape, make([]float32, n))
		wantError(t, "data of another length", err, "needs 6 elements")
	}
	_, err := tensor.FromData(tensor.Shape{N: 1, C: 0, H: 1, W: 1}, nil)
	wantError(t, "no channels", err, "C is 0")
	_, err = tensor.FromData(tensor.Shape{N: 1 << 32, C: 1 << 32, H: 1, W: 1}, nil) // Len overflows to 0, as nil's
	wantError(t, "overflow", err, "more than")
	var missing *tensor.Tensor
	wantError(t, "nil", missing.Check(), "nil")
}

// TestLayout: element (n, c, y, x) is at ((n·C+c)·H+y)·W+x.
func TestLayout(t *testing.T) {
	x := tensor.New(tensor.Shape{N: 2, C: 3, H: 4, W: 5})
	if len(x.Data) != 120 {
		t.Fatalf("%d elements, want 120", len(x.Data))
	}
	for i := range x.Data {
		x.Data[i] = float32(i)
	}
	if got, want := x.At(1, 2, 3, 4), float32(119); got != want {
		t.Errorf("last element is %v, want %v", got, want)
	}
	if got, want := x.At(1, 0, 2, 1), float32(60+0+10+1); got != want {
		t.Errorf("element (1, 0, 2, 1) is %v, want %v", got, want)
	}
	x.Set(0, 1, 0, 3, -1)
	if got := x.Data[20+3]; got != -1 {
		t.Errorf("Set(0, 1, 0, 3) missed element 23: it is %v", got)
	}
}

func TestFirstNonFinite(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		data []float32
		want int
	}{
		{nil, -1},
		{[]float32{0, -0, math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32}, -1},
		{[]float32{nan}, 0},
		{[]float32{1, -inf, nan}, 1},
		{[]float32{1, 2, inf}, 2},
		{[]float32{math.Float32frombits(0xffffffff)}, 0}, // a NaN with its sign set
	} {
		if got := tensor.FirstNonFinite(c.data); got != c.want {
			t.Errorf("FirstNonFinite(%v) = %d, want %d", c.data, got, c.want)
		}
	}
}

func wantError(t *testing.T, name string, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return
	}
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: error is %v, want one with %q", name, err, want)
	}
}
