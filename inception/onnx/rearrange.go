package onnx

import (
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
)

// A place is an axis of a rearranged value: the axes that it consists of, outermost first, whose Of is an axis of the value before.
type place struct {
	extent dim
	axes   []graph.Axis
}

// all is axis k as it is.
func all(k int, extent dim) place { return place{extent, []graph.Axis{{Of: k}}} }

// entire reports an axis of which nothing is left out.
func entire(a graph.Axis) bool {
	return a.Of != graph.Repeat && a.Start == 0 && a.Step == 0 && a.Count == 0 && a.Index == nil
}

// rearrange is x, stored as ONNX has it, with axes that consist of x's. It is a Move, or, where only channels change places, a
// picture's choice of them. The result is seen as w where its axes allow that.
func (b *builder) rearrange(x *value, to []place, w *view, fill float32) (*value, error) {
	dims := make([]dim, len(to))
	for k, p := range to {
		dims[k] = p.extent
	}
	if err := b.check(dims); err != nil {
		return nil, err
	}
	p, from, err := b.spread(x)
	if err != nil {
		return nil, err
	}
	groups, v, err := b.grouped(to, dims, from, w)
	if err != nil {
		return nil, err
	}
	if index := picked(x, from, to, groups); index != nil {
		if err := b.spend(3 * len(index)); err != nil {
			return nil, err
		}
		q := p.pick(b.label, index)
		q.view = v
		return &value{dims: dims, t: q}, nil
	}
	op, err := movement(x, from, to, groups)
	if err != nil {
		return nil, err
	}
	op.Value = fill
	at := b.node(p)
	if slices.ContainsFunc(to, indexed) {
		node := b.g.Add(b.unique(b.label), op, at)
		return &value{dims: dims, t: whole(node, v[0].n, v)}, nil
	}
	key := fmt.Sprintf("%d %+v", at, op) // a value is often wanted in the same order by several
	node, ok := b.moves[key]
	if !ok {
		node = b.g.Add(b.unique(b.label+".move"), op, at)
		b.moves[key] = node
	}
	return &value{dims: dims, t: whole(node, v[0].n, v)}, nil
}

func indexed(p place) bool {
	return slices.ContainsFunc(p.axes, func(a graph.Axis) bool { return a.Index != nil })
}

// spread is a picture of x, stored as ONNX has it, and the axes that its N, C, H and W consist of.
func (b *builder) spread(x *value) (*picture, [4][]int, error) {
	p, err := b.tensor(x)
	if err != nil {
		return nil, [4][]int{}, err
	}
	if groups, ok := spans(x.dims, p.view); ok {
		return p, groups, nil
	}
	w, err := b.natural(x.dims)
	if err != nil {
		return nil, [4][]int{}, err
	}
	groups, ok := spans(x.dims, w)
	if !ok {
		return nil, groups, fmt.Errorf("moving elements of %s: extents aren't fixed (Options.Dims)", show(x.dims))
	}
	p, err = b.as(x, w)
	return p, groups, err
}

// spans are the axes that N, C, H and W consist of where the last three are w; not ok where axes lie across.
func spans(dims []dim, w view) (groups [4][]int, ok bool) {
	end := len(dims)
	for k := 3; k >= 1; k-- {
		want, start := w[k-1], end
		switch {
		case want.is(1):
			if start > 0 && dims[start-1].is(1) {
				start--
			}
		case want.sym == number:
			for n := 1; n != want.n; {
				if start--; start < 0 || dims[start].sym != number || dims[start].n < 1 || n > want.n/dims[start].n {
					return groups, false
				}
				n *= dims[start].n
			}
		default:
			for start > 0 && dims[start-1].is(1) {
				start--
			}
			if start--; start < 0 || dims[start] != want {
				return groups, false
			}
		}
		for a := start; a < end; a++ {
			groups[k] = append(groups[k], a)
		}
		end = start
	}
	for a := range end {
		groups[0] = append(groups[0], a)
	}
	return groups, true
}

