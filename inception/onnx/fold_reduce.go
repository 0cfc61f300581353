package onnx

import (
	"fmt"
	"math"
	"slices"
)

// foldReduce is a reduction of a constant: of floats in float64, rounded once; of integers with the arithmetic of extents.
func (n *node) foldReduce() (*value, error) {
	c := n.in[0].con
	axes, keep, err := n.reduction()
	if err != nil {
		return nil, err
	}
	kept := slices.Clone(c.dims)
	for _, a := range axes {
		kept[a] = 1
	}
	dims := kept
	if !keep {
		dims = nil
		for k, d := range kept {
			if !slices.Contains(axes, k) {
				dims = append(dims, d)
			}
		}
	}
	size, err := n.b.allot(dims)
	if err != nil {
		return nil, err
	}
	if slices.Contains(c.dims, 0) {
		return nil, fmt.Errorf("of a constant %v, which has no elements", c.dims)
	}
	back, err := n.b.lend(2 * integerCost * c.len())
	if err != nil {
		return nil, err
	}
	defer back()
	if err := n.b.compute(slices.Repeat(n.in[:1], 7)); err != nil { // an element takes as long as eight of a sum of two
		return nil, err
	}
	to := repeated(kept, c.dims) // the place in the result of each element
	if c.isInt {
		out := make([]dim, size)
		seen := make([]bool, size)
		for i, d := range c.i {
			if k := to[i]; !seen[k] {
				out[k], seen[k] = d, true
			} else if out[k], err = foldedDim(n.op, out[k], d); err != nil {
				return nil, err
			}
		}
		return known(ints("", dims, out)), nil
	}
	parts := make([][]float64, size)
	for k := range parts {
		parts[k] = make([]float64, 0, c.len()/size)
	}
	for i, v := range c.f {
		parts[to[i]] = append(parts[to[i]], float64(v))
	}
	out := make([]float32, size)
	for k, part := range parts {
		out[k] = float32(foldedFloats(n.op, part))
	}
	return known(floats("", dims, out)), nil
}

// foldedDim is what a reduction makes of two integers.
func foldedDim(op string, a, b dim) (dim, error) {
	switch op {
	case "ReduceSum":
		return arith("Add", a, b)
	case "ReduceProd":
		return arith("Mul", a, b)
	case "ReduceMax", "ReduceMin":
		if a.sym != number || b.sym != number {
			return dim{}, fmt.Errorf("can't compare %v with %v", a, b)
		}
		if op == "ReduceMax" {
			return num(max(a.n, b.n)), nil
		}
		return num(min(a.n, b.n)), nil
	}
	return dim{}, fmt.Errorf("of integers is not supported")
}

// foldedFloats is a reduction of numbers, of which there is one at least.
func foldedFloats(op string, v []float64) float64 {
	over := func(start float64, f func(acc, x float64) float64) float64 {
		for _, x := range v {
			start = f(start, x)
		}
		return start
	}
	sum := func(f func(x float64) float64) float64 {
		return over(0, func(acc, x float64) float64 { return acc + f(x) })
	}
	plain := func(x float64) float64 { return x }
	switch op {
	case "ReduceMax":
		return over(math.Inf(-1), func(a, x float64) float64 { return max(a, x) })
	case "ReduceMin":
		return over(math.Inf(1), func(a, x float64) float64 { return min(a, x) })
	case "ReduceProd":
		return over(1, func(a, x float64) float64 { return a * x })
	case "ReduceMean":
		return sum(plain) / float64(len(v))
	case "ReduceL1":
		return sum(math.Abs)
	case "ReduceL2":
		return math.Sqrt(sum(func(x float64) float64 { return x * x }))
	case "ReduceSumSquare":
		return sum(func(x float64) float64 { return x * x })
	case "ReduceLogSum":
		return math.Log(sum(plain))
	case "ReduceLogSumExp":
		m := over(math.Inf(-1), func(a, x float64) float64 { return max(a, x) })
		m = min(max(m, -math.MaxFloat64), math.MaxFloat64)
		return math.Log(sum(func(x float64) float64 { return math.Exp(x - m) })) + m
	}
	return sum(plain) // ReduceSum
}

// foldCumSum is running sums of a constant, along an axis.
func (n *node) foldCumSum() (*value, error) {
	c := n.in[0].con
	a, err := n.cumSumAxis()
	if err != nil {
		return nil, err
	}
	exclusive, reverse := n.flag("exclusive", false), n.flag("reverse", false)
	if err := n.b.spend(c.len()); err != nil {
		return nil, err
	}
	out := &constant{dims: c.dims, isInt: c.isInt, f: make([]float32, len(c.f)), i: make([]dim, len(c.i))}
	after := 1
	for _, d := range c.dims[a+1:] {
		after *= d
	}
	length := c.dims[a]
	for first := range c.len() / max(length, 1) {
		sum, count := 0.0, num(0)
		for k := range length {
			if reverse {
				k = length - 1 - k
			}
			at := first/after*length*after + k*after + first%after
			before, counted := sum, count
			if c.isInt {
				if count, err = arith("Add", count, c.i[at]); err != nil {
					return nil, err
				}
			} else {
				sum += float64(c.f[at])
			}
			if !exclusive {
				before, counted = sum, count
			}
			if c.isInt {
				out.i[at] = counted
			} else {
				out.f[at] = float32(before)
			}
		}
	}
	return known(out), nil
}
