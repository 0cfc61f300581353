package onnx

import "fmt"

// grid is what a ScatterND by constants puts its slices into: for each of the first axes, the places along it. PyTorch's exporters write
// assignments to a part of a tensor like that, as x[:, 1:3] = y. Nil for another node or other places.
func (n *node) grid() [][]int {
	if n.op != "ScatterND" || n.string("reduction", "none") != "none" || n.in[1].con == nil || !n.in[1].con.isInt {
		return nil
	}
	x, by, with := n.in[0], n.in[1].con, n.in[2]
	axes := len(by.dims) - 1
	if axes < 1 || by.dims[axes] != axes || axes > x.rank() || with.rank() != x.rank() {
		return nil
	}
	places, ok := numbers(by.i)
	if !ok || len(places) == 0 {
		return nil
	}
	lists := make([][]int, axes)
	step := len(places)
	for a := range lists {
		list := make([]int, by.dims[a])
		step /= len(list) // from a place along this axis to the next
		taken := map[int]bool{}
		for k := range list {
			if list[k], ok = counted(places[k*step+a], x.dims[a]); !ok || with.dims[a] != num(len(list)) || taken[list[k]] {
				return nil
			}
			taken[list[k]] = true
		}
		for i := 0; i < len(places); i += axes {
			if at, _ := counted(places[i+a], x.dims[a]); at != list[i/step%len(list)] {
				return nil
			}
		}
		lists[a] = list
	}
	return lists
}

// counted is a place from 0 on along an axis; what is negative counts from the end.
func counted(i int, size dim) (int, bool) {
	if i < 0 {
		i += size.n
	}
	return i, size.sym == number && i >= 0 && i < size.n
}

// scatterElements is for constant places that are the same all along the other axes, as PyTorch's exporter writes x[:, 0] = y.
func (n *node) scatterElements() (*value, error) {
	x, by, with := n.in[0], n.in[1].con, n.in[2]
	a, err := axis(n.int("axis", 0), x.rank())
	if err != nil {
		return nil, err
	}
	if how := n.string("reduction", "none"); how != "none" {
		return nil, fmt.Errorf("reduction %s is not supported", quote(how))
	}
	fail := func() (*value, error) {
		return nil, fmt.Errorf("the places must be constants, each once, and the same along the other axes")
	}
	if by == nil || !by.isInt || len(by.dims) != x.rank() || with.rank() != x.rank() {
		return fail()
	}
	places, ok := numbers(by.i)
	if !ok || len(places) == 0 {
		return fail()
	}
	step := 1 // from a place along the axis to the next
	for _, d := range by.dims[a+1:] {
		step *= d
	}
	lists := make([][]int, a+1)
	list := make([]int, by.dims[a])
	taken := map[int]bool{}
	for k := range list {
		if list[k], ok = counted(places[k*step], x.dims[a]); !ok || taken[list[k]] {
			return fail()
		}
		taken[list[k]] = true
	}
	for i, p := range places {
		if at, _ := counted(p, x.dims[a]); at != list[i/step%len(list)] {
			return fail()
		}
	}
	for k, d := range by.dims {
		if with.dims[k] != num(d) || k != a && x.dims[k] != num(d) {
			return fail()
		}
		if k < a {
			lists[k] = identity(d)
		}
	}
	lists[a] = list
	return n.put(x, with, lists, 0)
}

// put is x with other elements at places of its axes from one on, whose lists are a grid's.
func (n *node) put(x, with *value, lists [][]int, axis int) (*value, error) {
	if axis == len(lists) {
		return with, nil
	}
	list, size := lists[axis], x.dims[axis].n
	all := len(list) == size
	if axis+1 < len(lists) {
		within, err := x, error(nil)
		if !all || !inOrder(list) {
			if within, err = n.choose(x, axis, spaced(list), num(len(list))); err != nil {
				return nil, err
			}
		}
		if with, err = n.put(within, with, lists, axis+1); err != nil {
			return nil, err
		}
	}
	if all && inOrder(list) {
		return with, nil
	}
	index := identity(size)
	for k, i := range list {
		index[i] = size + k
	}
	if err := n.b.spend(2 * size); err != nil {
		return nil, err
	}
	both, err := n.glued([]*value{x, with}, axis)
	if err != nil {
		return nil, err
	}
	return n.choose(both, axis, spaced(index), num(size))
}
