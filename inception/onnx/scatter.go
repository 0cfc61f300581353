package onnx

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
			list[k] = places[k*step+a]
			if d := x.dims[a]; d.sym != number || with.dims[a] != num(len(list)) || list[k] < 0 || list[k] >= d.n || taken[list[k]] {
				return nil
			}
			taken[list[k]] = true
		}
		for i := 0; i < len(places); i += axes {
			if places[i+a] != list[i/step%len(list)] {
				return nil
			}
		}
		lists[a] = list
	}
	return lists
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
