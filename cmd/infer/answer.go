package main

import (
	"context"
	"slices"

	"inceptiongl/inception/classify"
	"inceptiongl/inception/tail"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

// answer is one of a model's outputs, as its file has it.
type answer struct {
	tail.Array
	picture *tensor.Tensor // the same to be drawn, if it can be
}

// finished are the model's outputs, made of the graph's first ones, or of all where the host has a part.
func finished(ctx context.Context, m *classify.Model, ys []*tensor.Tensor) ([]answer, error) {
	arrays, err := m.Finish(ctx, ys)
	if err != nil {
		return nil, err
	}
	answers := make([]answer, len(arrays))
	for i, a := range arrays {
		if answers[i].Array = a; m.Tail == nil {
			answers[i].picture = ys[i]
		} else {
			answers[i].picture = asPicture(a)
		}
	}
	return answers, nil
}

// asPicture is an array of the host's, images × rows × columns or with one or three channels between, as pictures; nil for others.
func asPicture(a tail.Array) *tensor.Tensor {
	dims := a.Dims
	if len(dims) == 3 {
		dims = slices.Insert(slices.Clone(dims), 1, 1)
	}
	if len(dims) != 4 || dims[1] != 1 && dims[1] != 3 {
		return nil
	}
	s := tensor.Shape{N: dims[0], C: dims[1], H: dims[2], W: dims[3]}
	if s.Check() != nil || s.H*s.W == 1 {
		return nil
	}
	t := tensor.New(s)
	for i := range t.Data {
		t.Data[i] = float32(a.Number(i))
	}
	return t
}

// writeArray writes a .npy file, of float32 or int64.
func writeArray(path string, a tail.Array) error {
	if a.Ints {
		return weights.WriteNpyInts(path, a.Dims, a.I)
	}
	return weights.WriteNpy(path, a.Dims, a.F)
}
