package nettest

import "inceptiongl/inception/graph"

// decoder is a small U-Net: down, up by a transposed convolution beside what it skips, up by interpolation, both with activations after
// them.
func decoder() *graph.Graph {
	g, x := graph.New("decoder", 3)
	a := g.Add("a.relu", graph.ReLU{}, Conv(g, "a", x, 3, 7, 3))
	down := g.Add("down", graph.Conv2D{In: 7, Out: 9, Kernel: graph.Square(3), Stride: graph.Square(2), Pad: graph.Pad(1), Weight: "down.weight"}, a)
	up := g.Add("up", graph.ConvTranspose2D{In: 9, Out: 5, Kernel: graph.Square(3), Stride: graph.Square(2), Pad: graph.Pad(1), Extra: graph.Pair{H: 1},
		Weight: "up.weight", Bias: "up.bias"}, down)
	up = g.Add("up.relu", graph.ReLU{}, up)
	both := g.Add("skip", graph.Concat{}, a, up)
	half := g.Add("half", graph.ConvTranspose2D{In: 12, Out: 8, Kernel: graph.Square(2), Stride: graph.Square(2), Groups: 4, Weight: "half.weight"}, both)
	half = BatchNorm(g, "bn", half, 8)
	wide := g.Add("wide", graph.Resize{H: graph.Extent{Size: 7}, W: graph.Extent{Scale: 1.5}, Mode: graph.Linear}, half)
	wide = g.Add("clip", graph.Clip{Min: -0.5, Max: 2}, wide)
	cubic := g.Add("cubic", graph.Resize{H: graph.Extent{Size: 7}, W: graph.Extent{Size: 15}, Mode: graph.Cubic, CubicA: -0.75}, half)
	near := g.Add("near", graph.Resize{H: graph.Extent{Size: 7}, W: graph.Extent{Size: 15}}, a)
	v := g.Add("join", graph.Concat{}, wide, near, cubic)
	g.Outputs = []graph.Value{Conv(g, "out", v, 23, 4, 1), down}
	return g
}
