package onnx

import (
	"errors"
	"fmt"
	"slices"
)

// errAxes is what two tensors give that broadcast along so many axes that no four of a graph's hold them.
var errAxes = errors.New("they broadcast along too many axes: four groups of neighbours that broadcast alike are supported")

// perPixel reports that y is N × C × 1 × 1 where x is N × C and more.
func perPixel(x, y []dim) bool {
	if len(x) < 3 || len(x) != len(y) || x[0] != y[0] || x[1] != y[1] {
		return false
	}
	more := false
	for k := 2; k < len(x); k++ {
		if !y[k].is(1) {
			return false
		}
		more = more || !x[k].is(1)
	}
	return more
}

// facing is how two values of one rank are to be seen so that they broadcast as N × C × H × W, and how their result is.
func (b *builder) facing(x, y, out []dim) (v, w, all view, err error) {
	if len(out) <= 4 && last(out) == 0 {
		place := [][]int{{}, {1}, {0, 1}, {0, 1, 3}, {0, 1, 2, 3}}[len(out)]
		if len(out) == 1 && out[0].sym == batch {
			place = []int{0}
		}
		at := func(dims []dim) view {
			s := [4]dim{num(1), num(1), num(1), num(1)}
			for k, d := range dims {
				s[place[k]] = d
			}
			return view(s[1:])
		}
		return at(x), at(y), at(out), nil
	}
	// Neighbours that broadcast alike become one axis.
	type axes struct{ x, y, out []dim }
	var groups []axes
	kind := func(k int) int {
		switch {
		case out[k].is(1):
			return 0 // goes with any
		case x[k].is(1):
			return 1
		case y[k].is(1):
			return 2
		}
		return 3
	}
	now := 0
	for k := range out {
		if c := kind(k); len(groups) == 0 || c != 0 && now != 0 && c != now {
			groups, now = append(groups, axes{}), c
		} else if c != 0 {
			now = c
		}
		g := &groups[len(groups)-1]
		g.x, g.y, g.out = append(g.x, x[k]), append(g.y, y[k]), append(g.out, out[k])
	}
	if len(groups) > 4 {
		return v, w, all, fmt.Errorf("tensors %s and %s: %w", show(x), show(y), errAxes)
	}
	for len(groups) < 4 {
		groups = append(groups, axes{})
	}
	for k, g := range groups[1:] {
		for _, side := range []struct {
			to   *view
			dims []dim
		}{{&v, g.x}, {&w, g.y}, {&all, g.out}} {
			if side.to[k], err = product(side.dims, b.fresh); err != nil {
				return v, w, all, err
			}
			if side.to[k].sym == batch {
				return v, w, all, fmt.Errorf("tensors %s and %s: the batch must come first (Options.Dims can fix it)", show(x), show(y))
			}
		}
	}
	return v, w, all, nil
}

// together are the extents of two tensors of one rank, where one of unknown extent goes with any.
func together(x, y []dim) ([]dim, error) {
	out := slices.Clone(x)
	for k, d := range y {
		switch {
		case out[k] == d || d.is(1) || d.sym == unknown && !out[k].is(1):
		case out[k].is(1) || out[k].sym == unknown:
			out[k] = d
		default:
			return nil, fmt.Errorf("tensors %s and %s: extents must agree, or one be 1", show(x), show(y))
		}
	}
	return out, nil
}

// aligned puts ones before dims, up to the rank.
func aligned(dims []dim, rank int) []dim {
	out := slices.Clone(dims)
	for len(out) < rank {
		out = slices.Insert(out, 0, num(1))
	}
	return out
}

// broadcast are the extents of two values together.
func broadcast(a, b []dim) ([]dim, error) {
	rank := max(len(a), len(b))
	out, b := aligned(a, rank), aligned(b, rank)
	for k, d := range b {
		switch {
		case out[k] == d || d.is(1):
		case out[k].is(1):
			out[k] = d
		default:
			return nil, fmt.Errorf("%s and %s don't fit together", show(a), show(b))
		}
	}
	return out, nil
}

// spread is x, repeated along the axes of known extent on which it broadcasts to dims, which has its rank.
func (n *node) spread(x *value, dims []dim) (*value, error) {
	times := slices.Repeat([]dim{num(1)}, len(dims))
	for k, d := range dims {
		if x.dims[k].is(1) && d.sym == number {
			times[k] = d
		}
	}
	return n.repeat(x, times)
}

// walk tells, element by element of an array that another is broadcast to, which of the other's it is. It takes no memory for that, as a
// list would, which the collector may not find before many more are made.
type walk struct {
	to, stride, at []int
	index          int // of the next
}

// walkOf begins at the first element. Ranks agree.
func walkOf(own, to []int) *walk {
	w := &walk{to: to, stride: make([]int, len(own)), at: make([]int, len(to))}
	for k, s := len(own)-1, 1; k >= 0; k-- {
		if own[k] > 1 {
			w.stride[k] = s
		}
		s *= own[k]
	}
	return w
}

func (w *walk) next() int {
	now := w.index
	for k := len(w.at) - 1; k >= 0; k-- {
		w.index += w.stride[k]
		if w.at[k]++; w.at[k] < w.to[k] {
			break
		}
		w.index -= w.stride[k] * w.to[k]
		w.at[k] = 0
	}
	return now
}

// repeated lists, for each element of an array that own is broadcast to, which element of own it is. Ranks agree.
func repeated(own, to []int) []int {
	size := 1
	for _, d := range to {
		size *= d
	}
	index, w := make([]int, size), walkOf(own, to)
	for i := range index {
		index[i] = w.next()
	}
	return index
}
