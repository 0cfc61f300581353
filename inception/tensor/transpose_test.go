package tensor_test

import (
	"reflect"
	"testing"

	"inceptiongl/inception/tensor"
)

func TestTranspose(t *testing.T) {
	a := tensor.Array{Dims: []int{2, 3, 2}, Data: []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}
	for _, c := range []struct {
		perm []int
		want tensor.Array
	}{
		{[]int{0, 1, 2}, a},
		{[]int{2, 0, 1}, tensor.Array{Dims: []int{2, 2, 3}, Data: []float32{0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11}}},
		{[]int{1, 2, 0}, tensor.Array{Dims: []int{3, 2, 2}, Data: []float32{0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11}}},
	} {
		if got := a.Transpose(c.perm); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v: %v, want %v", c.perm, got, c.want)
		}
	}
	if got := (tensor.Array{Dims: []int{2, 0}}).Transpose([]int{1, 0}); !reflect.DeepEqual(got.Dims, []int{0, 2}) || len(got.Data) != 0 {
		t.Errorf("no elements: %v", got)
	}
	if got := (tensor.Array{Data: []float32{3}}).Transpose(nil); len(got.Data) != 1 || got.Data[0] != 3 {
		t.Errorf("a scalar: %v", got)
	}
}
