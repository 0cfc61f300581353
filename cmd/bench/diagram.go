package main

import (
	"fmt"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/plan"
)

// GraphReport is the network as it is drawn: operators in columns by depth and lanes by branch, a ReLU as part of what it follows.
type GraphReport struct {
	Nodes []GraphNode
	Edges [][2]int // indices of Nodes
}

// GraphNode is one operator.
type GraphNode struct {
	Name, Label, Detail string
	Lane, Column        float64
	Wave                int // of the plan; 0 where nothing runs
	Step                string
}

// describeGraph draws what every network of this program is: chains from the input, which may meet in a concatenation.
func describeGraph(g *graph.Graph, p *plan.Plan) *GraphReport {
	r := &GraphReport{}
	at := map[graph.Value]int{}
	lanes, last := 0, 0.0
	for i, n := range g.Nodes {
		v := graph.Value(i)
		node := GraphNode{Name: n.Name}
		switch op := n.Op.(type) {
		case graph.ReLU:
			at[v] = at[n.In[0]]
			r.Nodes[at[v]].Detail += " + ReLU"
			continue
		case graph.Input:
			node.Label, node.Detail = "input", fmt.Sprintf("%d channels", op.Channels)
		case graph.Concat:
			node.Label, node.Detail = "concat", fmt.Sprintf("%d branches", len(n.In))
		case graph.Conv2D:
			node.Label, node.Detail = fmt.Sprintf("%d×%d conv", op.Kernel.H, op.Kernel.W), fmt.Sprintf("%d→%d", op.In, op.Out)
		case graph.Pool2D:
			node.Label, node.Detail = fmt.Sprintf("%d×%d %v", op.Kernel.H, op.Kernel.W, op.Kind()), ""
		default:
			node.Label = n.Op.Kind()
		}
		for k, in := range n.In {
			from := at[in]
			r.Edges = append(r.Edges, [2]int{from, len(r.Nodes)})
			node.Column = max(node.Column, r.Nodes[from].Column+1)
			if k == 0 {
				node.Lane = r.Nodes[from].Lane
			}
		}
		if len(n.In) == 1 && at[n.In[0]] == 0 { // a branch begins
			node.Lane = float64(lanes)
			lanes++
		}
		last = max(last, node.Column)
		node.Wave, node.Step = stepOf(p, v)
		at[v] = len(r.Nodes)
		r.Nodes = append(r.Nodes, node)
	}
	middle := float64(lanes-1) / 2
	for i := range r.Nodes {
		if i == 0 || r.Nodes[i].Label == "concat" {
			r.Nodes[i].Lane = middle
		}
	}
	return r
}

// swapped reports an edge against which the plan runs: what it leads to is computed before what it comes from.
func (g *GraphReport) swapped(edge [2]int) bool {
	from, to := g.Nodes[edge[0]], g.Nodes[edge[1]]
	return to.Wave > 0 && to.Wave < from.Wave
}

// stepOf finds the wave, from 1, and the step that compute a node.
func stepOf(p *plan.Plan, node graph.Value) (wave int, step string) {
	for i, w := range p.Waves {
		for _, st := range w.Steps {
			if st.Computes(node) {
				return i + 1, st.Name
			}
		}
	}
	return 0, ""
}
