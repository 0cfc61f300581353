package onnx

// spots are a GatherND's places along one of the first axes: an array of indices.
type spots struct{ dims, index []int }

// crossing are the places of a GatherND by constants that are the same along each axis, whatever those along the others are, as PyTorch's
// exporter writes x[:, list] and pools to sizes that don't divide the picture's. Nil for another node or other places.
func (n *node) crossing() []spots {
	if n.op != "GatherND" || n.int("batch_dims", 0) != 0 || n.in[1].con == nil || !n.in[1].con.isInt {
		return nil
	}
	x, by := n.in[0], n.in[1].con
	rows := len(by.dims) - 1
	places, ok := numbers(by.i)
	if rows < 0 || by.dims[rows] > x.rank() || !ok || len(places) == 0 {
		return nil
	}
	all := make([]spots, by.dims[rows])
	for k, i := range places {
		size := x.dims[k%len(all)]
		if size.sym != number || i < -size.n || i >= size.n {
			return nil
		}
		if i < 0 {
			places[k] += size.n
		}
	}
	steps := make([]int, rows+1) // from a place to the next along each axis of the places
	for k, step := rows, 1; k >= 0; k-- {
		steps[k] = step
		step *= by.dims[k]
	}
	start := 0 // the first axis of the places that is no other's yet
	for a := range all {
		end := start
		for k := start; k < rows; k++ {
			for i := a; i < len(places); i += len(all) {
				if at := i / steps[k] % by.dims[k]; places[i] != places[i-at*steps[k]] {
					end = k + 1
				}
			}
		}
		if a == len(all)-1 {
			end = rows
		}
		p := spots{dims: by.dims[start:end], index: make([]int, 0, 1)}
		size, step := 1, steps[max(end-1, 0)]
		for _, d := range p.dims {
			size *= d
		}
		for k := range size {
			p.index = append(p.index, places[k*step+a])
		}
		for i := a; i < len(places); i += len(all) {
			if places[i] != p.index[i/step%size] {
				return nil
			}
		}
		all[a], start = p, end
	}
	return all
}

// cross picks elements along several axes.
func (n *node) cross(places []spots) (*value, error) {
	x := n.in[0]
	for a := len(places) - 1; a >= 0; a-- {
		var err error
		if x, err = n.gathered(x, a, places[a]); err != nil {
			return nil, err
		}
	}
	return x, nil
}
