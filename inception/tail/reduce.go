package tail

import (
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
)

// Reduce joins the elements along some axes, which stay with an extent of 1 where Keep says so: graph.Add, graph.Mul, graph.Minimum or
// graph.Maximum; with Mean, Add divides by their number.
type Reduce struct {
	Name string // in ONNX
	Type graph.BinaryKind
	Mean bool
	Axes []int
	Keep bool
}

// Kind is the name.
func (r Reduce) Kind() string { return r.Name }

// Run computes.
func (r Reduce) Run(in []Array) ([]Array, error) {
	if err := needs(in, 1, 1); err != nil {
		return nil, err
	}
	x := in[0]
	kept, dims := slices.Clone(x.Dims), []int{}
	each1 := 1 // elements that become one
	for k, d := range x.Dims {
		gone := slices.Contains(r.Axes, k)
		if gone {
			kept[k] = 1
			each1 *= d
		}
		if !gone || r.Keep {
			dims = append(dims, kept[k])
		}
	}
	n, err := count(kept)
	if err != nil {
		return nil, err
	}
	if x.Len() == 0 || r.Mean && x.Ints {
		return nil, fmt.Errorf("of an array %v: it must have elements, and for a mean they must be floats", x.Dims)
	}
	_, number, err := broadcast(Array{Dims: kept}, x)
	if err != nil {
		return nil, err
	}
	sums, whole, seen := make([]float64, n), make([]int64, n), make([]bool, n)
	i := 0
	each(x.Dims, func(at []int) {
		k := number(0, at)
		switch {
		case !seen[k] && x.Ints:
			whole[k] = x.I[i]
		case !seen[k]:
			sums[k] = x.Number(i)
		case x.Ints:
			whole[k], err = integers(r.Type, whole[k], x.I[i])
		default:
			sums[k] = r.Type.At(sums[k], x.Number(i))
		}
		seen[k] = true
		i++
	})
	if x.Ints {
		return []Array{Integers(dims, whole)}, err
	}
	out := Floats(dims, make([]float32, n))
	for k, v := range sums {
		if r.Mean {
			v /= float64(each1)
		}
		out.F[k] = float32(v)
	}
	return []Array{out}, nil
}
