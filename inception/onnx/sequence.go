package onnx

import "fmt"

// Sequences are lists of values while a model is imported: PyTorch's exporter splits into them and picks from them.

// sequences reports inputs that are sequences where a tensor is needed, or the other way round.
func (n *node) sequences() error {
	for k, v := range n.in {
		wanted := k == 0 && (n.op == "SequenceAt" || n.op == "ConcatFromSequence")
		if v != nil && (v.sequence != nil) != wanted {
			return fmt.Errorf("input %d must be a tensor, or for SequenceAt and ConcatFromSequence a sequence", k)
		}
	}
	return nil
}

// splitToSequence cuts along an axis: into parts as listed, of one size, or single places.
func (n *node) splitToSequence() (*value, error) {
	x := n.in[0]
	a, err := axis(n.int("axis", 0), x.rank())
	if err != nil {
		return nil, err
	}
	keep := n.flag("keepdims", true)
	if x.dims[a].sym != number {
		return nil, fmt.Errorf("along axis %d of %s, which isn't fixed (Options.Dims)", a, show(x.dims))
	}
	size, each := x.dims[a].n, 1
	var parts []int
	if v := n.opt(1); v != nil {
		keep = true
		list, err := n.list(1)
		switch {
		case err != nil:
			return nil, err
		case len(v.dims) == 1:
			parts = list
		default:
			each = list[0]
		}
	}
	if each < 1 {
		return nil, fmt.Errorf("parts of %d elements", each)
	}
	for left := size; left > 0 && n.opt(1).scalar(); left -= each {
		parts = append(parts, min(each, left))
	}
	pieces, err := n.pieces(x, a, parts)
	if err != nil {
		return nil, err
	}
	if !keep {
		for k, v := range pieces {
			pieces[k] = v.replaced(a, nil)
		}
	}
	return &value{sequence: pieces}, nil
}

// scalar reports that there is no list of parts.
func (v *value) scalar() bool { return v == nil || len(v.dims) == 0 }

// sequence is SequenceConstruct.
func (n *node) sequence() (*value, error) { return &value{sequence: n.in}, nil }

// sequenceAt is one of a sequence's values.
func (n *node) sequenceAt() (*value, error) {
	list, err := n.list(1)
	all := n.in[0].sequence
	if err != nil {
		return nil, err
	}
	if len(list) != 1 || list[0] < -len(all) || list[0] >= len(all) {
		return nil, fmt.Errorf("place %v of a sequence of %d", list, len(all))
	}
	return all[(list[0]+len(all))%len(all)], nil
}

// concatFromSequence joins all of a sequence's values along an axis, or along a new one.
func (n *node) concatFromSequence() (*value, error) {
	all := n.in[0].sequence
	if n.flag("new_axis", false) {
		return nil, fmt.Errorf("along a new axis is not supported: stack the tensors with Unsqueeze and Concat")
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("of no values")
	}
	joint := *n
	joint.in = all
	return joint.concat()
}
