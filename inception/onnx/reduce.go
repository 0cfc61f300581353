package onnx

import (
	"fmt"
	"math"
	"slices"

	"inceptiongl/inception/graph"
)

// reduction reads what a reduction says: the axes, none where it reduces nothing, and whether they stay with an extent of 1.
func (n *node) reduction() (axes []int, keep bool, err error) {
	rank, since := n.in[0].rank(), 18
	if n.op == "ReduceSum" {
		since = 13
	}
	axes, err = n.axes(since, rank)
	keep = n.flag("keepdims", true)
	if noop := n.flag("noop_with_empty_axes", false); len(axes) == 0 && !noop {
		axes = identity(rank)
	}
	return axes, keep, err
}

// reduce is a reduction over some axes: ReduceMean and ReduceMax are pools, the others are made of those.
func (n *node) reduce() (*value, error) {
	axes, keep, err := n.reduction()
	if err != nil {
		return nil, err
	}
	y, err := n.reducedTo(n.in[0], axes)
	if err != nil {
		return nil, err
	}
	if !keep {
		y = y.without(axes)
	}
	return y, nil
}

// reducedTo is the node's reduction of x, whose axes stay with an extent of 1.
func (n *node) reducedTo(x *value, axes []int) (*value, error) {
	switch n.op {
	case "ReduceMean":
		return n.reduced(x, graph.Average, axes)
	case "ReduceMax":
		return n.reduced(x, graph.Max, axes)
	case "ReduceMin":
		return n.inTurn(x, n.negated, func(x *value) (*value, error) { return n.reduced(x, graph.Max, axes) }, n.negated)
	case "ReduceProd":
		return n.productOver(x, axes)
	case "ReduceLogSumExp":
		return n.logSumExp(x, axes)
	}
	var steps []func(*value) (*value, error)
	square := func(x *value) (*value, error) { return n.combine("Mul", x, x) }
	sum := func(x *value) (*value, error) { return n.total(x, axes) }
	switch n.op {
	case "ReduceL1":
		steps = append(steps, n.single(graph.Abs), sum)
	case "ReduceL2":
		steps = append(steps, square, sum, n.single(graph.Sqrt))
	case "ReduceSumSquare":
		steps = append(steps, square, sum)
	case "ReduceLogSum":
		steps = append(steps, sum, n.single(graph.Log))
	default: // ReduceSum
		steps = append(steps, sum)
	}
	return n.inTurn(x, steps...)
}

// inTurn applies one function after the other.
func (n *node) inTurn(x *value, steps ...func(*value) (*value, error)) (*value, error) {
	for _, f := range steps {
		var err error
		if x, err = f(x); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// single is a function of single numbers.
func (n *node) single(kind graph.UnaryKind) func(*value) (*value, error) {
	return func(x *value) (*value, error) { return n.unary(x, graph.Unary{Type: kind}) }
}

func (n *node) negated(x *value) (*value, error) { return n.scaled(x, -1) }

// total is the sum over some axes: their mean, as often as there are elements.
func (n *node) total(x *value, axes []int) (*value, error) {
	count := 1
	for _, a := range axes {
		if x.dims[a].sym == unknown {
			return nil, fmt.Errorf("a sum over an axis of %s that isn't fixed (Options.Dims)", show(x.dims))
		}
		count *= x.dims[a].n
	}
	y, err := n.reduced(x, graph.Average, axes)
	if err != nil {
		return nil, err
	}
	return n.scaled(y, float64(count))
}

// logSumExp is log Σ exp(x − m) + m, where m is the largest number, so that none overflows. An infinite one is cut off: it would be
// subtracted from itself.
func (n *node) logSumExp(x *value, axes []int) (*value, error) {
	m, err := n.reduced(x, graph.Max, axes)
	if err != nil {
		return nil, err
	}
	if m, err = n.unary(m, graph.Clip{Min: -math.MaxFloat32, Max: math.MaxFloat32}); err != nil {
		return nil, err
	}
	d, err := n.combine("Sub", x, m)
	if err != nil {
		return nil, err
	}
	y, err := n.logOfSum(d, axes)
	if err != nil {
		return nil, err
	}
	return n.combine("Add", y, m)
}

// logOfSum is log Σ exp(x).
func (n *node) logOfSum(x *value, axes []int) (*value, error) {
	sum := func(x *value) (*value, error) { return n.total(x, axes) }
	return n.inTurn(x, n.single(graph.Exp), sum, n.single(graph.Log))
}

// productOver is the product over some axes: the halves of each are multiplied, the second one filled up with a 1, until one place is left.
func (n *node) productOver(x *value, axes []int) (*value, error) {
	for _, a := range axes {
		if x.dims[a].sym != number {
			return nil, fmt.Errorf("a product over an axis of %s that isn't fixed (Options.Dims)", show(x.dims))
		}
		if err := n.b.spend(x.dims[a].n); err != nil {
			return nil, err
		}
		for size := x.dims[a].n; size > 1; size = (size + 1) / 2 {
			half := (size + 1) / 2
			places := identity(size)[half:]
			if len(places) < half {
				places = append(places, -1)
			}
			low, err := n.choose(x, a, graph.Axis{Step: 1, Count: half}, num(half))
			if err != nil {
				return nil, err
			}
			high, err := n.chooseOr(x, a, spaced(places), num(half), 1)
			if err != nil {
				return nil, err
			}
			if x, err = n.combine("Mul", low, high); err != nil {
				return nil, err
			}
		}
	}
	return x, nil
}

// scaled is c·x.
func (n *node) scaled(x *value, c float64) (*value, error) {
	if c == 1 {
		return x, nil
	}
	p, err := n.uniform(x, c, 0)
	if err != nil {
		return nil, err
	}
	return x.like(p), nil
}

// reduced is the mean or the maximum over some axes, which are stored last for that and stay with an extent of 1.
func (n *node) reduced(x *value, kind graph.PoolKind, axes []int) (*value, error) {
	gone := func(a int) bool { return slices.Contains(axes, a) }
	order := filled(x.order, x.rank())
	rest := slices.DeleteFunc(slices.Clone(order), gone)
	x, err := n.b.ordered(x, append(rest, slices.DeleteFunc(slices.Clone(order), func(a int) bool { return !gone(a) })...))
	if err != nil {
		return nil, err
	}
	y, err := n.reduceLast(x.stored(), kind, len(rest))
	if err != nil {
		return nil, err
	}
	return y.named(x.order), nil
}

// reduceLast reduces all axes from one on, which stay with an extent of 1.
func (n *node) reduceLast(x *value, kind graph.PoolKind, low int) (*value, error) {
	dims := slices.Clone(x.dims)
	for k := low; k < len(dims); k++ {
		if dims[k].sym == batch {
			return nil, fmt.Errorf("over the batch of %s (Options.Dims can fix it)", show(x.dims))
		}
		dims[k] = num(1)
	}
	if slices.Equal(dims, x.dims) {
		return x, nil
	}
	from := max(low-1, 0)
	if low == 0 || x.dims[from].sym == batch {
		from = low // one channel
	}
	p, err := n.b.seen(x, from, low)
	if err != nil {
		return nil, err
	}
	return n.emit(graph.GlobalPool{Type: kind}, dims, view{p.view[0], num(1), num(1)}, p), nil
}
