package tail

import (
	"fmt"
	"slices"
)

// Operators that move elements and compute nothing. What ONNX has as inputs of integers, such as a Reshape's dimensions, are inputs here.

// Transpose changes the order of the axes: axis k is the input's axis Perm[k].
type Transpose struct{ Perm []int }

// Kind is "Transpose".
func (Transpose) Kind() string { return "Transpose" }

// Run moves elements.
func (t Transpose) Run(in []Array) ([]Array, error) {
	if err := needs(in, 1, 1); err != nil {
		return nil, err
	}
	x := in[0]
	if len(t.Perm) != len(x.Dims) {
		return nil, fmt.Errorf("%v of an array %v", t.Perm, x.Dims)
	}
	dims, steps, s := make([]int, len(t.Perm)), make([]int, len(t.Perm)), strides(x.Dims)
	for k, a := range t.Perm {
		if err := axisOf(a, x); err != nil {
			return nil, err
		}
		dims[k], steps[k] = x.Dims[a], s[a]
	}
	return one(x.from(dims, func(at []int) int { return dot(at, steps) }))
}

func one(a Array, err error) ([]Array, error) { return []Array{a}, err }

func dot(a, b []int) int {
	n := 0
	for k, v := range a {
		n += v * b[k]
	}
	return n
}

// Reshape gives the elements other dimensions, the second input: −1 is what is left, and 0 what the input has there, unless AllowZero.
type Reshape struct{ AllowZero bool }

// Kind is "Reshape".
func (Reshape) Kind() string { return "Reshape" }

// Run keeps the elements.
func (r Reshape) Run(in []Array) ([]Array, error) {
	if err := needs(in, 2, 2); err != nil {
		return nil, err
	}
	dims, err := in[1].whole()
	if err != nil {
		return nil, err
	}
	open, rest := -1, 1
	for k, d := range dims {
		if d == 0 && !r.AllowZero {
			if k >= len(in[0].Dims) {
				return nil, fmt.Errorf("%v to %v: a 0 copies an extent that isn't there", in[0].Dims, dims)
			}
			dims[k] = in[0].Dims[k]
		}
		switch {
		case d != -1:
			rest *= dims[k]
		case open >= 0:
			return nil, fmt.Errorf("to %v: -1 twice", dims)
		default:
			open = k
		}
	}
	if open >= 0 && rest > 0 {
		dims[open] = in[0].Len() / rest
	}
	return one(in[0].shaped(dims))
}

// Squeeze drops axes of extent 1: Axes, or all of them where it is nil.
type Squeeze struct{ Axes []int }

// Kind is "Squeeze".
func (Squeeze) Kind() string { return "Squeeze" }

// Run keeps the elements.
func (s Squeeze) Run(in []Array) ([]Array, error) {
	if err := needs(in, 1, 1); err != nil {
		return nil, err
	}
	dims := []int{}
	for k, d := range in[0].Dims {
		drop := s.Axes == nil && d == 1 || slices.Contains(s.Axes, k)
		if !drop {
			dims = append(dims, d)
		}
	}
	return one(in[0].shaped(dims))
}

// Unsqueeze adds axes of extent 1, which are Axes then.
type Unsqueeze struct{ Axes []int }

// Kind is "Unsqueeze".
func (Unsqueeze) Kind() string { return "Unsqueeze" }

// Run keeps the elements.
func (u Unsqueeze) Run(in []Array) ([]Array, error) {
	if err := needs(in, 1, 1); err != nil {
		return nil, err
	}
	rest, dims := in[0].Dims, []int{}
	for k := range len(rest) + len(u.Axes) {
		if slices.Contains(u.Axes, k) || len(rest) == 0 {
			dims = append(dims, 1)
			continue
		}
		dims, rest = append(dims, rest[0]), rest[1:]
	}
	return one(in[0].shaped(dims))
}

// Flatten makes a matrix: rows are the axes before Axis.
type Flatten struct{ Axis int }

// Kind is "Flatten".
func (Flatten) Kind() string { return "Flatten" }

// Run keeps the elements.
func (f Flatten) Run(in []Array) ([]Array, error) {
	if err := needs(in, 1, 1); err != nil {
		return nil, err
	}
	dims := []int{1, 1}
	for k, d := range in[0].Dims {
		if k < f.Axis {
			dims[0] *= d
		} else {
			dims[1] *= d
		}
	}
	return one(in[0].shaped(dims))
}

// Concat joins along an axis.
type Concat struct{ Axis int }

// Kind is "Concat".
func (Concat) Kind() string { return "Concat" }

