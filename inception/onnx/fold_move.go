package onnx

import (
	"fmt"
	"slices"
)

// anonymous takes a constant's name: its output will name it.
func anonymous(c *constant) *constant {
	c.name = ""
	return c
}

// foldExpand repeats a constant.
func (n *node) foldExpand() (*value, error) {
	target, err := n.list(1)
	if err != nil {
		return nil, err
	}
	if len(target) > maxRank {
		return nil, fmt.Errorf("%d dimensions: more than %d", len(target), maxRank)
	}
	c := n.in[0].con
	all, err := broadcast(fixed(c.dims), fixed(target))
	if err != nil {
		return nil, err
	}
	dims, _ := numbers(all)
	size, err := n.b.allotLike(c, dims, 1)
	if err != nil {
		return nil, err
	}
	if size == 0 {
		return known(&constant{dims: dims, isInt: c.isInt}), nil
	}
	own, _ := numbers(aligned(fixed(c.dims), len(dims)))
	return known(anonymous(c.at(dims, repeated(own, dims)))), nil
}

// take is elements index[0], index[1] … along an axis of a constant.
func (b *builder) take(c *constant, axis int, index []int) (*constant, error) {
	dims := slices.Clone(c.dims)
	dims[axis] = len(index)
	size, err := b.allotLike(c, dims, 1)
	if err != nil {
		return nil, err
	}
	after := 1
	for _, d := range c.dims[axis+1:] {
		after *= d
	}
	from := make([]int, 0, size)
	for at := 0; size > 0 && len(from) < size; at += c.dims[axis] * after {
		for _, i := range index {
			for k := range after {
				from = append(from, at+i*after+k)
			}
		}
	}
	return anonymous(c.at(dims, from)), nil
}

func (n *node) foldGather() (*value, error) {
	c := n.in[0].con
	a, err := axis(n.int("axis", 0), len(c.dims))
	if err != nil {
		return nil, err
	}
	by, index, err := n.indices(c.dims[a])
	if err != nil {
		return nil, err
	}
	out, err := n.b.take(c, a, index)
	if err != nil {
		return nil, err
	}
	out.dims = slices.Concat(c.dims[:a], by.dims, c.dims[a+1:])
	return known(out), nil
}

func (n *node) foldSlice() (*value, error) {
	c := n.in[0].con
	cuts, err := n.cuts(n.in[0].dims)
	if err != nil {
		return nil, err
	}
	for _, k := range cuts {
		if err = n.b.spend(k.count); err != nil {
			return nil, err
		}
		if c, err = n.b.take(c, k.axis, k.index()); err != nil {
			return nil, err
		}
	}
	return known(c), nil
}

func (n *node) foldConcat() (*value, error) {
	if !n.has("axis") {
		return nil, fmt.Errorf("attribute axis is missing")
	}
	first := n.in[0].con
	a, err := axis(n.int("axis", 0), len(first.dims))
	if err != nil {
		return nil, err
	}
	sum := fixed(first.dims)
	sum[a] = num(0)
	for _, v := range n.in {
		if v.con.isInt != first.isInt {
			return nil, fmt.Errorf("a constant of floats with one of integers")
		}
		if sum, err = joined(sum, v.dims, a); err != nil {
			return nil, err
		}
	}
	dims, _ := numbers(sum)
	size, err := n.b.allotLike(first, dims, 0)
	if err != nil {
		return nil, err
	}
	if size == 0 {
		return known(&constant{dims: dims, isInt: first.isInt}), nil
	}
	before := 1
	for _, d := range dims[:a] {
		before *= d
	}
	out := &constant{dims: dims, isInt: first.isInt}
	if first.isInt {
		out.i = make([]dim, 0, size)
	} else {
		out.f = make([]float32, 0, size)
	}
	for k := range before {
		for _, v := range n.in {
			each := v.con.len() / before
			if first.isInt {
				out.i = append(out.i, v.con.i[k*each:][:each]...)
			} else {
				out.f = append(out.f, v.con.f[k*each:][:each]...)
			}
		}
	}
	return known(out), nil
}
