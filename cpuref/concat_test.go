package cpuref

import (
	"math"
	"testing"

	"inceptiongl/inception/tensor"
)

func TestConcat(t *testing.T) {
	a := mk(t, 2, 1, 1, 2, 1, 2, 3, 4)
	b := mk(t, 2, 2, 1, 2, 10, 20, 30, 40, 50, 60, 70, 80)
	r := must(t)(Concat([]*tensor.Tensor{a, b}))
	if want := (tensor.Shape{N: 2, C: 3, H: 1, W: 2}); r.Shape != want {
		t.Errorf("shape %v, want %v", r.Shape, want)
	}
	same(t, "concat", r.Value, 1, 2, 10, 20, 30, 40, 3, 4, 50, 60, 70, 80)
	got := r.Tensor()
	if rep := Check(got, r); rep.Err != nil {
		t.Error(rep.Err)
	}
	got.Data[3] = math.Nextafter32(got.Data[3], 0)
	if rep := Check(got, r); rep.Err == nil || rep.Index != 3 {
		t.Errorf("concat is exact: one ULP off must fail at 3: %+v", rep)
	}
	for name, xs := range map[string][]*tensor.Tensor{
		"none": nil, "nil": {a, nil}, "height": {a, mk(t, 2, 1, 2, 1, 1, 2, 3, 4)}, "batch": {a, mk(t, 1, 1, 1, 2, 1, 2)},
	} {
		if _, err := Concat(xs); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
