package onnx_test

import (
	"context"
	"slices"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/inception/onnx"
	"inceptiongl/inception/tensor"
)

// TestFreedBatch: exporters write a fixed batch's number into targets of Reshape and sizes of Resize. With the batch freed, images go through
// as each does by itself.
func TestFreedBatch(t *testing.T) {
	for name, c := range map[string]struct {
		batch int64
		dims  []int // of the output, with the batch open
		parts []part
	}{
		"a classifier":    {1, []int{-1, 5}, []part{weight(list("s", 1, 144)), weight(ramp("w", 144, 5)), op("Reshape", in("x", "s"), "f"), op("MatMul", in("f", "w"), "y")}},
		"with -1":         {1, []int{-1, 36, 4}, []part{weight(list("s", 1, 4, -1)), op("Reshape", in("x", "s"), "f"), op("Transpose", in("f"), "y", aInts("perm", 0, 2, 1))}},
		"windows":         {1, []int{-1, 6, 24}, []part{weight(list("s", 6, 24)), weight(list("back", 1, 6, 24)), op("Transpose", in("x"), "t", aInts("perm", 0, 2, 1, 3)), op("Reshape", in("t", "s"), "f"), op("Softmax", in("f"), "p", aInt("axis", 1)), op("Reshape", in("p", "back"), "y")}},
		"heads":           {1, []int{-1, 2, 36, 36}, []part{weight(list("s", 2, 2, 36)), weight(list("back", 1, 2, 36, 36)), op("Reshape", in("x", "s"), "q"), op("Transpose", in("q"), "k", aInts("perm", 0, 2, 1)), op("MatMul", in("k", "q"), "p"), op("Reshape", in("p", "back"), "y")}},
		"a batch of two":  {2, []int{-1, 72, 2}, []part{weight(list("s", 2, 72, 2)), op("Reshape", in("x", "s"), "y")}},
		"resized to size": {1, []int{-1, 4, 12, 9}, []part{weight(list("to", 1, 4, 12, 9)), op("Resize", in("x", "", "", "to"), "y", aString("mode", "linear"))}},
	} {
		parts := append([]part{inputDims(c.batch, 4, 6, 6)}, c.parts...)
		freed := parse(t, onnx.Options{Dims: []int{-1, 4, 6, 6}}, parts...)
		if got := freed.Outputs[0].Dims; !slices.Equal(got, c.dims) {
			t.Errorf("%s: the output is %v, want %v", name, got, c.dims)
			continue
		}
		fixed := parse(t, onnx.Options{}, parts...)
		s, err := fixed.InputShape(0)
		if err != nil {
			t.Fatal(err)
		}
		n := s.Len()
		s.N *= 3
		x := tensor.New(s)
		for i := range x.Data {
			x.Data[i] = float32(i*7919%97)/97 - 0.3
		}
		eachBackend(t, func(t *testing.T, r run) {
			all, err := r(context.Background(), freed.Graph, x)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			s := s
			s.N /= 3
			size := len(all.Data) / 3
			for i := range 3 {
				one, err := r(context.Background(), fixed.Graph, &tensor.Tensor{Shape: s, Data: x.Data[i*n : (i+1)*n]})
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				want := make([]float64, size)
				for k := range want {
					want[k] = float64(one.Data[k])
				}
				if e, err := cpuref.RelL2(all.Data[i*size:(i+1)*size], want); err != nil || !(e <= 1e-6) {
					t.Errorf("%s: image %d differs by %.2g, %v", name, i, e, err)
				}
			}
		})
	}
	// Where nothing else can stand for the batch, the file's own is all that goes.
	for name, parts := range map[string][]part{
		"the batch not first": {weight(list("s", 144, 1)), weight(list("t", 12, 12)), op("Reshape", in("x", "s"), "f"), op("Transpose", in("f"), "g"), op("Reshape", in("g", "t"), "y")},
		"another batch":       {inputDims(2, 4, 6, 6), weight(list("s", 9, 32)), op("Reshape", in("x", "s"), "y")},
	} {
		if _, err := onnx.Parse(t.Context(), encode(t, model(append([]part{inputDims(1, 4, 6, 6)}, parts...)...)), onnx.Options{Dims: []int{-1, 4, 6, 6}}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
