package main

import (
	"context"
	"strconv"

	"inceptiongl/inception"
	"inceptiongl/inception/digits"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// targets are devices that kernels are chosen for: one of which nothing is known, a software driver, a small GPU and a large one.
var targets = []shaders.Target{
	{},
	{Software: true, MaxIterations: 65535, Lanes: 8},
	{Multiprocessors: 20},
	{Multiprocessors: 132},
}

// network is a graph with weights, and the size of its input.
type network struct {
	g    *graph.Graph
	size int
}

// networks are representative ones.
func networks() ([]network, error) {
	trained, err := digits.Network()
	if err != nil {
		return nil, err
	}
	all := []network{
		{inception.InceptionA(192), 28},
		{trained, digits.InputSize},
		{inception.GoogLeNet(1000), 224},
		{inception.BNInception(1000), 224},
		{inception.InceptionV3(1000), 299},
		{inception.InceptionV4(1000), 299},
		{inception.InceptionResNetV2(1000), 299},
		{inception.Xception(1000), 299},
		{depthwise(), 112},
		{groups(), 56},
		{windows(), 29},
		{products(), 14},
		{transposes(), 28},
	}
	for _, n := range all {
		if len(n.g.Weights) == 0 {
			inception.InitHe(n.g, 1)
		}
	}
	return all, nil
}

// steps are those of the networks' plans.
func steps(networks []network, t shaders.Target) ([]*plan.Step, error) {
	var all []*plan.Step
	for _, n := range networks {
		channels := n.g.Nodes[0].Op.(graph.Input).Channels
		p, err := plan.New(context.Background(), n.g, tensor.Shape{N: 1, C: channels, H: n.size, W: n.size}, plan.Options{Target: t})
		if err != nil {
			return nil, err
		}
		all = append(all, p.Steps()...)
	}
	return all, nil
}

// depthwise is MobileNet's way: a window for each channel by itself, then a 1×1 across them, clipped to 0 … 6.
func depthwise() *graph.Graph {
	const channels = 32
	g, x := graph.New("depthwise", channels)
	for i, stride := range []int{1, 2, 1, 2} {
		name := "block" + strconv.Itoa(i)
		for _, c := range []graph.Conv2D{
			{Kernel: graph.Square(3), Stride: graph.Square(stride), Pad: graph.Pad(1), Groups: channels, Weight: name + ".each"},
			{Kernel: graph.Square(1), Weight: name + ".across"},
		} {
			c.In, c.Out = channels, channels
			x = g.Add(c.Weight+".clip", graph.Clip{Max: 6}, g.Add(c.Weight, c, x))
		}
	}
	g.Outputs = []graph.Value{x}
	return g
}

// groups has channels in groups, with and without texels that two groups share.
func groups() *graph.Graph {
	g, x := graph.New("groups", 24)
	for i, c := range []graph.Conv2D{
		{Kernel: graph.Square(3), Out: 48, Groups: 6},
		{Kernel: graph.Square(3), Stride: graph.Square(2), Out: 64, Groups: 2},
		{Kernel: graph.Square(1), Out: 36, Groups: 4},
		{Kernel: graph.Square(3), Out: 48, Groups: 24},
	} {
		c.In, c.Weight = 24, "conv"+strconv.Itoa(i)
		g.Outputs = append(g.Outputs, g.Add(c.Weight, c, x))
	}
	return g
}

// transposes has the transposed convolutions of U-Nets, generators and super-resolution networks.
func transposes() *graph.Graph {
	const channels = 16
	g, x := graph.New("transposes", channels)
	g.Outputs = append(g.Outputs, g.Add("each", graph.ConvTranspose2D{In: channels, Out: channels, Groups: channels,
		Kernel: graph.Square(4), Stride: graph.Square(2), Pad: graph.Pad(1), Weight: "each"}, x))
	for i, c := range []graph.ConvTranspose2D{
		{Kernel: graph.Square(2), Stride: graph.Square(2)},
		{Kernel: graph.Square(3), Stride: graph.Square(2), Pad: graph.Pad(1), Extra: graph.Square(1)},
		{Kernel: graph.Square(4), Stride: graph.Square(2), Pad: graph.Pad(1)},
		{Kernel: graph.Square(5), Stride: graph.Square(2), Pad: graph.Pad(2), Extra: graph.Square(1)},
		{Kernel: graph.Square(9), Stride: graph.Square(3), Pad: graph.Pad(4), Extra: graph.Square(2)},
	} {
		c.In, c.Out, c.Weight = channels, channels, "conv"+strconv.Itoa(i)
		g.Outputs = append(g.Outputs, g.Add(c.Weight, c, x))
	}
	return g
}

// products multiplies tensors, whichever way they stand in memory.
func products() *graph.Graph {
	const channels = 32
	g, x := graph.New("products", channels)
	tokens := g.Add("tokens", graph.Reshape{C: channels, H: 196, W: 1}, x)
	scores := g.Add("scores", graph.MatMul{TransB: true}, tokens, tokens)
	gram := g.Add("gram", graph.MatMul{TransA: true}, tokens, tokens)
	sum := g.Add("sum", graph.GlobalPool{}, x)
	g.Outputs = []graph.Value{g.Add("attended", graph.MatMul{}, scores, tokens), g.Add("mixed", graph.MatMul{TransA: true, TransB: true}, tokens, scores),
		g.Add("one", graph.MatMul{}, sum, gram)}
	return g
}

// windows has the row windows that the networks lack: long ones, dilated ones, strides beside them.
func windows() *graph.Graph {
	const channels = 16
	g, x := graph.New("windows", channels)
	for i, w := range []graph.Conv2D{
		{Kernel: graph.Square(1), Stride: graph.Square(2)},
		{Kernel: graph.Square(2)},
		{Kernel: graph.Square(2), Stride: graph.Square(2)},
		{Kernel: graph.Square(3), Dilation: graph.Square(2)},
		{Kernel: graph.Square(3), Stride: graph.Square(2), Dilation: graph.Square(2)},
		{Kernel: graph.Square(4), Stride: graph.Square(2)},
		{Kernel: graph.Square(5), Stride: graph.Square(2)},
		{Kernel: graph.Square(7)},
		{Kernel: graph.Square(11), Stride: graph.Square(4)},
		{Kernel: graph.Square(13)},
		{Kernel: graph.Pair{H: 1, W: 16}}, // in chunks
		{Kernel: graph.Pair{H: 1, W: 20}, Stride: graph.Square(2)},
		{Kernel: graph.Square(29)}, // as a fully connected layer
	} {
		w.In, w.Out, w.Weight = channels, channels, "conv"+strconv.Itoa(i)
		g.Outputs = append(g.Outputs, g.Add(w.Weight, w, x))
	}
	for i, kind := range []graph.PoolKind{graph.Average, graph.Max} {
		for k := 1; k <= 3; k++ {
			p := graph.Pool2D{Type: kind, Kernel: graph.Square(3), Stride: graph.Square(k)}
			g.Outputs = append(g.Outputs, g.Add("pool"+strconv.Itoa(3*i+k), p, x))
		}
	}
	return g
}
