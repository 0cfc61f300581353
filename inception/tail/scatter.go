package tail

import (
	"fmt"
	"slices"
)

// ScatterND is the first input with the third's slices in it: each row of the second's last axis is a slice's place along the first axes.
type ScatterND struct{}

// Kind is "ScatterND".
func (ScatterND) Kind() string { return "ScatterND" }

// Run puts slices in their places, in order: the last one stays where two have the same.
func (ScatterND) Run(in []Array) ([]Array, error) {
	if err := needs(in, 3, 3); err != nil {
		return nil, err
	}
	x, by, with := in[0], in[1], in[2]
	rows := len(by.Dims) - 1
	if rows < 0 || !by.Ints || by.Dims[rows] > len(x.Dims) || x.Ints != with.Ints ||
		!slices.Equal(with.Dims, slices.Concat(by.Dims[:rows], x.Dims[by.Dims[rows]:])) {
		return nil, fmt.Errorf("slices %v at places %v of an array %v", with.Dims, by.Dims, x.Dims)
	}
	long := by.Dims[rows]
	count, err := count(by.Dims[:rows])
	if err != nil {
		return nil, err
	}
	out := Array{Dims: x.Dims, F: slices.Clone(x.F), I: slices.Clone(x.I), Ints: x.Ints}
	if with.Len() == 0 {
		return []Array{out}, nil
	}
	s, size := strides(x.Dims), with.Len()/count
	for r := range count {
		at := 0
		for k := range long {
			p, err := place(by.I[r*long+k], x.Dims[k])
			if err != nil {
				return nil, err
			}
			at += p * s[k]
		}
		if x.Ints {
			copy(out.I[at:at+size], with.I[r*size:])
		} else {
			copy(out.F[at:at+size], with.F[r*size:])
		}
	}
	return []Array{out}, nil
}
