package onnx

import (
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tail"
)

// Operators whose results are whole numbers, or as many as the data says, run on the host when the network's outputs are there: they are
// the network's tail, and so is what reads their results. Their values have a place in the tail; a value of the network that they read
// becomes one of its outputs.

// hosted is how an operator becomes one of the tail: what it reads, and the extents of what it gives.
type hosted func(*node) (op tail.Op, in []*value, out [][]dim, err error)

// begins are the operators that a tail begins with: they have no other place. The opset since which they are understood, and how many inputs they
// have.
var begins = map[string]operator{
	"ArgMax": {since: 1, in: 1, max: 1}, "ArgMin": {since: 1, in: 1, max: 1}, "TopK": {since: 1, in: 1, max: 2},
	"NonMaxSuppression": {since: 10, in: 2, max: 5}, "NonZero": {since: 9, in: 1, max: 1},
	// The network gathers and scatters by constant grids: see crossing and grid.
	"GatherElements": {since: 11, in: 2, max: 2}, "GatherND": {since: 11, in: 2, max: 2}, "ScatterND": {since: 11, in: 3, max: 3},
}

var hostOperators map[string]hosted

func init() { // not in the declaration, as for operators
	hostOperators = map[string]hosted{
		"ArgMax": (*node).hostArg, "ArgMin": (*node).hostArg, "TopK": (*node).hostTopK, "NonMaxSuppression": (*node).hostBoxes, "NonZero": (*node).hostNonZero,
		"Gather": (*node).hostGather, "GatherElements": (*node).hostGather, "GatherND": (*node).hostGatherND, "ScatterND": (*node).hostScatterND, "Slice": (*node).hostSlice,
		"Concat": (*node).hostConcat, "Split": (*node).hostSplit, "Reshape": (*node).hostReshape, "Squeeze": (*node).hostSqueeze,
		"Unsqueeze": (*node).hostUnsqueeze, "Flatten": (*node).hostFlatten, "Transpose": (*node).hostTranspose, "Expand": (*node).hostExpand,
		"Tile": (*node).hostTile, "Shape": (*node).hostShape, "Cast": (*node).hostCast, "Not": (*node).hostSign,
		"Neg": (*node).hostSign, "Where": (*node).hostWhere, "Mod": (*node).hostPair,
		"ReduceMax": (*node).hostReduce, "ReduceMin": (*node).hostReduce, "ReduceSum": (*node).hostReduce, "ReduceMean": (*node).hostReduce,
		"ReduceProd": (*node).hostReduce, "Clip": (*node).hostClip,
		"QuantizeLinear": (*node).hostCodes, "DequantizeLinear": (*node).hostCodes,
	}
	for name, k := range kinds {
		if name[0] < 'a' && k.kind != graph.PReLU { // ONNX's
			hostOperators[name] = (*node).hostPair
		}
	}
	for _, name := range []string{"Sum", "Mean", "Min", "Max"} {
		hostOperators[name] = (*node).hostSeveral
	}
	for name := range functions {
		hostOperators[name] = (*node).hostFunction
	}
	for name := range withNumbers {
		hostOperators[name] = (*node).hostFunction
	}
}

// placed is the node's operator, on the host where it must be: it begins a tail, or reads one.
func (n *node) placed(op operator) (operator, error) {
	at := slices.IndexFunc(n.in, func(v *value) bool { return v != nil && v.host != nil })
	if _, here := begins[n.op]; !here && at < 0 || n.op == "Identity" {
		return op, nil
	}
	if places := n.crossing(); at < 0 && places != nil {
		op.run, op.fold = func(n *node) (*value, error) {
			if y, err := n.cross(places); err == nil {
				return y, nil
			}
			return n.onHost()
		}, (*node).onHost
		return op, nil
	}
	if _, can := hostOperators[n.op]; !can {
		return op, fmt.Errorf("input %d depends on node %s, which runs on the host when the network has run; this operator can't follow there. Options.Outputs can name values before that node", at, n.in[at].owner)
	}
	if lists := n.grid(); at < 0 && lists != nil {
		op.run, op.fold = func(n *node) (*value, error) { return n.put(n.in[0], n.in[2], lists, 0) }, (*node).onHost
		return op, nil
	}
	op.run, op.fold = (*node).onHost, (*node).onHost
	return op, nil
}

