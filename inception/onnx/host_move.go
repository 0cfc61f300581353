package onnx

import (
	"fmt"
	"slices"

	"inceptiongl/inception/tail"
)

// hostGather is Gather and GatherElements.
func (n *node) hostGather() (tail.Op, []*value, [][]dim, error) {
	x, by := n.in[0], n.in[1]
	a, err := axis(n.int("axis", 0), x.rank())
	if n.op == "GatherElements" {
		return tail.GatherElements{Axis: a}, n.in, one(by.dims), err
	}
	if err != nil {
		return nil, nil, nil, err
	}
	return tail.Gather{Axis: a}, n.in, one(slices.Concat(x.dims[:a], by.dims, x.dims[a+1:])), nil
}

func (n *node) hostGatherND() (tail.Op, []*value, [][]dim, error) {
	x, by := n.in[0], n.in[1]
	op := tail.GatherND{Batch: n.int("batch_dims", 0)}
	rows := by.rank() - 1
	if op.Batch < 0 || rows < op.Batch || by.dims[rows].sym != number || op.Batch+by.dims[rows].n > x.rank() {
		return nil, nil, nil, fmt.Errorf("indices %s into a tensor %s, with %d axes of the batch", show(by.dims), show(x.dims), op.Batch)
	}
	return op, n.in, one(slices.Concat(by.dims[:rows], x.dims[op.Batch+by.dims[rows].n:])), nil
}

// hostScatterND puts slices in places; adding them up and the like isn't supported.
func (n *node) hostScatterND() (tail.Op, []*value, [][]dim, error) {
	if how := n.string("reduction", "none"); how != "none" {
		return nil, nil, nil, fmt.Errorf("reduction %s is not supported", quote(how))
	}
	return tail.ScatterND{}, n.in, one(n.in[0].dims), nil
}

// hostSlice has its lists as attributes before opset 10.
func (n *node) hostSlice() (tail.Op, []*value, [][]dim, error) {
	x, in := n.in[0], n.in
	if n.b.opset < 10 {
		in = []*value{x}
		lists := [][]int{n.ints("starts"), n.ints("ends"), n.ints("axes")}
		if lists[2] == nil {
			lists[2] = identity(len(lists[0]))
		}
		for _, list := range lists {
			in = append(in, known(ints("", []int{len(list)}, fixed(list))))
		}
	} else if len(in) < 3 {
		return nil, nil, nil, fmt.Errorf("has %d inputs, must have 3", len(in))
	}
	if len(in) == 5 && in[3] == nil { // steps without axes
		count := in[1].dims
		if len(count) != 1 || count[0].sym != number {
			return nil, nil, nil, fmt.Errorf("starts %s: how many isn't known", show(count))
		}
		in = slices.Clone(in)
		in[3] = known(ints("", []int{count[0].n}, fixed(identity(count[0].n))))
	}
	dims := n.b.several(x.rank())
	if len(in) > 3 && in[3].con != nil { // the others stay
		list, err := normal(publics(in[3].con.i), x.rank())
		if err != nil {
			return nil, nil, nil, err
		}
		for k := range dims {
			if !slices.Contains(list, k) {
				dims[k] = x.dims[k]
			}
		}
	}
	return tail.Slice{}, in, one(dims), nil
}

func (n *node) hostConcat() (tail.Op, []*value, [][]dim, error) {
	a, err := axis(n.int("axis", 0), n.in[0].rank())
	if err != nil {
		return nil, nil, nil, err
	}
	dims := slices.Clone(n.in[0].dims)
	for _, v := range n.in[1:] {
		switch {
		case v.rank() != len(dims):
			return nil, nil, nil, fmt.Errorf("ranks %d and %d", len(dims), v.rank())
		case dims[a].sym == number && v.dims[a].sym == number:
			dims[a].n += v.dims[a].n
		default:
			dims[a] = n.b.fresh()
		}
	}
	return tail.Concat{Axis: a}, n.in, one(dims), nil
}

// hostSplit cuts into parts that must be constants.
func (n *node) hostSplit() (tail.Op, []*value, [][]dim, error) {
	x := n.in[0]
	a, err := axis(n.int("axis", 0), x.rank())
	if err != nil {
		return nil, nil, nil, err
	}
	op := tail.Split{Axis: a, Parts: n.ints("split"), Count: n.int("num_outputs", n.outs)}
	if n.opt(1) != nil {
		if op.Parts, err = n.list(1); err != nil {
			return nil, nil, nil, err
		}
	}
	if op.Parts != nil && len(op.Parts) != n.outs || op.Count != n.outs {
		return nil, nil, nil, fmt.Errorf("%d outputs of parts %v", n.outs, op.Parts)
	}
	var out [][]dim
	for k := range n.outs {
		dims := n.b.open(x.dims, a)
		if op.Parts != nil {
			dims[a] = num(op.Parts[k])
		}
		out = append(out, dims)
	}
	return op, n.in[:1], out, nil
}

