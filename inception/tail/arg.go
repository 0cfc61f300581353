package tail

import (
	"cmp"
	"fmt"
	"slices"
)

// ArgMax is where the largest element of each row along an axis is, or the least: the first of several, or the last. NaN counts as the
// largest of all, and as the least, as in NumPy.
type ArgMax struct {
	Axis              int
	Least, Last, Keep bool
}

// Kind is "ArgMax" or "ArgMin".
func (a ArgMax) Kind() string {
	if a.Least {
		return "ArgMin"
	}
	return "ArgMax"
}

// Run gives places.
func (a ArgMax) Run(in []Array) ([]Array, error) {
	if err := needs(in, 1, 1); err != nil {
		return nil, err
	}
	x := in[0]
	if err := axisOf(a.Axis, x); err != nil {
		return nil, err
	}
	length := x.Dims[a.Axis]
	if length == 0 {
		return nil, fmt.Errorf("of an axis without elements")
	}
	order := x.order(a.Least, true)
	dims := slices.Clone(x.Dims)
	dims[a.Axis] = 1
	n, err := count(dims)
	if err != nil {
		return nil, err
	}
	out := Integers(dims, make([]int64, n))
	along(x.Dims, a.Axis, func(row, first, step int) {
		best := 0
		for k := 1; k < length; k++ {
			if c := order(first+k*step, first+best*step); c < 0 || c == 0 && a.Last {
				best = k
			}
		}
		out.I[row] = int64(best)
	})
	if !a.Keep {
		out.Dims = slices.Delete(dims, a.Axis, a.Axis+1)
	}
	return []Array{out}, nil
}

// order compares elements by number: below 0 where the first one comes before the second. NaN is equal to NaN; it comes first, or where the
// largest comes.
func (a Array) order(least, nanFirst bool) func(i, j int) int {
	sign := -1
	if least {
		sign = 1
	}
	if a.Ints {
		return func(i, j int) int { return sign * cmp.Compare(a.I[i], a.I[j]) }
	}
	return func(i, j int) int {
		v, w := a.F[i], a.F[j]
		if v != v || w != w {
			c := 0
			if v != v {
				c--
			}
			if w != w {
				c++
			}
			if least && !nanFirst {
				c = -c
			}
			return c
		}
		return sign * cmp.Compare(v, w)
	}
}

// TopK is the K largest elements of each row along an axis, or the least, the best first, and their places; of equals the first come first.
// NaN counts as the largest, as in PyTorch. K is the second input.
type TopK struct {
	Axis  int
	Least bool
}

// Kind is "TopK".
func (TopK) Kind() string { return "TopK" }

// Run gives elements and places.
func (t TopK) Run(in []Array) ([]Array, error) {
	if err := needs(in, 2, 2); err != nil {
		return nil, err
	}
	x := in[0]
	if err := axisOf(t.Axis, x); err != nil {
		return nil, err
	}
	k, err := in[1].whole()
	if err != nil || len(k) != 1 || k[0] < 0 || k[0] > x.Dims[t.Axis] {
		return nil, fmt.Errorf("%v of %d elements", k, x.Dims[t.Axis])
	}
	dims := slices.Clone(x.Dims)
	dims[t.Axis] = k[0]
	n, err := count(dims)
	if err != nil {
		return nil, err
	}
	places, numbers := Integers(dims, make([]int64, n)), make([]int, n)
	order := x.order(t.Least, false)
	list := make([]int, x.Dims[t.Axis])
	out := strides(dims)[t.Axis]
	along(x.Dims, t.Axis, func(row, first, step int) {
		for i := range list {
			list[i] = i
		}
		slices.SortStableFunc(list, func(i, j int) int { return order(first+i*step, first+j*step) })
		for i, p := range list[:k[0]] {
			to := row/out*out*k[0] + row%out + i*out
			places.I[to], numbers[to] = int64(p), first+p*step
		}
	})
	next := 0
	values, err := x.from(dims, func([]int) int { next++; return numbers[next-1] })
	return []Array{values, places}, err
}

// NonZero lists the places of all elements that aren't 0: a row for each axis.
type NonZero struct{}

// Kind is "NonZero".
func (NonZero) Kind() string { return "NonZero" }

// Run gives places.
func (NonZero) Run(in []Array) ([]Array, error) {
	if err := needs(in, 1, 1); err != nil {
		return nil, err
	}
	rows := make([][]int64, len(in[0].Dims))
	i := 0
	each(in[0].Dims, func(at []int) {
		if in[0].Number(i) != 0 {
			for k, p := range at {
				rows[k] = append(rows[k], int64(p))
			}
		}
		i++
	})
	found := 0
	if len(rows) > 0 {
		found = len(rows[0])
	}
	return []Array{Integers([]int{len(rows), found}, slices.Concat(rows...))}, nil
}
