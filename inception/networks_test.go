package inception_test

import (
	"fmt"
	"math/rand/v2"

	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// network is a graph with an input shape to run it on.
type network struct {
	name  string
	graph *graph.Graph
	input tensor.Shape
}

func shape(n, c, h, w int) tensor.Shape { return tensor.Shape{N: n, C: c, H: h, W: w} }

// oddModule has no channel count that is divisible by 4, and swaps its pool.
var oddModule = inception.ModuleConfig{
	In: 15, B1x1: 13, B5x5Reduce: 3, B5x5: 7, B3x3Reduce: 5, B3x3: 9, B3x3Second: 11, PoolProj: 5,
}

// networks are the awkward ones, small, with weights.
func networks(seed uint64) []network {
	list := []network{
		{"article", inception.InceptionA(192), shape(1, 192, 28, 28)},
		{"article, 13 channels, batch 3", inception.InceptionA(13), shape(3, 13, 7, 9)},
		{"odd module", inception.Module("odd", oddModule), shape(2, 15, 7, 9)},
		{"GoogLeNet module", inception.Module("3a", inception.GoogLeNetModule(19, 8, 9, 13, 2, 3, 3)), shape(1, 19, 7, 9)},
		{"bottleneck 5×5", inception.Module("b5", inception.ModuleConfig{In: 21, B5x5Reduce: 6, B5x5: 10}), shape(1, 21, 5, 6)},
		{"pointwise stack", inception.PointwiseStack(3, 7, 16, 2), shape(2, 3, 5, 7)},
		{"only an input", inception.PointwiseStack(5), shape(1, 5, 2, 3)},
		{"nested concat", nestedConcat(), shape(1, 3, 4, 5)},
		{"shared branch", sharedBranch(), shape(1, 5, 4, 5)},
		{"one value twice", twiceInConcat(), shape(2, 3, 4, 5)},
		{"concat of the input", concatInput(), shape(1, 3, 4, 5)},
		{"several outputs", severalOutputs(), shape(1, 6, 4, 5)},
		{"dead nodes", deadNodes(), shape(1, 3, 4, 5)},
		{"eleven siblings", siblings(11), shape(1, 6, 3, 3)},
		{"pool and two 1×1", poolThenTwo(), shape(1, 12, 5, 5)},
		{"pool that counts inside", poolInside(), shape(1, 9, 5, 6)},
		{"pool that shrinks", poolShrinks(), shape(1, 9, 5, 6)},
	}
	for _, n := range list {
		inception.InitHe(n.graph, seed)
	}
	return list
}

// conv adds a convolution of kernel k with the padding that keeps the size.
func conv(g *graph.Graph, name string, x graph.Value, in, out, k int) graph.Value {
	return g.Add(name, graph.Conv2D{In: in, Out: out, Kernel: graph.Square(k), Pad: graph.Pad(k / 2),
		Weight: name + ".weight", Bias: name + ".bias"}, x)
}

// nestedConcat is concat(a, concat(b, concat(c, d))), every offset unaligned.
func nestedConcat() *graph.Graph {
	g, x := graph.New("nested", 3)
	a, b, c, d := conv(g, "a", x, 3, 5, 1), conv(g, "b", x, 3, 2, 3), conv(g, "c", x, 3, 3, 3), conv(g, "d", x, 3, 6, 1)
	v := g.Add("inner", graph.Concat{}, c, d)
	v = g.Add("middle", graph.Concat{}, b, v)
	v = g.Add("outer", graph.Concat{}, a, v)
	g.Outputs = []graph.Value{conv(g, "last", v, 16, 3, 1)}
	return g
}

// sharedBranch has a value, a, that feeds a concatenation and another node: its copy must stay.
func sharedBranch() *graph.Graph {
	g, x := graph.New("shared", 5)
	a := conv(g, "a", x, 5, 6, 1)
	b := conv(g, "b", a, 6, 7, 3)
	g.Outputs = []graph.Value{g.Add("concat", graph.Concat{}, a, b)}
	return g
}

func twiceInConcat() *graph.Graph {
	g, x := graph.New("twice", 3)
	a := conv(g, "a", x, 3, 5, 3)
	g.Outputs = []graph.Value{g.Add("concat", graph.Concat{}, a, a)}
	return g
}

func concatInput() *graph.Graph {
	g, x := graph.New("concat_input", 3)
	a := conv(g, "a", x, 3, 5, 3)
	g.Outputs = []graph.Value{g.Add("concat", graph.Concat{}, x, a)}
	return g
}

// severalOutputs gives an inner value, the input, a concatenation and a branch of it, one of them twice.
func severalOutputs() *graph.Graph {
	g, x := graph.New("several", 6)
	a := conv(g, "a", x, 6, 5, 1)
	b := conv(g, "b", a, 5, 3, 3)
	r := g.Add("r", graph.ReLU{}, b)
	c := g.Add("concat", graph.Concat{}, a, r)
	g.Outputs = []graph.Value{c, b, x, r, c}
	return g
}

func deadNodes() *graph.Graph {
	g, x := graph.New("dead", 3)
	a := conv(g, "a", x, 3, 4, 1)
	conv(g, "dead1", conv(g, "dead2", a, 4, 5, 3), 5, 2, 1)
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
		all = append(all, conv(g, fmt.Sprintf("s%d", i), x, 6, 2+i%5, 1))
	}
	g.Outputs = []graph.Value{g.Add("concat", graph.Concat{}, all...)}
	return g
}

