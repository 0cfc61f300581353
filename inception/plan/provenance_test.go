package plan_test

import (
	"slices"
	"testing"

	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/plan"
)

// planned are networks of every kind, two published ones among them.
func planned(t *testing.T) []nettest.Network {
	t.Helper()
	all := nettest.Networks(1)
	for _, n := range []nettest.Network{
		{Name: "GoogLeNet", Graph: inception.NetworkOptions{WidthDivisor: 8, TransformInput: true}.GoogLeNet(10), Input: nettest.Shape(1, 3, 64, 64)},
		{Name: "Inception v3", Graph: inception.NetworkOptions{WidthDivisor: 8, TransformInput: true}.InceptionV3(10), Input: nettest.Shape(1, 3, 80, 80)},
	} {
		inception.InitHe(n.Graph, 1)
		all = append(all, n)
	}
	return all
}

// TestProvenance: every node that an output needs is some part's, and no part has a node that is another's, but for those
// that the rewrites' comments name: a concatenation is a copy for each input, padding, flattening and moves go to every reader, and
// a convolution whose weights were split is several. Of a swapped pool, each half has its own nodes.
func TestProvenance(t *testing.T) {
	for _, n := range append(planned(t), published()...) {
		for _, o := range []plan.Options{{}, {Off: plan.AllRewrites}, {Off: plan.SwapPool}, {Off: plan.ConcatInPlace}, {MaxWeights: 4096}} {
			p := newPlan(t, n, o)
			count, split := map[graph.Value]int{}, map[graph.Value]bool{}
			for _, s := range p.Steps() {
				for _, part := range s.Parts {
					if len(part.Nodes) == 0 {
						t.Errorf("%s, off %09b: part %s computes nothing", n.Name, o.Off, part.Name)
						continue
					}
					first := n.Graph.Nodes[part.Nodes[0]]
					if !computes(part.Op, first.Op) {
						t.Errorf("%s, off %09b: part %s, a %s, has node %s first, a %s", n.Name, o.Off, part.Name, part.Op.Kind(), first.Name, first.Op.Kind())
					}
					c, ok := first.Op.(graph.Conv2D)
					for _, v := range part.Nodes {
						count[v]++
						split[v] = split[v] || ok && part.Out.Channels < c.Out
						if !s.Computes(v) {
							t.Errorf("%s, off %09b: step %s denies node %d of its part %s", n.Name, o.Off, s.Name, v, part.Name)
						}
					}
				}
			}
			for i, needed := range live(n.Graph) {
				v, node := graph.Value(i), n.Graph.Nodes[i]
				least, most := 1, 1
				switch node.Op.(type) {
				case graph.Input, graph.Constant:
					least, most = 0, 0
				case graph.Concat: // 0 where all of it is in place
					least, most = 0, len(node.In)
					if o.Off&plan.ConcatInPlace != 0 {
						least = most
					}
				case graph.Pad2D, graph.Reshape:
					most = max(1, readers(n.Graph, v))
				case graph.Move:
					most = ends(n.Graph, v)
				}
				if split[v] {
					most = 1 << 20
				}
				if !needed {
					least, most = 0, 0
				}
				if count[v] < least || count[v] > most {
					t.Errorf("%s, off %09b, %d bytes of weights: node %s (%s) is in %d parts, want %d to %d",
						n.Name, o.Off, o.MaxWeights, node.Name, node.Op.Kind(), count[v], least, most)
				}
			}
		}
	}
}

// computes reports that a part's operator may come from the node's.
func computes(part, node graph.Op) bool {
	switch node.(type) {
	case graph.BatchNorm, graph.Scale:
		return part.Kind() == "affine"
	case graph.GlobalPool:
		return "global"+part.Kind() == node.Kind()
	}
	return part.Kind() == node.Kind()
}

// live tells for each node whether an output needs it.
func live(g *graph.Graph) []bool {
	needed := make([]bool, len(g.Nodes))
	for _, v := range g.Outputs {
		needed[v] = true
	}
	for i, n := range slices.Backward(g.Nodes) {
		for _, v := range n.In {
			needed[v] = needed[v] || needed[i]
		}
	}
	return needed
}

// ends counts the Moves that begin with v and which no other goes on with.
func ends(g *graph.Graph, v graph.Value) int {
	count := 0
	for i, n := range g.Nodes {
		if _, moves := n.Op.(graph.Move); moves && n.In[0] == v {
			count += ends(g, graph.Value(i))
		}
	}
	return max(count, 1)
}

func readers(g *graph.Graph, v graph.Value) int {
	count := 0
	for _, n := range g.Nodes {
		if slices.Contains(n.In, v) {
			count++
		}
	}
	return count
}
