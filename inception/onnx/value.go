package onnx

import (
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tail"
	"inceptiongl/inception/tensor"
)

// value is what an ONNX name stands for: a constant, or a tensor that depends on the input. Its extents are the ONNX ones, of
// any rank; the tensor has the same elements, as N × C × H × W, in the order of its axes or in another one: see order.go. So what only
// changes the extents or their order costs nothing, and a graph.Reshape or graph.Move is made where an operator needs another
// split into N, C, H and W.
type value struct {
	dims  []dim
	order []int // order[k] is the axis that is stored as the k-th; nil: all in order. Constants have none
	con   *constant
	t     *picture

	host  *tail.Value // where the tail has it, instead of con and t: see host.go
	owner string      // the node that computes it there, for people

	sequence []*value // instead of all else: see sequence.go

	origin *origin // how it was made, where that matters; see spelled_norm.go
	code   int32   // the type, of integers of 8 and 16 bits: see quantize.go; 0 elsewhere
	coded  *coded  // what codes were made of, where that is known
}

func (v *value) rank() int { return len(v.dims) }

// view is the C, H and W of a tensor; N is what is left.
type view [3]dim

// picture is a tensor in the graph, seen through a choice of channels and a factor and an addend per channel:
//
//	picture(n, c, y, x) = scale[c] · from(n, index[c], y, x) + shift[c]
//
// Nodes for these are made when something else reads the picture, so that chains of them, and torchvision's split, scale and
// join of the colour channels, come out as one graph.Affine.
type picture struct {
	from     graph.Value
	channels int // of from
	view     view
	index    []int     // nil for all in order
	scale    []float64 // nil for 1
	shift    []float64 // nil for 0
	label    string    // names the nodes
	done     graph.Value
}

const notDone graph.Value = -1

// whole is a node's output.
func whole(node graph.Value, channels int, v view) *picture {
	return &picture{from: node, channels: channels, view: v, done: node}
}

// pick is channels of p.
func (p *picture) pick(label string, index []int) *picture {
	q := *p
	q.label, q.done = label, notDone
	q.view[0] = num(len(index))
	take := func(v []float64) []float64 {
		if v == nil {
			return nil
		}
		out := make([]float64, len(index))
		for k, i := range index {
			out[k] = v[i]
		}
		return out
	}
	q.scale, q.shift = take(p.scale), take(p.shift)
	q.index = slices.Clone(index)
	if p.index != nil {
		for k, i := range index {
			q.index[k] = p.index[i]
		}
	}
	return &q
}

// affine is scale·p + shift; nil means 1 and 0.
func (p *picture) affine(label string, scale, shift []float64) *picture {
	q := *p
	q.label, q.done = label, notDone
	c := p.view[0].n
	q.scale, q.shift = ones(p.scale, c, 1), ones(p.shift, c, 0)
	for k := range c {
		if scale != nil {
			q.scale[k] *= scale[k]
			q.shift[k] *= scale[k]
		}
		if shift != nil {
			q.shift[k] += shift[k]
		}
	}
	return &q
}

// ones is a copy of v, or n times def where v is nil.
func ones(v []float64, n int, def float64) []float64 {
	if v != nil {
		return slices.Clone(v)
	}
	v = make([]float64, n)
	for k := range v {
		v[k] = def
	}
	return v
}

// picks reports that all pictures pick channels of the same node.
func picks(ps []*picture) bool {
	return !slices.ContainsFunc(ps, func(p *picture) bool {
		return p.index == nil || p.from != ps[0].from || p.view[1] != ps[0].view[1] || p.view[2] != ps[0].view[2]
	})
}

// join is the concatenation along the channels of pictures that are picks.
func join(label string, ps []*picture) *picture {
	out := *ps[0]
	out.label, out.done = label, notDone
	out.index, out.scale, out.shift = nil, nil, nil
	for _, p := range ps {
		out.index = append(out.index, p.index...)
		out.scale = append(out.scale, ones(p.scale, len(p.index), 1)...)
		out.shift = append(out.shift, ones(p.shift, len(p.index), 0)...)
	}
	out.view[0] = num(len(out.index))
	return &out
}

// node is the graph node that holds the picture.
func (b *builder) node(p *picture) graph.Value {
	if p.done != notDone {
		return p.done
	}
	at := p.from
	if p.index != nil && !(len(p.index) == p.channels && inOrder(p.index)) {
		at = b.g.Add(b.unique(p.label+".channels"), chosen(p.index), at)
	}
	op := graph.Affine{Channels: p.view[0].n}
	if differs(p.scale, 1) {
		op.Scale = b.vector(p.label+".scale", p.scale)
	}
	if differs(p.shift, 0) {
		op.Shift = b.vector(p.label+".shift", p.shift)
	}
	if op.Scale != "" || op.Shift != "" {
		at = b.g.Add(b.unique(p.label), op, at)
	}
	p.done = at
	return at
}

