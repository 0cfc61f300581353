// Package modules finds Inception modules in a network, and their branches: what programs that draw feature maps share.
package modules

import (
	"fmt"
	"slices"
	"strings"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Branch is a range of a module's channels.
type Branch struct {
	Name     string
	How      string // its operators in short: "1×1 › 5×5"
	Channels int
}

// All are a network's modules: the concatenations that aren't a part of another.
func All(g *graph.Graph) []graph.Value {
	var all []graph.Value
	part := map[graph.Value]bool{}
	for i, n := range slices.Backward(g.Nodes) {
		if n.Op != (graph.Concat{}) {
			continue
		}
		if !part[graph.Value(i)] {
			all = append(all, graph.Value(i))
		}
		for _, v := range n.In {
			part[v] = true
		}
	}
	slices.Reverse(all)
	return all
}

// Branches takes a concatenation apart, and concatenations in it. Any other node is one branch.
func Branches(g *graph.Graph, shapes []tensor.Shape, v graph.Value) []Branch {
	var all []Branch
	chains, start := chains(g, v)
	for i, leaf := range leaves(g, v) {
		how := g.Nodes[leaf].Op.Kind()
		if start >= 0 {
			how = describe(g, chains[i])
		}
		all = append(all, Branch{Name: strings.TrimSuffix(g.Nodes[leaf].Name, ".relu"), How: how, Channels: shapes[leaf].C})
	}
	return all
}

// Chains are the nodes of each branch, first those that are computed first: from where the module begins to what it concatenates.
func Chains(g *graph.Graph, v graph.Value) [][]graph.Value {
	all, _ := chains(g, v)
	return all
}

// chains also tells the value where the module begins: −1 where the branches have none in common.
func chains(g *graph.Graph, v graph.Value) ([][]graph.Value, graph.Value) {
	var all [][]graph.Value
	for _, leaf := range leaves(g, v) {
		all = append(all, chain(g, leaf))
	}
	start := common(all)
	for i, c := range all {
		if end := slices.Index(c, start); end >= 0 {
			c = c[:end]
		}
		slices.Reverse(c)
		all[i] = c
	}
	return all, start
}

// leaves are what a concatenation puts together.
func leaves(g *graph.Graph, v graph.Value) []graph.Value {
	if g.Nodes[v].Op != (graph.Concat{}) {
		return []graph.Value{v}
	}
	var all []graph.Value
	for _, in := range g.Nodes[v].In {
		all = append(all, leaves(g, in)...)
	}
	return all
}

// chain is v, what it reads, and so on, as long as a node reads one value.
func chain(g *graph.Graph, v graph.Value) []graph.Value {
	all := []graph.Value{v}
	for len(g.Nodes[v].In) == 1 {
		v = g.Nodes[v].In[0]
		all = append(all, v)
	}
	return all
}

// common is the last value that all chains go through, or −1: where a module begins.
func common(chains [][]graph.Value) graph.Value {
	if len(chains) > 1 {
		for _, v := range chains[0] {
			if !slices.ContainsFunc(chains, func(c []graph.Value) bool { return !slices.Contains(c, v) }) {
				return v
			}
		}
	}
	return -1
}

// describe is the windows of a chain: "1×1 › 5×5".
func describe(g *graph.Graph, chain []graph.Value) string {
	var words []string
	for _, v := range chain {
		if w := Window(g.Nodes[v].Op); w != "" {
			words = append(words, w)
		}
	}
	return strings.Join(words, " › ")
}

// Window is what a convolution or a pool looks at: "3×3/2", "avgpool 3×3". It is empty for other operators.
func Window(op graph.Op) string {
	switch op := op.(type) {
	case graph.Conv2D:
		op = op.Norm()
		return window("", op.Kernel, op.Stride)
	case graph.Pool2D:
		op = op.Norm()
		return window(op.Kind()+" ", op.Kernel, op.Stride)
	}
	return ""
}

func window(kind string, kernel, stride graph.Pair) string {
	s := fmt.Sprintf("%s%d×%d", kind, kernel.H, kernel.W)
	if stride != graph.Square(1) {
		s += fmt.Sprintf("/%d", stride.H)
	}
	return s
}