// Run joins arrays.
func (c Concat) Run(in []Array) ([]Array, error) {
	if len(in) == 0 {
		return nil, fmt.Errorf("has no inputs")
	}
	if err := axisOf(c.Axis, in[0]); err != nil {
		return nil, err
	}
	dims := slices.Clone(in[0].Dims)
	dims[c.Axis] = 0
	before, _ := count(dims[:c.Axis])
	for _, x := range in {
		if len(x.Dims) != len(dims) || x.Ints != in[0].Ints {
			return nil, fmt.Errorf("arrays %v and %v, or integers and floats", in[0].Dims, x.Dims)
		}
		for k, d := range x.Dims {
			if k == c.Axis {
				dims[k] += d
			} else if d != dims[k] {
				return nil, fmt.Errorf("arrays %v and %v differ in more than axis %d", in[0].Dims, x.Dims, c.Axis)
			}
		}
	}
	if _, err := count(dims); err != nil {
		return nil, err
	}
	out := Array{Dims: dims, Ints: in[0].Ints}
	for k := range before {
		for _, x := range in {
			each := x.Len() / before
			if x.Ints {
				out.I = append(out.I, x.I[k*each:][:each]...)
			} else {
				out.F = append(out.F, x.F[k*each:][:each]...)
			}
		}
	}
	return []Array{out}, nil
}

// Split cuts along an axis into parts.
type Split struct {
	Axis  int
	Parts []int // nil: as many as Count, the last of which may be smaller
	Count int
}

// Kind is "Split".
func (Split) Kind() string { return "Split" }

// Run cuts an array.
func (s Split) Run(in []Array) ([]Array, error) {
	if err := needs(in, 1, 1); err != nil {
		return nil, err
	}
	x := in[0]
	if err := axisOf(s.Axis, x); err != nil {
		return nil, err
	}
	parts, left := s.Parts, x.Dims[s.Axis]
	if parts == nil {
		each := (left + s.Count - 1) / max(s.Count, 1)
		for k := range s.Count {
			parts = append(parts, max(min(each, left-k*each), 0))
		}
	}
	var out []Array
	step, start := strides(x.Dims), 0
	for _, p := range parts {
		if p < 0 || p > left {
			return nil, fmt.Errorf("parts %v of %d elements", parts, x.Dims[s.Axis])
		}
		dims := slices.Clone(x.Dims)
		dims[s.Axis] = p
		first := start * step[s.Axis]
		y, err := x.from(dims, func(at []int) int { return first + dot(at, step) })
		if err != nil {
			return nil, err
		}
		out = append(out, y)
		start, left = start+p, left-p
	}
	if left != 0 {
		return nil, fmt.Errorf("parts %v of %d elements", parts, x.Dims[s.Axis])
	}
	return out, nil
}

// Expand repeats an array as NumPy broadcasts it to the dimensions of the second input.
type Expand struct{}

// Kind is "Expand".
func (Expand) Kind() string { return "Expand" }

// Run repeats elements.
func (Expand) Run(in []Array) ([]Array, error) {
	if err := needs(in, 2, 2); err != nil {
		return nil, err
	}
	to, err := in[1].whole()
	if err != nil {
		return nil, err
	}
	dims, number, err := broadcast(in[0], Array{Dims: to})
	if err != nil {
		return nil, err
	}
	return one(in[0].from(dims, func(at []int) int { return number(0, at) }))
}

// Tile repeats an array along each axis, as often as the second input says.
type Tile struct{}

// Kind is "Tile".
func (Tile) Kind() string { return "Tile" }

// Run repeats elements.
func (Tile) Run(in []Array) ([]Array, error) {
	if err := needs(in, 2, 2); err != nil {
		return nil, err
	}
	x := in[0]
	repeats, err := in[1].whole()
	if err != nil || len(repeats) != len(x.Dims) {
		return nil, fmt.Errorf("%v repeats of an array %v", repeats, x.Dims)
	}
	dims, s := slices.Clone(x.Dims), strides(x.Dims)
	for k, r := range repeats {
		if r < 0 || r > 1<<31-1 {
			return nil, fmt.Errorf("%d repeats", r)
		}
		dims[k] *= r
	}
	return one(x.from(dims, func(at []int) int {
		n := 0
		for k, p := range at {
			n += p % x.Dims[k] * s[k]
		}
		return n
	}))
}

// Shape is the input's dimensions, from Start to before End.
type Shape struct{ Start, End int }

// Kind is "Shape".
func (Shape) Kind() string { return "Shape" }

// Run gives dimensions.
func (s Shape) Run(in []Array) ([]Array, error) {
	if err := needs(in, 1, 1); err != nil {
		return nil, err
	}
	out := Integers([]int{0}, nil)
	for _, d := range in[0].Dims[min(s.Start, len(in[0].Dims)):min(max(s.Start, s.End), len(in[0].Dims))] {
		out.I = append(out.I, int64(d))
	}
	out.Dims[0] = len(out.I)
	return []Array{out}, nil
}
