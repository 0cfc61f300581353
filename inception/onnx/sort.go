package onnx

import (
	"fmt"
	"slices"

	pb "inceptiongl/inception/onnx/internal/onnxpb"
)

// wanted are the nodes that the named values need.
func wanted(nodes []*pb.NodeProto, names []string) []*pb.NodeProto {
	from := map[string]int{}
	for i, p := range nodes {
		for _, name := range p.GetOutput() {
			from[name] = i
		}
	}
	needed := make([]bool, len(nodes))
	for todo := slices.Clone(names); len(todo) > 0; {
		i, ok := from[todo[len(todo)-1]]
		todo = todo[:len(todo)-1]
		if ok && !needed[i] {
			needed[i] = true
			todo = append(todo, reads(nodes[i])...)
		}
	}
	var out []*pb.NodeProto
	for i, p := range nodes {
		if needed[i] {
			out = append(out, p)
		}
	}
	return out
}

// describe names a node for people: its name and type, or its first output where it has no name.
func describe(p *pb.NodeProto) string {
	name := p.GetName()
	if name == "" && len(p.GetOutput()) > 0 {
		name = p.GetOutput()[0]
	}
	return fmt.Sprintf("%s (%s)", quote(name), shorten(p.GetOpType(), 50))
}

// sort puts nodes behind those whose outputs they read; ONNX says that they stand in such an order already. Outputs that are given twice,
// values that nothing gives and cycles are errors.
func sort(nodes []*pb.NodeProto, given map[string]bool, outputs []string) ([]*pb.NodeProto, error) {
	from := map[string]int{}
	for i, p := range nodes {
		for _, name := range p.GetOutput() {
			if name == "" {
				continue
			}
			if _, twice := from[name]; twice || given[name] {
				return nil, fmt.Errorf("node %s: output %s is given twice", describe(p), quote(name))
			}
			from[name] = i
		}
	}
	for _, name := range outputs {
		if _, ok := from[name]; !ok && !given[name] {
			return nil, fmt.Errorf("output %s: nothing gives it", quote(name))
		}
	}
	sorted := true
	readers := make([][]int, len(nodes))
	missing := make([]int, len(nodes)) // inputs that are not there yet
	for i, p := range nodes {
		for _, name := range reads(p) {
			switch j, ok := from[name]; {
			case name == "" || given[name]:
			case !ok:
				return nil, fmt.Errorf("node %s: nothing gives its input %s", describe(p), quote(name))
			default:
				readers[j] = append(readers[j], i)
				missing[i]++
				sorted = sorted && j < i
			}
		}
	}
	if sorted {
		return nodes, nil
	}
	var ready []int
	for i, n := range missing {
		if n == 0 {
			ready = append(ready, i)
		}
	}
	var order []*pb.NodeProto
	for k := 0; k < len(ready); k++ {
		order = append(order, nodes[ready[k]])
		for _, r := range readers[ready[k]] {
			if missing[r]--; missing[r] == 0 {
				ready = append(ready, r)
			}
		}
	}
	for i, n := range missing {
		if n > 0 {
			return nil, fmt.Errorf("node %s is part of a cycle, or reads one", describe(nodes[i]))
		}
	}
	return order, nil
}
