package onnx

import (
	"fmt"
	"maps"
	"slices"

	pb "inceptiongl/inception/onnx/internal/onnxpb"
)

// branch is If with a constant condition: the nodes of the branch that is taken, as if they stood in its place. PyTorch's exporter writes it
// where an extent may be 1.
func (n *node) branch() (*value, error) {
	var graphs [2]*pb.GraphProto
	for k, name := range []string{"else_branch", "then_branch"} {
		p, ok := n.get(name, pb.AttributeProto_GRAPH)
		if !ok {
			return nil, fmt.Errorf("attribute %s is missing", name)
		}
		graphs[k] = p.GetG()
	}
	c := n.in[0].con
	if c == nil || !c.isInt || c.len() != 1 || c.i[0].sym != number {
		return nil, fmt.Errorf("the condition must be a constant, once the input's extents are known: %s", control)
	}
	g := graphs[min(max(c.i[0].n, -c.i[0].n), 1)]
	b := n.b
	outside := maps.Clone(b.values) // names of the branch are its own
	defer func() { b.values = outside }()
	if len(g.GetInput()) > 0 || len(g.GetOutput()) != n.outs {
		return nil, fmt.Errorf("the branch has %d inputs and %d outputs", len(g.GetInput()), len(g.GetOutput()))
	}
	if err := b.initializers(g, noExternal); err != nil {
		return nil, err
	}
	for _, p := range g.GetNode() {
		if err := b.add(p); err != nil {
			return nil, fmt.Errorf("node %s: %w", describe(p), err)
		}
	}
	var outputs []*value
	for _, o := range g.GetOutput() {
		v, err := b.lookup(o.GetName())
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, v)
	}
	n.more = outputs[1:]
	return outputs[0], nil
}

// reads are the names that a node needs: its inputs, and what its branches take from around them. Files don't nest deep: see wire.go.
func reads(p *pb.NodeProto) []string {
	names := p.GetInput()
	for _, a := range p.GetAttribute() {
		g := a.GetG()
		if g == nil {
			continue
		}
		own := map[string]bool{}
		for _, in := range g.GetInput() { // a loop's body has some
			own[in.GetName()] = true
		}
		for _, t := range g.GetInitializer() {
			own[t.GetName()] = true
		}
		names = slices.Clone(names)
		for _, q := range g.GetNode() {
			for _, name := range reads(q) {
				if !own[name] && !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
			for _, name := range q.GetOutput() {
				own[name] = true
			}
		}
		for _, o := range g.GetOutput() { // a branch may hand on what it doesn't compute
			if name := o.GetName(); !own[name] && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}
