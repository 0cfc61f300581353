package nettest

import (
	"math/rand/v2"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// randomMove transposes C, H and W and takes every step-th place of one of them, backwards or not.
func randomMove(rng *rand.Rand, in tensor.Shape) graph.Move {
	var m graph.Move
	m.To[0] = []graph.Axis{{Of: 0}}
	cut := 1 + rng.IntN(3)
	for k, of := range rng.Perm(3) {
		a := graph.Axis{Of: 1 + of}
		if k == cut-1 {
			a.Start, a.Step = rng.IntN(2), 1+rng.IntN(2)
			extent := [3]int{in.C, in.H, in.W}[of]
			if a.Start >= extent || rng.IntN(2) == 0 {
				a.Start, a.Step, a.Count = extent-1, -1, extent
			}
			a.Step = min(a.Step, extent)
		}
		m.To[1+k] = []graph.Axis{a}
	}
	return m
}

// moves has the movements that networks are known for: to NHWC and back, a channel shuffle, pixel shuffles, halves of the channels, windows.
func moves() *graph.Graph {
	g, x := graph.New("moves", 8)
	all := func(of ...int) (axes []graph.Axis) {
		for _, i := range of {
			axes = append(axes, graph.Axis{Of: i})
		}
		return axes
	}
	last := g.Add("nhwc", graph.Move{To: [4][]graph.Axis{all(0), all(2), all(3), all(1)}}, x)
	v := g.Add("nchw", graph.Move{To: [4][]graph.Axis{all(0), all(3), all(1), all(2)}}, g.Add("relu", graph.ReLU{}, last))
	v = g.Add("shuffle", graph.Move{From: [4][]int{{}, {2, 0}}, To: [4][]graph.Axis{all(0), all(2, 1), all(3), all(4)}}, v)
	half := g.Add("half", graph.Move{To: [4][]graph.Axis{all(0), {{Of: 1, Start: 4}}, all(2), all(3)}}, v)
	up := g.Add("up", graph.Move{From: [4][]int{{}, {2, 2, 0}}, To: [4][]graph.Axis{all(0), all(3), all(4, 1), all(5, 2)}}, v)
	windows := g.Add("windows", graph.Move{From: [4][]int{{}, {}, {0, 2}, {0, 2}}, To: [4][]graph.Axis{all(0, 2, 4), all(1), all(3), all(5)}}, half)
	g.Outputs = []graph.Value{Conv(g, "a", up, 2, 3, 3), Conv(g, "b", windows, 4, 6, 1),
		g.Add("mirror", graph.Pad2D{Pad: graph.Pad(2), Mode: graph.PadReflect}, half)}
	return g
}
