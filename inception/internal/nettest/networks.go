// Package nettest is what the tests of several packages share: networks that are awkward to compile, random ones, and
// comparison with the reference.
package nettest

import (
	"fmt"
	"slices"
	"testing"

	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Network is a graph with an input shape to run it on.
type Network struct {
	Name  string
	Graph *graph.Graph
	Input tensor.Shape
}

// Of is a Network.
func Of(name string, g *graph.Graph, input tensor.Shape) Network { return Network{name, g, input} }

// Shape is short for a tensor.Shape.
func Shape(n, c, h, w int) tensor.Shape { return tensor.Shape{N: n, C: c, H: h, W: w} }

// OddModule has no channel count that is divisible by 4, and swaps its pool.
var OddModule = inception.ModuleConfig{
	In: 15, B1x1: 13, B5x5Reduce: 3, B5x5: 7, B3x3Reduce: 5, B3x3: 9, B3x3Second: 11, PoolProj: 5,
}

// Networks are the awkward ones, small, with weights.
func Networks(seed uint64) []Network {
	list := []Network{
		{"article", inception.InceptionA(192), Shape(1, 192, 28, 28)},
		{"article, 13 channels, batch 3", inception.InceptionA(13), Shape(3, 13, 7, 9)},
		{"odd module", inception.Module("odd", OddModule), Shape(2, 15, 7, 9)},
		{"GoogLeNet module", inception.Module("3a", inception.GoogLeNetModule(19, 8, 9, 13, 2, 3, 3)), Shape(1, 19, 7, 9)},
		{"bottleneck 5×5", inception.Module("b5", inception.ModuleConfig{In: 21, B5x5Reduce: 6, B5x5: 10}), Shape(1, 21, 5, 6)},
		{"pointwise stack", inception.PointwiseStack(3, 7, 16, 2), Shape(2, 3, 5, 7)},
		{"only an input", inception.PointwiseStack(5), Shape(1, 5, 2, 3)},
		{"nested concat", nestedConcat(), Shape(1, 3, 4, 5)},
		{"shared branch", sharedBranch(), Shape(1, 5, 4, 5)},
		{"one value twice", twiceInConcat(), Shape(2, 3, 4, 5)},
		{"concat of the input", concatInput(), Shape(1, 3, 4, 5)},
		{"several outputs", severalOutputs(), Shape(1, 6, 4, 5)},
		{"dead nodes", deadNodes(), Shape(1, 3, 4, 5)},
		{"eleven siblings", siblings(11), Shape(1, 6, 3, 3)},
		{"pool and two 1×1", poolThenTwo(), Shape(1, 12, 5, 5)},
		{"pool that counts inside", poolInside(), Shape(1, 9, 5, 6)},
		{"pool that shrinks", poolShrinks(), Shape(1, 9, 5, 6)},
		{"batch norms", batchNorms(), Shape(2, 5, 6, 4)},
		{"pads", pads(), Shape(2, 5, 6, 7)},
		{"flatten", flatten(), Shape(3, 5, 3, 4)},
		{"mobile", mobile(), Shape(2, 3, 17, 19)},
		{"residual", residual(), Shape(2, 6, 5, 4)},
		{"odds and ends", oddsAndEnds(), Shape(1, 7, 4, 5)},
		{"moves", moves(), Shape(2, 8, 4, 6)},
		{"gates", gates(), Shape(2, 6, 5, 7)},
		{"decoder", decoder(), Shape(2, 3, 6, 5)},
		{"attention", attention(), Shape(2, 6, 3, 5)},
	}
	for _, n := range list {
		inception.InitHe(n.Graph, seed)
	}
	return list
}

// Find is the network of that name.
func Find(t testing.TB, name string) Network {
	t.Helper()
	all := Networks(1)
	i := slices.IndexFunc(all, func(n Network) bool { return n.Name == name })
	if i < 0 {
		t.Fatalf("no network %q", name)
	}
	return all[i]
}

// Conv adds a convolution of kernel k with the padding that keeps the size.
func Conv(g *graph.Graph, name string, x graph.Value, in, out, k int) graph.Value {
	return g.Add(name, graph.Conv2D{In: in, Out: out, Kernel: graph.Square(k), Pad: graph.Pad(k / 2),
		Weight: name + ".weight", Bias: name + ".bias"}, x)
}

// nestedConcat is concat(a, concat(b, concat(c, d))), every offset unaligned.
func nestedConcat() *graph.Graph {
	g, x := graph.New("nested", 3)
	a, b, c, d := Conv(g, "a", x, 3, 5, 1), Conv(g, "b", x, 3, 2, 3), Conv(g, "c", x, 3, 3, 3), Conv(g, "d", x, 3, 6, 1)
	v := g.Add("inner", graph.Concat{}, c, d)
	v = g.Add("middle", graph.Concat{}, b, v)
	v = g.Add("outer", graph.Concat{}, a, v)
	g.Outputs = []graph.Value{Conv(g, "last", v, 16, 3, 1)}
	return g
}

// sharedBranch has a value, a, that feeds a concatenation and another node: its copy must stay.
func sharedBranch() *graph.Graph {
	g, x := graph.New("shared", 5)
	a := Conv(g, "a", x, 5, 6, 1)
	b := Conv(g, "b", a, 6, 7, 3)
	g.Outputs = []graph.Value{g.Add("concat", graph.Concat{}, a, b)}
	return g
}

func twiceInConcat() *graph.Graph {
	g, x := graph.New("twice", 3)
	a := Conv(g, "a", x, 3, 5, 3)
	g.Outputs = []graph.Value{g.Add("concat", graph.Concat{}, a, a)}
	return g
}

func concatInput() *graph.Graph {
	g, x := graph.New("concat_input", 3)
	a := Conv(g, "a", x, 3, 5, 3)
	g.Outputs = []graph.Value{g.Add("concat", graph.Concat{}, x, a)}
	return g
}

// severalOutputs gives an inner value, the input, a concatenation and a branch of it, one of them twice.
func severalOutputs() *graph.Graph {
	g, x := graph.New("several", 6)
	a := Conv(g, "a", x, 6, 5, 1)
	b := Conv(g, "b", a, 5, 3, 3)
	r := g.Add("r", graph.ReLU{}, b)
	c := g.Add("concat", graph.Concat{}, a, r)
	g.Outputs = []graph.Value{c, b, x, r, c}
	return g
}

func deadNodes() *graph.Graph {
	g, x := graph.New("dead", 3)
	a := Conv(g, "a", x, 3, 4, 1)
	Conv(g, "dead1", Conv(g, "dead2", a, 4, 5, 3), 5, 2, 1)
	b := g.Add("b", graph.ReLU{}, a)
	g.Add("dead3", graph.Concat{}, a, b)
	g.Outputs = []graph.Value{b}
	return g
}

// siblings are n 1×1 convolutions of one value.
func siblings(n int) *graph.Graph {
	g, x := graph.New("siblings", 6)
	var all []graph.Value
	for i := range n {
		all = append(all, Conv(g, fmt.Sprintf("s%d", i), x, 6, 2+i%5, 1))
	}
	g.Outputs = []graph.Value{g.Add("concat", graph.Concat{}, all...)}
	return g
}

// poolThenTwo is two 1×1 convolutions after an average pool, without ReLU between: the pool may pass the first, but it
// then carries that one's bias, and must not pass the second.
func poolThenTwo() *graph.Graph {
	g, x := graph.New("pool_then_two", 12)
	v := g.Add("pool", graph.Pool2D{Kernel: graph.Square(3), Pad: graph.Pad(1), CountIncludePad: true}, x)
	g.Outputs = []graph.Value{Conv(g, "b", Conv(g, "a", v, 12, 8, 1), 8, 3, 1)}
	return g
}

// poolInside divides by the pixels inside the input: the swap must keep that.
func poolInside() *graph.Graph {
	g, x := graph.New("pool_inside", 9)
	v := g.Add("pool", graph.Pool2D{Kernel: graph.Square(3), Pad: graph.Pad(1)}, x)
	g.Outputs = []graph.Value{g.Add("relu", graph.ReLU{}, Conv(g, "a", v, 9, 2, 1))}
	return g
}

// poolShrinks has a pool of stride 2: a swap would run the 1×1 on four times the pixels.
func poolShrinks() *graph.Graph {
	g, x := graph.New("pool_shrinks", 9)
	v := g.Add("pool", graph.Pool2D{Kernel: graph.Square(3), Stride: graph.Square(2), Pad: graph.Pad(1), CountIncludePad: true}, x)
	g.Outputs = []graph.Value{Conv(g, "a", v, 9, 2, 1)}
	return g
}

// BatchNorm adds a batch norm with parameters of its own.
func BatchNorm(g *graph.Graph, name string, x graph.Value, channels int) graph.Value {
	return g.Add(name, graph.BatchNorm{Channels: channels, Eps: 1e-3,
		Scale: name + ".weight", Shift: name + ".bias", Mean: name + ".mean", Var: name + ".var"}, x)
}

// batchNorms has scalings for each way to fold: after a convolution, before one that pads nothing, before one that pads, with
// and without a shift, and some with nothing to fold into.
func batchNorms() *graph.Graph {
	g, x := graph.New("batch_norms", 5)
	v := BatchNorm(g, "of_input", x, 5) // its shift would have to become the padding's value
	v = BatchNorm(g, "after", Conv(g, "a", v, 5, 6, 3), 6)
	v = g.Add("relu", graph.ReLU{}, v)
	v = BatchNorm(g, "before", v, 6)
	v = Conv(g, "b", v, 6, 7, 1)
	v = g.Add("relu2", graph.ReLU{}, v)
	v = g.Add("scale", graph.Affine{Channels: 7, Scale: "scale.weight"}, v)
	v = Conv(g, "c", v, 7, 9, 3)
	g.Outputs = []graph.Value{v, BatchNorm(g, "of_output", v, 9)} // v is an output too: it must stay what it is
	return g
}

// pads has explicit padding that convolutions and pools can take in, and some that they can't.
func pads() *graph.Graph {
	g, x := graph.New("pads", 5)
	pad := graph.Padding{Top: 1, Left: 2, Right: 1}
	zeros := g.Add("zeros", graph.Pad2D{Pad: pad}, x)
	a := Conv(g, "a", zeros, 5, 6, 3)
	b := g.Add("average", graph.Pool2D{Kernel: graph.Square(3)}, zeros) // explicit zeros count, whatever the pool says of its own
	c := g.Add("largest", graph.Pool2D{Type: graph.Max, Kernel: graph.Square(3)}, g.Add("for_max", graph.Pad2D{Pad: pad}, x))
	d := Conv(g, "d", g.Add("ones", graph.Pad2D{Pad: graph.Pad(1), Value: 1}, b), 5, 3, 3)
	e := g.Add("narrow", graph.Pool2D{Kernel: graph.Square(2)}, g.Add("wide", graph.Pad2D{Pad: graph.Padding{Left: 3}}, x))
	g.Outputs = []graph.Value{a, c, d, e}
	return g
}

// flatten ends in two fully connected layers that read the flattened map, and maps that are half flattened only.
func flatten() *graph.Graph {
	g, x := graph.New("flatten", 5)
	v := g.Add("relu", graph.ReLU{}, Conv(g, "a", x, 5, 6, 3))
	flat := g.Add("flat", graph.Reshape{C: 72, H: 1, W: 1}, v)
	one := g.Add("relu1", graph.ReLU{}, Conv(g, "fc1", flat, 72, 10, 1))
	two := Conv(g, "fc2", flat, 72, 3, 1)
	column := Conv(g, "of_column", g.Add("column", graph.Reshape{C: 24, H: 3, W: 1}, v), 24, 2, 1)
	row := Conv(g, "of_row", g.Add("row", graph.Reshape{C: 18, H: 1, W: 4}, v), 18, 2, 1)
	g.Outputs = []graph.Value{Conv(g, "last", one, 10, 4, 1), two, column, row}
	return g
}

// mobile has convolutions in groups: of one channel and one output, of one and several, of several; between the first of few
// channels and a classifier.
func mobile() *graph.Graph {
	g, x := graph.New("mobile", 3)
	in := 3
	for i, c := range []graph.Conv2D{
		{Out: 14, Kernel: graph.Square(3), Stride: graph.Square(2), Pad: graph.Pad(1)},
		{Out: 14, Kernel: graph.Square(3), Pad: graph.Pad(1), Groups: 14},
		{Out: 15, Kernel: graph.Square(1)},
		{Out: 15, Kernel: graph.Square(5), Stride: graph.Square(2), Pad: graph.Padding{Top: 1, Left: 1, Bottom: 2, Right: 2}, Groups: 15},
		{Out: 30, Kernel: graph.Square(3), Pad: graph.Pad(1), Groups: 15},
		{Out: 12, Kernel: graph.Square(1), Groups: 2},
		{Out: 24, Kernel: graph.Square(3), Pad: graph.Pad(1), Groups: 3},
	} {
		name := fmt.Sprintf("conv%d", i)
		c.In, c.Weight, c.Bias = in, name+".weight", name+".bias"
		x, in = g.Add(name+".clip", graph.Clip{Max: 6}, g.Add(name, c, x)), c.Out
	}
	x = Conv(g, "fc", g.Add("pool", graph.GlobalPool{}, x), in, 10, 1)
	g.Outputs = []graph.Value{g.Add("softmax", graph.Softmax{}, x)}
	return g
}

// residual adds and multiplies branches, with clips where others have ReLUs. Of its scales, one is a convolution's, one the next
// convolution's, which has no bias, and one nobody's.
func residual() *graph.Graph {
	g, x := graph.New("residual", 6)
	v := g.Add("clip", graph.Clip{Max: 0.5}, Conv(g, "a", x, 6, 6, 3))
	v = g.Add("tenth", graph.Scale{Channels: 6, Factor: 0.1}, Conv(g, "b", v, 6, 6, 3))
	v = g.Add("sum", graph.Binary{}, v, x)
	v = g.Add("relu", graph.ReLU{}, v)
	gate := Conv(g, "gate", g.Add("pool", graph.GlobalPool{}, v), 6, 6, 1)
	v = g.Add("gated", graph.Binary{Type: graph.Mul}, v, gate)
	half := g.Add("half", graph.Scale{Channels: 6, Factor: -0.5}, v)
	c := g.Add("c", graph.Conv2D{In: 6, Out: 6, Kernel: graph.Square(3), Pad: graph.Pad(1), Weight: "c.weight"}, half)
	v = g.Add("more", graph.Binary{}, c, g.Add("third", graph.Scale{Channels: 6, Factor: 1. / 3}, v))
	v = g.Add("twice", graph.Binary{}, v, v)
	g.Outputs = []graph.Value{g.Add("clip2", graph.Clip{Min: -1, Max: 1}, v)}
	return g
}

// oddsAndEnds has what the others lack: a constant, shuffled channels, LRN, softmax, a global maximum.
func oddsAndEnds() *graph.Graph {
	g, x := graph.New("odds_and_ends", 7)
	c := g.Add("constant", graph.Constant{Shape: Shape(1, 7, 4, 5), Value: "constant.value"})
	v := g.Add("sum", graph.Binary{}, x, c)
	v = g.Add("shuffle", graph.Channels{Index: []int{6, 0, 0, 5, 3}}, v)
	v = g.Add("lrn", graph.LRN{Size: 3, Alpha: 0.5, Beta: 0.75, Bias: 1}, v)
	m := g.Add("largest", graph.GlobalPool{Type: graph.Max}, v)
	g.Outputs = []graph.Value{g.Add("softmax", graph.Softmax{}, v), m}
	return g
}