// onHost adds the node to the tail. One of constants is computed at once.
func (n *node) onHost() (*value, error) {
	op, in, dims, err := hostOperators[n.op](n)
	if err != nil {
		return nil, err
	}
	if n.err != nil {
		return nil, n.err
	}
	var outputs []*value
	if !slices.ContainsFunc(in, func(v *value) bool { return v.con == nil }) {
		if outputs, err = n.b.computed(op, in); err != nil {
			return nil, err
		}
	} else {
		values := make([]tail.Value, len(in))
		for k, v := range in {
			if values[k], err = n.b.onHost(v); err != nil {
				return nil, fmt.Errorf("input %d, which the host needs: %w", k, err)
			}
		}
		at := n.b.tail.Add(n.label, op, values...)
		for k, d := range dims {
			outputs = append(outputs, &value{dims: d, host: &tail.Value{Node: at.Node, Out: k}, owner: fmt.Sprintf("%s (%s)", quote(n.label), n.op)})
		}
	}
	n.more = outputs[1:]
	return outputs[0], nil
}

// computed is an operator of the tail of constants.
func (b *builder) computed(op tail.Op, in []*value) ([]*value, error) {
	arrays := make([]tail.Array, len(in))
	for k, v := range in {
		var err error
		if arrays[k], err = v.con.array(); err != nil {
			return nil, err
		}
	}
	results, err := op.Run(arrays)
	if err != nil {
		return nil, err
	}
	var outputs []*value
	for _, a := range results {
		if err := b.spend(a.Len()); err != nil {
			return nil, err
		}
		if !a.Ints {
			outputs = append(outputs, known(floats("", a.Dims, a.F)))
			continue
		}
		list := make([]dim, len(a.I))
		for k, v := range a.I {
			list[k] = num(int(v))
		}
		outputs = append(outputs, known(ints("", a.Dims, list)))
	}
	return outputs, nil
}

// array is the constant as the tail has it.
func (c *constant) array() (tail.Array, error) {
	if !c.isInt {
		return tail.Floats(c.dims, c.f), nil
	}
	list, ok := numbers(c.i)
	if !ok {
		return tail.Array{}, fmt.Errorf("integers that depend on the batch (Options.Dims can fix it)")
	}
	out := tail.Integers(c.dims, make([]int64, len(list)))
	for k, v := range list {
		out.I[k] = int64(v)
	}
	return out, nil
}

// network is a value of the network that the tail reads.
type network struct {
	node graph.Value
	dims []dim
}

// onHost is where the tail has a value. One of the network becomes its output.
func (b *builder) onHost(v *value) (tail.Value, error) {
	switch {
	case v.host != nil:
		return *v.host, nil
	case v.con != nil:
		a, err := v.con.array()
		return b.tail.Add(v.con.name, tail.Constant{Value: a}), err
	}
	node, err := b.asOutput(v)
	if err != nil {
		return tail.Value{}, err
	}
	k := slices.IndexFunc(b.network, func(o network) bool { return o.node == node && slices.Equal(o.dims, v.dims) })
	if k < 0 {
		k = len(b.network)
		b.network = append(b.network, network{node, v.dims})
	}
	return b.tail.Add(b.g.Nodes[node].Name, tail.Input{Index: k}), nil
}

// asOutput is a node that holds v, its elements in the order of the ONNX tensor, in its natural view.
func (b *builder) asOutput(v *value) (graph.Value, error) {
	w, err := b.natural(v.dims)
	if err != nil {
		return 0, err
	}
	if v, err = b.orderedFor(v, nil, &w); err != nil {
		return 0, err
	}
	p, err := b.as(v, w)
	if err != nil {
		return 0, err
	}
	return b.node(p), nil
}

// finish makes the outputs wanted the graph's or, where the host computes some, the tail's.
func (b *builder) finish(m *Model, names []string) error {
	var values []*value
	onHost := false
	for _, name := range names {
		v, err := b.lookup(name)
		if err != nil {
			return fmt.Errorf("output %s: %w", quote(name), err)
		}
		if v.sequence != nil {
			return fmt.Errorf("output %s must be a tensor, not a sequence", quote(name))
		}
		values = append(values, v)
		onHost = onHost || v.host != nil
	}
	var ends []tail.Value
	for k, v := range values {
		b.label = names[k]
		node, end := graph.Value(0), tail.Value{}
		var err error
		if onHost {
			end, err = b.onHost(v)
		} else {
			node, err = b.asOutput(v)
		}
		if err != nil {
			return fmt.Errorf("output %s: %w", quote(names[k]), err)
		}
		ends = append(ends, end)
		b.g.Outputs = append(b.g.Outputs, node)
		m.Outputs = append(m.Outputs, Output{printable(names[k]), publics(v.dims)})
	}
	if !onHost {
		return nil
	}
	part, needed := b.tail.UpTo(ends...)
	m.Tail, b.g.Outputs = part, nil
	for _, k := range needed {
		o := b.network[k]
		b.g.Outputs = append(b.g.Outputs, o.node)
		m.Network = append(m.Network, Output{b.g.Nodes[o.node].Name, publics(o.dims)})
	}
	return nil
}

// publics are the extents, with −1 for what is open.
func publics(dims []dim) []int {
	out := make([]int, len(dims))
	for k, d := range dims {
		out[k] = d.public()
	}
	return out
}
