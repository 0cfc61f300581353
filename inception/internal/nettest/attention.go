package nettest

import "inceptiongl/inception/graph"

// attention has products of tensors: attention of two heads of 5 channels over the normalized pixels; a product that sums over the pixels,
// with an activation after it; and one with a constant for all images, normalized in groups.
func attention() *graph.Graph {
	g, x := graph.New("attention", 6)
	const heads, each = 2, 5
	head := graph.Reshape{C: each, H: 15, W: 1}
	normal := g.Add("norm", graph.Normalize{Channels: 6, Eps: 1e-5, Scale: "norm.weight", Shift: "norm.bias"}, x)
	part := func(name string) graph.Value {
		return g.Add(name+".heads", head, Conv(g, name, normal, 6, heads*each, 1))
	}
	q, k, v := part("q"), part("k"), part("v")
	weights := g.Add("weights", graph.Softmax{}, g.Add("scores", graph.MatMul{TransB: true}, q, k))
	y := g.Add("joined", graph.Reshape{C: heads * each, H: 3, W: 5}, g.Add("attended", graph.MatMul{}, weights, v))
	y = Conv(g, "out", y, heads*each, 6, 1)
	gram := g.Add("gram.relu", graph.ReLU{}, g.Add("gram", graph.MatMul{TransA: true}, x, g.Add("pixels", graph.Reshape{C: 6, H: 15, W: 1}, y)))
	c := g.Add("basis", graph.Constant{Shape: Shape(1, 6, 7, 1), Value: "basis.value"})
	projected := g.Add("projected", graph.MatMul{TransB: true}, gram, c)
	group := g.Add("groups", graph.Normalize{Type: graph.RootMeanSquare, Channels: 6, Groups: 3, Eps: 0.01}, y)
	instance := g.Add("instances", graph.Normalize{Channels: 7, Groups: 7, Eps: 0.01, Shift: "instances.bias"}, projected)
	g.Outputs = []graph.Value{y, group, g.Add("instances.relu", graph.ReLU{}, instance)}
	return g
}
