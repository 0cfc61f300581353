package tail

import (
	"fmt"
	"slices"
)

// strides are how many elements a step along each axis goes.
func strides(dims []int) []int {
	s := make([]int, len(dims))
	n := 1
	for k := len(dims) - 1; k >= 0; k-- {
		s[k] = n
		n *= dims[k]
	}
	return s
}

// each calls f for the places of an array, in order.
func each(dims []int, f func(at []int)) {
	if slices.Contains(dims, 0) {
		return
	}
	for at := make([]int, len(dims)); ; {
		f(at)
		k := len(dims) - 1
		for ; k >= 0; k-- {
			if at[k]++; at[k] < dims[k] {
				break
			}
			at[k] = 0
		}
		if k < 0 {
			return
		}
	}
}

// from is an array of these dimensions whose element at a place is a's element of that number.
func (a Array) from(dims []int, number func(at []int) int) (Array, error) {
	n, err := count(dims)
	if err != nil {
		return Array{}, err
	}
	out := Array{Dims: dims, Ints: a.Ints}
	if a.Ints {
		out.I = make([]int64, 0, n)
		each(dims, func(at []int) { out.I = append(out.I, a.I[number(at)]) })
	} else {
		out.F = make([]float32, 0, n)
		each(dims, func(at []int) { out.F = append(out.F, a.F[number(at)]) })
	}
	return out, nil
}

// shaped is a with other dimensions and the same elements.
func (a Array) shaped(dims []int) (Array, error) {
	n, err := count(dims)
	if err == nil && n != a.Len() {
		err = fmt.Errorf("%v can't become %v", a.Dims, dims)
	}
	a.Dims = dims
	return a, err
}

// along calls f for every row of a along an axis: the number of its first element, and of the steps between its elements.
func along(dims []int, axis int, f func(row, first, step int)) {
	step := strides(dims)[axis]
	row := 0
	rest := slices.Clone(dims)
	rest[axis] = 1
	s := strides(dims)
	each(rest, func(at []int) {
		first := 0
		for k, p := range at {
			first += p * s[k]
		}
		f(row, first, step)
		row++
	})
}

// broadcast are the dimensions of several arrays together, as NumPy has them, and the number of the element of each at a place there.
func broadcast(arrays ...Array) (dims []int, number func(array int, at []int) int, err error) {
	for _, a := range arrays {
		for len(dims) < len(a.Dims) {
			dims = slices.Insert(dims, 0, 1)
		}
	}
	steps := make([][]int, len(arrays))
	for i, a := range arrays {
		shift := len(dims) - len(a.Dims)
		steps[i] = make([]int, len(dims))
		for k, s := range strides(a.Dims) {
			d, to := a.Dims[k], &dims[k+shift]
			switch {
			case d == 1:
				continue
			case *to == 1:
				*to = d
			case *to != d:
				return nil, nil, fmt.Errorf("arrays of dimensions %v and %v don't fit together", arrays[0].Dims, a.Dims)
			}
			steps[i][k+shift] = s
		}
	}
	return dims, func(array int, at []int) int {
		n := 0
		for k, p := range at {
			n += p * steps[array][k]
		}
		return n
	}, nil
}

// axisOf reports an axis that an array doesn't have.
func axisOf(axis int, a Array) error {
	if axis < 0 || axis >= len(a.Dims) {
		return fmt.Errorf("axis %d of an array %v", axis, a.Dims)
	}
	return nil
}

// needs reports a number of inputs that isn't between both.
func needs(in []Array, least, most int) error {
	if len(in) < least || len(in) > most {
		return fmt.Errorf("takes %d to %d inputs, has %d", least, most, len(in))
	}
	return nil
}

// whole are an array's integers as ints.
func (a Array) whole() ([]int, error) {
	if !a.Ints {
		return nil, fmt.Errorf("integers are needed, not floats")
	}
	out := make([]int, len(a.I))
	for k, v := range a.I {
		out[k] = int(v)
	}
	return out, nil
}
