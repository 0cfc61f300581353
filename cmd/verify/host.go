package main

import (
	"context"
	"slices"

	"inceptiongl/inception/classify"
	"inceptiongl/inception/tail"
	"inceptiongl/inception/tensor"
)

// checkHost notes how the model's outputs differ where the host makes them of the network's: ours, ys, from the reference's, and the
// other runtime's from those.
func (r *Report) checkHost(ctx context.Context, m *classify.Model, ys []*tensor.Tensor, want [][]float64, theirs *otherAnswer) error {
	reference := make([]*tensor.Tensor, len(ys))
	for i, y := range ys {
		reference[i] = tensor.New(y.Shape)
		for k, v := range want[i] {
			reference[i].Data[k] = float32(v)
		}
	}
	ours, err := m.Finish(ctx, ys)
	if err != nil {
		return err
	}
	right, err := m.Finish(ctx, reference)
	if err != nil {
		return err
	}
	for i, a := range ours {
		row := Answer{Name: m.Outputs[i].Name, Shape: a.Dims, Differ: differing(a, right[i])}
		if theirs != nil {
			n := differing(tail.Floats(theirs.outputs[i].Dims, theirs.outputs[i].Data), right[i])
			row.Against = &n
		}
		r.Answers = append(r.Answers, row)
	}
	return nil
}

// differing counts the elements that aren't the same: integers, or floats by more than rounding explains; −1 where there are more or fewer.
func differing(a, b tail.Array) int {
	if !slices.Equal(a.Dims, b.Dims) {
		return -1
	}
	n := 0
	for i := range a.Len() {
		v, w := a.Number(i), b.Number(i)
		size := max(v, -v, w, -w)
		if d := max(v-w, w-v); !(d == 0 || !b.Ints && d <= farOff*size) {
			n++
		}
	}
	return n
}