// chosen is a choice of channels: a Move where they are evenly spaced.
func chosen(index []int) graph.Op {
	step := 1
	if len(index) > 1 {
		step = index[1] - index[0]
	}
	for k, i := range index {
		if step == 0 || i != index[0]+k*step {
			return graph.Channels{Index: index}
		}
	}
	return graph.Move{To: [4][]graph.Axis{{{Of: 0}}, {{Of: 1, Start: index[0], Step: step, Count: len(index)}}, {{Of: 2}}, {{Of: 3}}}}
}

func inOrder(index []int) bool {
	for k, i := range index {
		if k != i {
			return false
		}
	}
	return true
}

func differs(v []float64, from float64) bool {
	return slices.ContainsFunc(v, func(x float64) bool { return x != from })
}

// vector makes a weight.
func (b *builder) vector(name string, v []float64) string {
	data := make([]float32, len(v))
	for k, x := range v {
		data[k] = float32(x)
	}
	return b.weight(name, []int{len(v)}, data)
}

// as is the picture of v whose C, H and W are w: v's own, or a Reshape of it.
func (b *builder) as(v *value, w view) (*picture, error) {
	if v.t == nil {
		return b.constantAs(v, w)
	}
	p := v.t
	if p.view == w {
		return p, nil
	}
	chw, ok := numbers(w[:])
	_, isNow := spans(v.dims, p.view)
	_, canBe := spans(v.dims, w)
	if !ok && isNow && canBe { // whatever the extents are, axes stay whole
		to := make([]place, v.rank())
		for k, d := range v.dims {
			to[k] = all(k, d)
		}
		y, err := b.rearrange(v, to, &w, 0)
		if err != nil {
			return nil, err
		}
		return y.t, nil
	}
	if !ok {
		return nil, fmt.Errorf("a tensor %s can't be seen as batches of %s: give the input's extents (Options.Dims)", show(v.dims), show(w[:]))
	}
	from := b.node(p)
	key := viewKey{from, w}
	node, ok := b.views[key]
	if !ok {
		node = b.g.Add(b.unique(b.g.Nodes[from].Name+".reshape"), graph.Reshape{C: chw[0], H: chw[1], W: chw[2]}, from)
		b.views[key] = node
	}
	return whole(node, chw[0], w), nil
}

// viewKey is a node and how it is to be seen.
type viewKey struct {
	from graph.Value
	to   view
}

// tensor is v's picture; a float constant becomes a graph.Constant.
func (b *builder) tensor(v *value) (*picture, error) {
	if v.t != nil {
		return v.t, nil
	}
	if v.con.isInt {
		return nil, fmt.Errorf("an integer constant where a tensor of floats is needed")
	}
	w, err := b.natural(v.dims)
	if err != nil {
		return nil, err
	}
	v.t, err = b.constantAs(v, w)
	return v.t, err
}

// constantAs is a float constant as a graph.Constant.
func (b *builder) constantAs(v *value, w view) (*picture, error) {
	if v.con.isInt {
		return nil, fmt.Errorf("an integer constant where a tensor of floats is needed")
	}
	if err := b.check(v.dims); err != nil {
		return nil, err
	}
	s := tensor.Shape{N: 1, C: w[0].n, H: w[1].n, W: w[2].n} // a constant's extents are numbers
	s.N = v.con.len() / s.Len()
	name := b.weight(v.con.name, []int{s.N, s.C, s.H, s.W}, v.con.f)
	return whole(b.g.Add(b.unique(v.con.name), graph.Constant{Shape: s, Value: name}), s.C, w), nil
}

// check reports extents of a tensor that are below 1 or too many.
func (b *builder) check(dims []dim) error {
	if len(dims) > maxRank {
		return fmt.Errorf("%d dimensions: more than %d", len(dims), maxRank)
	}
	for _, d := range dims {
		if d.sym != unknown && d.n < 1 {
			return fmt.Errorf("a tensor %s holds no elements", show(dims))
		}
	}
	_, err := product(dims, b.fresh)
	return err
}

// fresh is an unknown extent unlike any other.
func (b *builder) fresh() dim {
	b.unknowns++
	return dim{unknown, b.unknowns}
}