// grouped tells which of the new axes go into N, C, H and W, and the view that they make: w; what they were part of, where they are
// the old axes, one by one; or the natural view.
func (b *builder) grouped(to []place, dims []dim, from [4][]int, w *view) (groups [4][]int, v view, err error) {
	if w != nil {
		if groups, ok := spans(dims, *w); ok {
			return groups, *w, nil
		}
	}
	oneByOne := len(slices.Concat(from[0], from[1], from[2], from[3])) == len(to)
	for k, p := range to {
		oneByOne = oneByOne && !slices.ContainsFunc(p.axes, func(a graph.Axis) bool { return a.Of != k && a.Of != graph.Repeat })
	}
	if !oneByOne {
		if v, err = b.natural(dims); err != nil {
			return groups, v, err
		}
		groups, ok := spans(dims, v)
		if !ok {
			err = fmt.Errorf("moving elements to %s: extents aren't fixed (Options.Dims)", show(dims))
		}
		return groups, v, err
	}
	for k := range v {
		var part []dim
		for _, a := range from[k+1] {
			part = append(part, dims[a])
		}
		if v[k], err = product(part, b.fresh); err != nil {
			return groups, v, err
		}
	}
	return from, v, nil
}

// maxPicked bounds the channels that a picture chooses by number.
const maxPicked = 1 << 16

// picked are the numbers of the channels that the result has, where only channels change: nil where more does.
func picked(x *value, from [4][]int, to []place, groups [4][]int) []int {
	for _, k := range []int{0, 2, 3} {
		var new []int
		for _, i := range groups[k] {
			for _, a := range to[i].axes {
				if !entire(a) {
					return nil
				}
				if !x.dims[a.Of].is(1) {
					new = append(new, a.Of)
				}
			}
		}
		if !slices.Equal(new, slices.DeleteFunc(slices.Clone(from[k]), func(a int) bool { return x.dims[a].is(1) })) {
			return nil
		}
	}
	stride, n := map[int]int{}, 1
	for _, a := range slices.Backward(from[1]) {
		if x.dims[a].sym != number {
			return nil
		}
		stride[a] = n
		n *= x.dims[a].n
	}
	index := []int{0}
	for _, i := range groups[1] {
		for _, a := range to[i].axes {
			places := listed(a, x.dims)
			if places == nil || slices.Contains(places, -1) || len(places) > maxPicked/len(index) {
				return nil
			}
			var next []int
			for _, before := range index {
				for _, p := range places {
					next = append(next, before+p*stride[a.Of])
				}
			}
			index = next
		}
	}
	return index
}

// listed are the places that an axis takes; of a repeat as many zeros as it has. nil: how many isn't known.
func listed(a graph.Axis, dims []dim) []int {
	count, step := a.Count, a.Step
	switch {
	case a.Index != nil:
		return a.Index
	case a.Of == graph.Repeat:
		return make([]int, min(count, maxPicked+1))
	case entire(a):
		count, step = dims[a.Of].n, 1
	case count < 1:
		return nil
	}
	if count > maxPicked {
		return nil
	}
	places := make([]int, count)
	for k := range places {
		places[k] = a.Start + k*step
	}
	return places
}

// movement is the Move that makes the new axes' groups of the old ones'.
func movement(x *value, from [4][]int, to []place, groups [4][]int) (op graph.Move, err error) {
	number := make([]int, x.rank()) // of x's axes, as the Move counts them
	next := 0
	for k, axes := range from {
		open := 0
		for i, a := range axes {
			number[a] = next + i
			n, fixed := numbers([]dim{x.dims[a]})
			if !fixed {
				n = []int{0}
				open++
			}
			op.From[k] = append(op.From[k], n...)
		}
		if open > 1 {
			return op, fmt.Errorf("%s: two extents of one axis of the graph's aren't fixed (Options.Dims)", show(x.dims))
		}
		if len(axes) < 2 {
			op.From[k] = nil // whatever it is
		}
		next += max(len(axes), 1)
	}
	for k, list := range groups {
		for _, i := range list {
			for _, a := range to[i].axes {
				if entire(a) && x.dims[a.Of].is(1) {
					continue
				}
				if a.Of != graph.Repeat {
					a.Of = number[a.Of]
				}
				op.To[k] = append(op.To[k], a)
			}
		}
	}
	return op, nil
}