func (n *node) hostReshape() (tail.Op, []*value, [][]dim, error) {
	op := tail.Reshape{AllowZero: n.flag("allowzero", false)}
	dims, err := n.extentsOf(n.in[1])
	if err != nil {
		return nil, nil, nil, err
	}
	for k, d := range dims {
		switch {
		case d.is(0) && !op.AllowZero && k < n.in[0].rank():
			dims[k] = n.in[0].dims[k]
		case d.sym == number && d.n <= 0:
			dims[k] = n.b.fresh()
		}
	}
	return op, n.in, one(dims), nil
}

// extentsOf are the extents that a list gives: known only where that is a constant.
func (n *node) extentsOf(v *value) ([]dim, error) {
	switch {
	case v.con != nil && v.con.isInt && len(v.con.dims) == 1:
		return slices.Clone(v.con.i), nil
	case v.con == nil && len(v.dims) == 1 && v.dims[0].sym == number && v.dims[0].n <= maxRank:
		return n.b.several(v.dims[0].n), nil
	}
	return nil, fmt.Errorf("extents %s: how many isn't known", show(v.dims))
}

func (n *node) hostSqueeze() (tail.Op, []*value, [][]dim, error) {
	x := n.in[0]
	axes, err := n.axes(13, x.rank())
	if err != nil {
		return nil, nil, nil, err
	}
	if axes == nil {
		if pick(x.dims, unknown) != nil {
			return nil, nil, nil, fmt.Errorf("of %s without axes: which are 1 isn't known", show(x.dims))
		}
		axes = []int{}
		for k, d := range x.dims {
			if d.is(1) {
				axes = append(axes, k)
			}
		}
	}
	var dims []dim
	for k, d := range x.dims {
		if !slices.Contains(axes, k) {
			dims = append(dims, d)
		}
	}
	return tail.Squeeze{Axes: axes}, n.in[:1], one(dims), nil
}

func (n *node) hostUnsqueeze() (tail.Op, []*value, [][]dim, error) {
	x := n.in[0]
	list := n.ints("axes")
	if n.b.opset >= 13 {
		var err error
		if list, err = n.list(1); err != nil {
			return nil, nil, nil, err
		}
	}
	axes, err := normal(list, x.rank()+len(list))
	if err != nil {
		return nil, nil, nil, err
	}
	dims := slices.Clone(x.dims)
	for _, a := range slices.Sorted(slices.Values(axes)) {
		dims = slices.Insert(dims, a, num(1))
	}
	return tail.Unsqueeze{Axes: axes}, n.in[:1], one(dims), nil
}

func (n *node) hostFlatten() (tail.Op, []*value, [][]dim, error) {
	a := n.int("axis", 1)
	if a < 0 {
		a += n.in[0].rank()
	}
	return tail.Flatten{Axis: a}, n.in, one(n.b.several(2)), nil
}

func (n *node) hostTranspose() (tail.Op, []*value, [][]dim, error) {
	x := n.in[0]
	perm := n.ints("perm")
	if perm == nil {
		for k := range x.rank() {
			perm = append(perm, x.rank()-1-k)
		}
	}
	checked, err := normal(perm, x.rank())
	if err != nil || len(perm) != x.rank() || !slices.Equal(perm, checked) {
		return nil, nil, nil, fmt.Errorf("perm %v of a tensor %s", perm, show(x.dims))
	}
	dims := make([]dim, len(perm))
	for k, a := range perm {
		dims[k] = x.dims[a]
	}
	return tail.Transpose{Perm: perm}, n.in, one(dims), nil
}

func (n *node) hostExpand() (tail.Op, []*value, [][]dim, error) {
	to, err := n.extentsOf(n.in[1])
	if err != nil {
		return nil, nil, nil, err
	}
	rank := max(len(to), n.in[0].rank())
	dims, err := together(aligned(n.in[0].dims, rank), aligned(to, rank))
	return tail.Expand{}, n.in, one(dims), err
}

func (n *node) hostTile() (tail.Op, []*value, [][]dim, error) {
	return tail.Tile{}, n.in, one(n.b.several(n.in[0].rank())), nil
}