// poolThenTwo is two 1×1 convolutions after an average pool, without ReLU between: the pool may pass the first, but it
// then carries that one's bias, and must not pass the second.
func poolThenTwo() *graph.Graph {
	g, x := graph.New("pool_then_two", 12)
	v := g.Add("pool", graph.Pool2D{Kernel: graph.Square(3), Pad: graph.Pad(1), CountIncludePad: true}, x)
	g.Outputs = []graph.Value{conv(g, "b", conv(g, "a", v, 12, 8, 1), 8, 3, 1)}
	return g
}

// poolInside divides by the pixels inside the input: the swap must keep that.
func poolInside() *graph.Graph {
	g, x := graph.New("pool_inside", 9)
	v := g.Add("pool", graph.Pool2D{Kernel: graph.Square(3), Pad: graph.Pad(1)}, x)
	g.Outputs = []graph.Value{g.Add("relu", graph.ReLU{}, conv(g, "a", v, 9, 2, 1))}
	return g
}

// poolShrinks has a pool of stride 2: a swap would run the 1×1 on four times the pixels.
func poolShrinks() *graph.Graph {
	g, x := graph.New("pool_shrinks", 9)
	v := g.Add("pool", graph.Pool2D{Kernel: graph.Square(3), Stride: graph.Square(2), Pad: graph.Pad(1), CountIncludePad: true}, x)
	g.Outputs = []graph.Value{conv(g, "a", v, 9, 2, 1)}
	return g
}

// randomNetwork is a random DAG: convolutions, pools, ReLUs and concatenations of odd channel counts, with weights.
// Values that nothing reads and values that many nodes read both come up, and so do several outputs.
func randomNetwork(rng *rand.Rand) network {
	pick := func(n int) int { return 1 + rng.IntN(n) }
	in := shape(pick(2), pick(9), 3+rng.IntN(6), 3+rng.IntN(6))
	g, x := graph.New("random", in.C)
	values, shapes := []graph.Value{x}, []tensor.Shape{in}
	for i := range 4 + rng.IntN(10) {
		name := fmt.Sprintf("n%d", i)
		k := rng.IntN(len(values))
		if rng.IntN(2) == 0 {
			k = len(values) - 1 // deep rather than wide
		}
		s := shapes[k]
		op, from := randomOp(rng, s, name), []graph.Value{values[k]}
		ins := []tensor.Shape{s}
		if op == (graph.Concat{}) {
			for j, o := range shapes {
				if o.H == s.H && o.W == s.W && rng.IntN(2) == 0 && len(from) < 4 {
					from, ins = append(from, values[j]), append(ins, o)
				}
			}
		}
		out, err := op.OutShape(ins)
		if err != nil || out.C > 60 {
			continue // a window larger than what is left of the image, or concatenations that explode
		}
		values, shapes = append(values, g.Add(name, op, from...)), append(shapes, out)
	}
	g.Outputs = []graph.Value{values[len(values)-1]}
	for range rng.IntN(3) {
		g.Outputs = append(g.Outputs, values[rng.IntN(len(values))])
	}
	inception.InitHe(g, rng.Uint64())
	return network{"random", g, in}
}

func randomOp(rng *rand.Rand, in tensor.Shape, name string) graph.Op {
	c := graph.Conv2D{In: in.C, Out: 1 + rng.IntN(11), Kernel: graph.Square(1), Weight: name + ".weight"}
	if rng.IntN(4) != 0 {
		c.Bias = name + ".bias"
	}
	pool := graph.Pool2D{Type: graph.PoolKind(rng.IntN(2)), Kernel: graph.Square(3), Pad: graph.Pad(1), CountIncludePad: rng.IntN(2) == 0}
	switch rng.IntN(12) {
	case 0, 1, 2:
		return c
	case 3:
		c.Kernel, c.Pad = graph.Square(3), graph.Pad(1)
		return c
	case 4:
		c.Kernel, c.Pad = graph.Pair{H: 1, W: 3}, graph.Padding{Left: 1, Right: 1}
		return c
	case 5:
		c.Kernel, c.Stride, c.Pad = graph.Square(3), graph.Square(2), graph.Pad(1)
		return c
	case 6:
		c.Groups, c.Out = in.C, in.C*(1+rng.IntN(2)) // depthwise
		c.Kernel, c.Pad, c.Dilation = graph.Square(3), graph.Pad(2), graph.Square(2)
		return c
	case 7, 8:
		return pool
	case 9:
		pool.Stride, pool.CeilMode = graph.Square(2), rng.IntN(2) == 0
		return pool
	case 10:
		return graph.ReLU{}
	default:
		return graph.Concat{}
	}
}
