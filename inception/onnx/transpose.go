package onnx

import (
	"fmt"
	"slices"
)

// perm is the attribute, which defaults to the reverse order.
func (n *node) perm(rank int) ([]int, error) {
	perm := n.ints("perm")
	if perm == nil {
		for k := rank - 1; k >= 0; k-- {
			perm = append(perm, k)
		}
	}
	out, err := normal(perm, rank)
	if err != nil || len(out) != rank || slices.Min(append(perm, 0)) < 0 {
		return nil, fmt.Errorf("perm %v is no permutation of %d axes", perm, rank)
	}
	return out, nil
}

func (n *node) transpose() (*value, error) {
	perm, err := n.perm(n.in[0].rank())
	if err != nil {
		return nil, err
	}
	return n.b.permute(n.in[0], perm)
}

// transposed lists, for each element of a transposed array, where it was.
func transposed(dims, perm []int) []int {
	stride := make([]int, len(dims))
	size := 1
	for k := len(dims) - 1; k >= 0; k-- {
		stride[k] = size
		size *= dims[k]
	}
	index := make([]int, size)
	at := make([]int, len(dims))
	for i := range index {
		for k, a := range perm {
			index[i] += at[k] * stride[a]
		}
		for k := len(at) - 1; k >= 0; k-- {
			if at[k]++; at[k] < dims[perm[k]] {
				break
			}
			at[k] = 0
		}
	}
	return index
}

// transposed is a constant whose axis k is c's axis perm[k].
func (b *builder) transposed(c *constant, perm []int) (*constant, error) {
	dims := make([]int, len(perm))
	for k, a := range perm {
		dims[k] = c.dims[a]
	}
	if _, err := b.allotLike(c, dims, 1); err != nil {
		return nil, err
	}
	if c.len() == 0 {
		return &constant{dims: dims, isInt: c.isInt}, nil
	}
	return anonymous(c.at(dims, transposed(c.dims, perm))), nil
}
