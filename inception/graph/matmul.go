package graph

import (
	"fmt"

	"inceptiongl/inception/tensor"
)

// MatMul multiplies two tensors as matrices, image by image: a 1×1 convolution whose weights are the second tensor,
//
//	out(n, j, y, x) = Σ_k a(n, k, y, x) · b(n, j, k)
//
// where pixels of b are counted row by row. Where one tensor has fewer images than the other, a divisor of them, they repeat: image n goes
// with image n modulo their number.
type MatMul struct {
	// TransA swaps channels and pixels of the first tensor: out(n, j, i, 0) = Σ_k a(n, i, k) · …
	TransA bool
	// TransB swaps those of the second: … · b(n, k, j)
	TransB bool
}

// Kind is "matmul".
func (MatMul) Kind() string { return "matmul" }

// Params is empty.
func (MatMul) Params() []Param { return nil }

// mixes: where a batch repeats, image n doesn't go with its own.
func (MatMul) mixes(in []tensor.Shape, _ int) bool { return in[0].N != in[1].N }

// MACs is one for each output and term of its sum.
func (m MatMul) MACs(in []tensor.Shape, out tensor.Shape) int64 {
	return int64(out.Len()) * int64(m.Terms(in[0]))
}

// Terms is how many products each output is the sum of, for a first input.
func (m MatMul) Terms(a tensor.Shape) int {
	if m.TransA {
		return a.H * a.W
	}
	return a.C
}

// OutShape has the channels of the product's columns and the first input's pixels; with TransA, as many rows of one pixel as that has
// channels.
func (m MatMul) OutShape(in []tensor.Shape) (tensor.Shape, error) {
	if len(in) != 2 {
		return tensor.Shape{}, fmt.Errorf("takes 2 inputs, has %d", len(in))
	}
	a, b := in[0], in[1]
	out := tensor.Shape{N: max(a.N, b.N), C: b.C, H: a.H, W: a.W}
	if m.TransA {
		out.H, out.W = a.C, 1
	}
	terms := b.H * b.W
	if m.TransB {
		out.C, terms = terms, b.C
	}
	switch {
	case m.Terms(a) != terms:
		return out, fmt.Errorf("inputs %v and %v: sums of %d and of %d products", a, b, m.Terms(a), terms)
	case a.N < 1 || b.N < 1 || out.N%a.N != 0 || out.N%b.N != 0:
		return out, fmt.Errorf("inputs %v and %v: the smaller batch must divide the larger", a, b)
	}
	return out, nil
}
