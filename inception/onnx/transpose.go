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
	return n.permute(n.in[0], perm)
}

// maxPermuted bounds the elements that a transposition may mix: a Channels costs their square.
const maxPermuted = 2048

// permute is a transposition. Where it moves only extents of 1, nothing is to do; else what it moves must be few elements, as in
// a channel shuffle, between leading axes (N) and trailing ones (H × W) that stay.
func (n *node) permute(x *value, perm []int) (*value, error) {
	dims := make([]dim, len(perm))
	var moved []int // perm without the axes of extent 1
	for k, a := range perm {
		dims[k] = x.dims[a]
		if !x.dims[a].is(1) {
			moved = append(moved, a)
		}
	}
	stays := slices.Sorted(slices.Values(moved))
	from, to := 0, len(moved)
	for from < to && moved[from] == stays[from] {
		from++
	}
	for to > from && moved[to-1] == stays[to-1] {
		to--
	}
	if from == to {
		return x.with(dims), nil
	}
	mixed := make([]int, to-from) // the extents that move, in x's order
	for k := range mixed {
		d := x.dims[stays[from+k]]
		if d.sym != number {
			return nil, fmt.Errorf("transposing %s by %v moves the batch or an extent that isn't fixed", show(x.dims), perm)
		}
		mixed[k] = d.n
	}
	size, err := count(mixed, maxPermuted)
	if err != nil {
		return nil, fmt.Errorf("transposing %s by %v mixes more than %d elements", show(x.dims), perm, maxPermuted)
	}
	order := make([]int, to-from)
	for k := range order {
		order[k] = slices.Index(stays[from:to], moved[from+k])
	}
	p, err := n.b.seen(x, stays[from], stays[to-1]+1)
	if err != nil {
		return nil, err
	}
	if err := n.b.spend(size); err != nil {
		return nil, err
	}
	return &value{dims: dims, t: p.pick(n.label, transposed(mixed, order))}, nil
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

func (n *node) foldTranspose() (*value, error) {
	c := n.in[0].con
	perm, err := n.perm(len(c.dims))
	if err != nil {
		return nil, err
	}
	dims := make([]int, len(perm))
	for k, a := range perm {
		dims[k] = c.dims[a]
	}
	if _, err := n.b.allot(dims); err != nil {
		return nil, err
	}
	if c.len() == 0 {
		return known(&constant{dims: dims, isInt: c.isInt}), nil
	}
	return known(anonymous(c.at(dims, transposed(c.dims, perm)))), nil
}
