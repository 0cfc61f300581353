package onnx

import (
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
)

// pad surrounds a tensor; pads below 0 cut it first.
func (n *node) pad() (*value, error) {
	x := n.in[0]
	mode := slices.Index([]string{"constant", "edge", "reflect", "wrap"}, n.string("mode", "constant"))
	if mode < 0 {
		return nil, fmt.Errorf("mode %s is not supported", quote(n.string("mode", "")))
	}
	pads, fill, err := n.pads(x.rank())
	if err != nil {
		return nil, err
	}
	if x.con != nil {
		p, err := n.b.tensor(x)
		if err != nil {
			return nil, err
		}
		x = x.like(p)
	}
	// From here on axes are as stored.
	order, stored := x.order, slices.Clone(pads)
	for k, a := range filled(order, x.rank()) {
		stored[k], stored[x.rank()+k] = pads[a], pads[x.rank()+a]
	}
	x = x.stored()
	for k, v := range stored {
		if v > maxExtent || v < -maxExtent {
			return nil, fmt.Errorf("pads %v: each must be in -%d…%d", pads, maxExtent, maxExtent)
		}
		if v != 0 && x.dims[k%x.rank()].sym == batch {
			return nil, fmt.Errorf("pads %v: the batch of %s can't be padded", pads, show(x.dims))
		}
	}
	if x, err = n.cutPads(x, stored); err == nil {
		x, err = n.padStored(x, stored, graph.PadMode(mode), fill)
	}
	if err != nil {
		return nil, fmt.Errorf("pads %v: %w", pads, err)
	}
	return x.named(order), nil
}

// cutPads cuts off what pads below 0 say, and sets those to 0.
func (n *node) cutPads(x *value, pads []int) (*value, error) {
	rank := x.rank()
	if slices.Min(append(pads, 0)) == 0 {
		return x, nil
	}
	to := make([]place, rank)
	for k, d := range x.dims {
		to[k] = all(k, d)
		before, after := max(-pads[k], 0), max(-pads[rank+k], 0)
		pads[k], pads[rank+k] = max(pads[k], 0), max(pads[rank+k], 0)
		if before+after == 0 {
			continue
		}
		a := graph.Axis{Of: k, Start: before, Step: 1, Count: -after}
		if to[k].extent = n.b.fresh(); d.sym == number {
			a.Count = d.n - before - after
			to[k].extent = num(a.Count)
		}
		to[k].axes[0] = a
	}
	return n.b.rearrange(x, to, nil, 0)
}

// padStored surrounds: rows and columns by a Pad2D, which convolutions can take in; other axes by a Move with an index.
func (n *node) padStored(x *value, pads []int, mode graph.PadMode, fill float32) (*value, error) {
	if slices.Max(append(pads, 0)) == 0 {
		return x, nil
	}
	rank := x.rank()
	p, groups, err := n.b.spread(x)
	if err != nil {
		return nil, err
	}
	op := graph.Pad2D{Mode: mode, Value: fill}
	dims := slices.Clone(x.dims)
	w, to, indexed := p.view, make([]place, rank), false
	for k, d := range dims {
		to[k] = all(k, d)
		before, after := pads[k], pads[rank+k]
		if before+after == 0 {
			continue
		}
		padded := n.b.fresh()
		if d.sym == number {
			padded = num(d.n + before + after)
		}
		switch alone := func(g int) bool { return len(groups[g]) == 1 && groups[g][0] == k }; {
		case alone(2):
			op.Pad.Top, op.Pad.Bottom, dims[k], w[1] = before, after, padded, padded
		case alone(3):
			op.Pad.Left, op.Pad.Right, dims[k], w[2] = before, after, padded, padded
		case d.sym != number:
			return nil, fmt.Errorf("along axis %d of %s, which isn't fixed (Options.Dims)", k, show(x.dims))
		default:
			if err := n.b.spend(padded.n); err != nil {
				return nil, err
			}
			index := make([]int, padded.n)
			for i := range index {
				index[i] = mode.At(i-before, d.n)
			}
			to[k], indexed = place{padded, []graph.Axis{{Of: k, Index: index}}}, true
		}
	}
	if op.Pad != (graph.Padding{}) {
		if err := n.b.check(dims); err != nil {
			return nil, err
		}
		x = n.emit(op, dims, w, p)
	}
	if !indexed {
		return x, nil
	}
	for k := range to { // what the Pad2D changed
		if len(to[k].axes) == 1 && entire(to[k].axes[0]) {
			to[k].extent = dims[k]
		}
	}
	return n.b.rearrange(x, to, nil, fill)
}

// pads are the pads of all axes, before and after, and the value to fill in.
func (n *node) pads(rank int) ([]int, float32, error) {
	if n.b.opset < 11 {
		pads, fill := n.ints("pads"), n.float("value", 0)
		if len(n.in) != 1 || len(pads) != 2*rank {
			return nil, 0, fmt.Errorf("has %d inputs and pads %v, must have 1 and %d", len(n.in), pads, 2*rank)
		}
		return pads, fill, n.err
	}
	given, err := n.list(1)
	if err != nil {
		return nil, 0, err
	}
	fill := float32(0)
	if n.opt(2) != nil {
		c, err := n.known(2)
		if err != nil {
			return nil, 0, err
		}
		if c.len() != 1 {
			return nil, 0, fmt.Errorf("the value is %v, must be a scalar", c.dims)
		}
		if fill = c.f[0]; fill != fill {
			return nil, 0, fmt.Errorf("the value is NaN")
		}
	}
	axes := make([]int, rank)
	for k := range axes {
		axes[k] = k
	}
	if n.opt(3) != nil {
		list, err := n.list(3)
		if err != nil {
			return nil, 0, err
		}
		if axes, err = normal(list, rank); err != nil {
			return nil, 0, err
		}
	}
	if len(given) != 2*len(axes) {
		return nil, 0, fmt.Errorf("%d pads for %d axes", len(given), len(axes))
	}
	pads := make([]int, 2*rank)
	for k, a := range axes {
		pads[a], pads[rank+a] = given[k], given[len(axes)+k]
	}
	return pads, fill, nil
}
