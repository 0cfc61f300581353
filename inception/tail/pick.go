package tail

import (
	"fmt"
	"slices"
)

// place is an index counted from 0, where below 0 it counts from the end.
func place(i int64, size int) (int, error) {
	if i < int64(-size) || i >= int64(size) {
		return 0, fmt.Errorf("index %d of %d elements", i, size)
	}
	if i < 0 {
		i += int64(size)
	}
	return int(i), nil
}

// places are all indices, for an axis of that size.
func places(a Array, size int) ([]int, error) {
	if !a.Ints {
		return nil, fmt.Errorf("indices must be integers")
	}
	out := make([]int, len(a.I))
	for k, i := range a.I {
		var err error
		if out[k], err = place(i, size); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Gather takes places along an axis: the second input, whose dimensions take that axis' place.
type Gather struct{ Axis int }

// Kind is "Gather".
func (Gather) Kind() string { return "Gather" }

// Run picks elements.
func (g Gather) Run(in []Array) ([]Array, error) {
	if err := needs(in, 2, 2); err != nil {
		return nil, err
	}
	x, by := in[0], in[1]
	if err := axisOf(g.Axis, x); err != nil {
		return nil, err
	}
	index, err := places(by, x.Dims[g.Axis])
	if err != nil {
		return nil, err
	}
	s, own := strides(x.Dims), strides(by.Dims)
	dims := slices.Concat(x.Dims[:g.Axis], by.Dims, x.Dims[g.Axis+1:])
	return one(x.from(dims, func(at []int) int {
		end := g.Axis + len(by.Dims)
		return dot(at[:g.Axis], s) + index[dot(at[g.Axis:end], own)]*s[g.Axis] + dot(at[end:], s[g.Axis+1:])
	}))
}

// GatherElements takes for each place of the second input, an index, the element that stands there along an axis.
type GatherElements struct{ Axis int }

// Kind is "GatherElements".
func (GatherElements) Kind() string { return "GatherElements" }

// Run picks elements.
func (g GatherElements) Run(in []Array) ([]Array, error) {
	if err := needs(in, 2, 2); err != nil {
		return nil, err
	}
	x, by := in[0], in[1]
	if err := axisOf(g.Axis, x); err != nil {
		return nil, err
	}
	if len(by.Dims) != len(x.Dims) {
		return nil, fmt.Errorf("indices %v into an array %v", by.Dims, x.Dims)
	}
	for k, d := range by.Dims {
		if k != g.Axis && d > x.Dims[k] {
			return nil, fmt.Errorf("indices %v into an array %v", by.Dims, x.Dims)
		}
	}
	index, err := places(by, x.Dims[g.Axis])
	if err != nil {
		return nil, err
	}
	s, own := strides(x.Dims), strides(by.Dims)
	return one(x.from(by.Dims, func(at []int) int {
		return dot(at, s) + (index[dot(at, own)]-at[g.Axis])*s[g.Axis]
	}))
}

// GatherND takes slices: each row of the second input's last axis is a place along the first axes, behind Batch of them that both share.
type GatherND struct{ Batch int }

// Kind is "GatherND".
func (GatherND) Kind() string { return "GatherND" }

// Run picks elements.
func (g GatherND) Run(in []Array) ([]Array, error) {
	if err := needs(in, 2, 2); err != nil {
		return nil, err
	}
	x, by := in[0], in[1]
	if len(by.Dims) <= g.Batch || len(x.Dims) <= g.Batch || !by.Ints || !slices.Equal(by.Dims[:g.Batch], x.Dims[:g.Batch]) {
		return nil, fmt.Errorf("indices %v into an array %v, with %d axes of the batch", by.Dims, x.Dims, g.Batch)
	}
	rows := len(by.Dims) - 1
	long := by.Dims[rows]
	if g.Batch+long > len(x.Dims) {
		return nil, fmt.Errorf("%d indices into an array %v", long, x.Dims)
	}
	s, own := strides(x.Dims), strides(by.Dims)
	first := make([]int, len(by.I)/max(long, 1)) // of each row's slice, within its batch
	for r := range first {
		for k := range long {
			p, err := place(by.I[r*long+k], x.Dims[g.Batch+k])
			if err != nil {
				return nil, err
			}
			first[r] += p * s[g.Batch+k]
		}
	}
	dims := slices.Concat(by.Dims[:rows], x.Dims[g.Batch+long:])
	return one(x.from(dims, func(at []int) int {
		row := dot(at[:rows], own)
		n := dot(at[:g.Batch], s) + dot(at[rows:], s[g.Batch+long:])
		if long > 0 {
			n += first[row/long]
		}
		return n
	}))
}

// Slice takes ranges: from the second input's places to before the third's, along the fourth's axes, by the fifth's steps. Both last ones may
// be left out. What is negative counts from the end, as in Python.
type Slice struct{}

// Kind is "Slice".
func (Slice) Kind() string { return "Slice" }

// Run picks elements.
func (Slice) Run(in []Array) ([]Array, error) {
	if err := needs(in, 3, 5); err != nil {
		return nil, err
	}
	x := in[0]
	var lists [4][]int
	for k, a := range in[1:] {
		var err error
		if lists[k], err = a.whole(); err != nil {
			return nil, err
		}
	}
	starts, ends, axes, steps := lists[0], lists[1], lists[2], lists[3]
	if len(in) < 4 {
		for k := range starts {
			axes = append(axes, k)
		}
	}
	if len(in) < 5 {
		steps = slices.Repeat([]int{1}, len(starts))
	}
	if len(ends) != len(starts) || len(axes) != len(starts) || len(steps) != len(starts) {
		return nil, fmt.Errorf("%d starts, %d ends, %d axes and %d steps", len(starts), len(ends), len(axes), len(steps))
	}
	dims, s := slices.Clone(x.Dims), strides(x.Dims)
	first, by := 0, slices.Clone(s)
	for k, a := range axes {
		if a < 0 {
			a += len(dims)
		}
		if err := axisOf(a, x); err != nil {
			return nil, err
		}
		start, step, n, err := extent(starts[k], ends[k], steps[k], x.Dims[a])
		if err != nil {
			return nil, err
		}
		dims[a] = n
		first += start * s[a]
		by[a] = step * s[a]
	}
	return one(x.from(dims, func(at []int) int { return first + dot(at, by) }))
}

// extent is where a range begins, its step, and how many places it has, with Python's rules, but for a start before
// the first place: ONNX has it there when it goes backwards, too.
func extent(start, end, step, size int) (first, by, n int, err error) {
	if step == 0 {
		return 0, 0, 0, fmt.Errorf("a step of 0")
	}
	low, high := 0, size
	if step < 0 {
		low, high = -1, size-1
	}
	clamp := func(v, low int) int {
		if v < 0 {
			v = max(v, -size-1) + size
		}
		return min(max(v, low), high)
	}
	start, end = clamp(start, 0), clamp(end, low)
	step = min(max(step, -size-1), size+1)
	if step > 0 {
		return start, step, max(end-start+step-1, 0) / step, nil
	}
	return start, step, max(start-end-step-1, 0) / -step, nil
}
