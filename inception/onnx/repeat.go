package onnx

import (
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
)

// expand is a broadcast.
func (n *node) expand() (*value, error) {
	target, err := n.symbols(1)
	if err != nil {
		return nil, err
	}
	if len(target) > maxRank {
		return nil, fmt.Errorf("%d dimensions: more than %d", len(target), maxRank)
	}
	x := n.in[0].lengthened(len(target))
	dims, err := broadcast(x.dims, target)
	if err != nil {
		return nil, err
	}
	times := make([]dim, len(dims))
	for k, d := range dims {
		if times[k] = num(1); d != x.dims[k] {
			times[k] = d
		}
	}
	return n.repeat(x, times)
}

// tile repeats a tensor along its axes.
func (n *node) tile() (*value, error) {
	x := n.in[0]
	times, err := n.list(1)
	if err != nil {
		return nil, err
	}
	if len(times) != x.rank() {
		return nil, fmt.Errorf("%d repeats of a tensor of rank %d", len(times), x.rank())
	}
	if x.con == nil {
		return n.repeat(x, fixed(times))
	}
	dims, err := repeatedDims(x.dims, fixed(times))
	if err != nil {
		return nil, err
	}
	ns, _ := numbers(dims)
	size, err := n.b.allotLike(x.con, ns, 1)
	if err != nil {
		return nil, err
	}
	c := x.con
	if size == 0 {
		return known(&constant{dims: ns, isInt: c.isInt}), nil
	}
	// Each axis d becomes an axis of repeats and one of d, which are d's places.
	own, to := make([]int, 0, 2*len(ns)), make([]int, 0, 2*len(ns))
	for k, d := range c.dims {
		own, to = append(own, 1, d), append(to, times[k], d)
	}
	return known(anonymous(c.at(ns, repeated(own, to)))), nil
}

// repeatedDims are the extents, times the repeats.
func repeatedDims(dims, times []dim) ([]dim, error) {
	out := slices.Clone(dims)
	for k, t := range times {
		switch {
		case t.is(1):
		case t.sym == number && (t.n < 0 || t.n > maxExtent):
			return nil, fmt.Errorf("%d repeats: 0 to %d are possible", t.n, maxExtent)
		case dims[k].sym == unknown:
			return nil, fmt.Errorf("repeating along axis %d of %s, which isn't fixed (Options.Dims)", k, show(dims))
		default:
			d, err := arith("Mul", dims[k], t)
			if err != nil {
				return nil, err
			}
			out[k] = d
		}
	}
	return out, nil
}

// repeat is x, times[k] times along axis k.
func (n *node) repeat(x *value, times []dim) (*value, error) {
	dims, err := repeatedDims(x.dims, times)
	if err != nil {
		return nil, err
	}
	if slices.Equal(dims, x.dims) {
		return x, nil
	}
	if x.con != nil {
		p, err := n.b.tensor(x)
		if err != nil {
			return nil, err
		}
		x = x.like(p)
	}
	s := x.stored()
	to := make([]place, x.rank())
	for k, a := range filled(x.order, x.rank()) {
		to[k] = all(k, s.dims[k])
		if times[a].is(1) {
			continue
		}
		if times[a].sym != number {
			return nil, fmt.Errorf("from %s to %s: repeating elements along the batch (Options.Dims can fix it)", show(x.dims), show(dims))
		}
		to[k].extent = dims[a]
		to[k].axes = slices.Insert(to[k].axes, 0, graph.Axis{Of: graph.Repeat, Count: times[a].n})
	}
	y, err := n.b.rearrange(s, to, nil, 0)
	if err != nil {
		return nil, err
	}
	return y.named(x.order), nil
}

// depthToSpace moves blocks of channels to rows and columns: depth to space and back.
func (n *node) depthToSpace() (*value, error) {
	size, out, p, err := n.blocks()
	if err != nil {
		return nil, err
	}
	square := size * size
	mode := n.string("mode", "DCR")
	c := p.view[0].n
	if c%square != 0 {
		return nil, fmt.Errorf("%d channels: blocks of %d×%d are needed", c, size, size)
	}
	op := graph.Move{From: [4][]int{{}, {size, size, 0}}, To: [4][]graph.Axis{{{Of: 0}}, {{Of: 3}}, {{Of: 4}, {Of: 1}}, {{Of: 5}, {Of: 2}}}}
	switch mode {
	case "DCR":
	case "CRD":
		op.From[1] = []int{0, size, size}
		op.To = [4][]graph.Axis{{{Of: 0}}, {{Of: 1}}, {{Of: 4}, {Of: 2}}, {{Of: 5}, {Of: 3}}}
	default:
		return nil, fmt.Errorf("mode %s is not supported", quote(mode))
	}
	out[1] = num(c / square)
	for k := 2; k < 4; k++ {
		if d := out[k]; d.sym == number {
			out[k] = num(d.n * size)
		} else {
			out[k] = n.b.fresh()
		}
	}
	return n.emit(op, out, view(out[1:]), p), nil
}

// spaceToDepth moves blocks of rows and columns to channels.
func (n *node) spaceToDepth() (*value, error) {
	size, out, p, err := n.blocks()
	if err != nil {
		return nil, err
	}
	out[1] = num(p.view[0].n * size * size)
	for k := 2; k < 4; k++ {
		switch d := out[k]; {
		case d.sym != number:
			out[k] = n.b.fresh()
		case d.n%size != 0:
			return nil, fmt.Errorf("a tensor %s: blocks of %d×%d don't fill it", show(n.in[0].dims), size, size)
		default:
			out[k] = num(d.n / size)
		}
	}
	op := graph.Move{From: [4][]int{{}, {}, {0, size}, {0, size}},
		To: [4][]graph.Axis{{{Of: 0}}, {{Of: 3}, {Of: 5}, {Of: 1}}, {{Of: 2}}, {{Of: 4}}}}
	switch mode := n.string("mode", "DCR"); mode { // of a later opset
	case "DCR":
	case "CRD":
		op.To[1] = []graph.Axis{{Of: 1}, {Of: 3}, {Of: 5}}
	default:
		return nil, fmt.Errorf("mode %s is not supported", quote(mode))
	}
	return n.emit(op, out, view(out[1:]), p), nil
}

// blocks are the attribute blocksize, the input's extents and its picture as N × C × H × W.
func (n *node) blocks() (size int, dims []dim, p *picture, err error) {
	x := n.in[0]
	size = n.int("blocksize", 0)
	if size < 1 || size > 1<<10 {
		return 0, nil, nil, fmt.Errorf("blocksize %d must be in 1…%d", size, 1<<10)
	}
	if x.rank() != 4 || x.dims[1].sym != number || last(x.dims) != 0 {
		return 0, nil, nil, fmt.Errorf("a tensor %s: N × C × H × W with a fixed C is needed", show(x.dims))
	}
	if x, err = n.b.plain(x); err != nil {
		return 0, nil, nil, err
	}
	p, err = n.b.as(x, view(x.dims[1:]))
	return size, slices.Clone(x.dims), p, err
}
