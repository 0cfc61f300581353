package inception

import (
	"strconv"

	"inceptiongl/inception/graph"
)

// ModuleConfig gives an Inception module's channel counts. A branch whose last count is 0 is left out; the pool branch
// is left out where PoolProj is 0.
type ModuleConfig struct {
	In int // channels of the input

	B1x1 int // branch1x1: 1×1, In → B1x1

	B5x5Reduce, B5x5 int // branch5x5_1: 1×1, In → B5x5Reduce; branch5x5_2: 5×5 pad 2, → B5x5

	B3x3Reduce, B3x3 int // branch3x3_1: 1×1, In → B3x3Reduce; branch3x3_2: 3×3 pad 1, → B3x3
	B3x3Second       int // branch3x3_3: 3×3 pad 1, B3x3 → B3x3Second; 0 for a branch with a single 3×3

	PoolProj int  // 3×3 pool, stride 1, pad 1; then branch_pool: 1×1, In → PoolProj
	MaxPool  bool // GoogLeNet pools by maximum; false is the average, padding counted
}

// Article is the article's module: 16 + 24 + 24 + 24 = 88 output channels.
func Article(cin int) ModuleConfig {
	return ModuleConfig{
		In: cin, B1x1: 16,
		B5x5Reduce: 16, B5x5: 24,
		B3x3Reduce: 16, B3x3: 24, B3x3Second: 24,
		PoolProj: 24,
	}
}

// GoogLeNetModule is a module of the GoogLeNet paper (Szegedy et al. 2014, table 1), its counts in the table's order:
// #1×1, #3×3 reduce, #3×3, #5×5 reduce, #5×5, pool proj.
func GoogLeNetModule(cin, c1, c3r, c3, c5r, c5, proj int) ModuleConfig {
	return ModuleConfig{
		In: cin, B1x1: c1,
		B5x5Reduce: c5r, B5x5: c5,
		B3x3Reduce: c3r, B3x3: c3,
		PoolProj: proj, MaxPool: true,
	}
}

// InceptionA is the article's module with cin input channels: N × cin × H × W to N × 88 × H × W.
// It has no weights yet: see InitHe and the weights package.
func InceptionA(cin int) *graph.Graph { return Module("inception_a", Article(cin)) }

// Module is a network of one Inception module. Its weights have PyTorch's state_dict names, such as "branch5x5_2.weight".
func Module(name string, c ModuleConfig) *graph.Graph {
	g, x := graph.New(name, c.In)
	g.Outputs = []graph.Value{AddModule(g, x, "", c)}
	return g
}

// AddModule appends a module that reads x; prefix (such as "mixed_5b.") goes before every node and parameter name.
// The branches are concatenated in the order 1×1, 5×5, 3×3, pool, with a ReLU after every convolution.
func AddModule(g *graph.Graph, x graph.Value, prefix string, c ModuleConfig) graph.Value {
	conv := func(name string, x graph.Value, in, out, kernel int) graph.Value {
		return convReLU(g, prefix+name, x, graph.Conv2D{In: in, Out: out, Kernel: graph.Square(kernel), Pad: graph.Pad(kernel / 2)})
	}
	var branches []graph.Value
	if c.B1x1 != 0 {
		branches = append(branches, conv("branch1x1", x, c.In, c.B1x1, 1))
	}
	if c.B5x5 != 0 {
		v := conv("branch5x5_1", x, c.In, c.B5x5Reduce, 1)
		branches = append(branches, conv("branch5x5_2", v, c.B5x5Reduce, c.B5x5, 5))
	}
	if c.B3x3 != 0 {
		v := conv("branch3x3_1", x, c.In, c.B3x3Reduce, 1)
		v = conv("branch3x3_2", v, c.B3x3Reduce, c.B3x3, 3)
		if c.B3x3Second != 0 {
			v = conv("branch3x3_3", v, c.B3x3, c.B3x3Second, 3)
		}
		branches = append(branches, v)
	}
	if c.PoolProj != 0 {
		pool := graph.Pool2D{Type: graph.Average, Kernel: graph.Square(3), Pad: graph.Pad(1), CountIncludePad: true}
		if c.MaxPool {
			pool = graph.Pool2D{Type: graph.Max, Kernel: graph.Square(3), Pad: graph.Pad(1)}
		}
		v := g.Add(prefix+"pool", pool, x)
		branches = append(branches, conv("branch_pool", v, c.In, c.PoolProj, 1))
	}
	return g.Add(prefix+"concat", graph.Concat{}, branches...)
}

// PointwiseStack is a network of 1×1 convolutions, each followed by ReLU: channels[0] → channels[1] → …, the article's
// §3.2. Layer i is named "conv1", "conv2" …
func PointwiseStack(channels ...int) *graph.Graph {
	if len(channels) == 0 {
		return &graph.Graph{Name: "pointwise_stack"} // Check reports it as empty
	}
	g, x := graph.New("pointwise_stack", channels[0])
	for i, out := range channels[1:] {
		x = convReLU(g, "conv"+strconv.Itoa(i+1), x, graph.Conv2D{In: channels[i], Out: out, Kernel: graph.Square(1)})
	}
	g.Outputs = []graph.Value{x}
	return g
}

// convReLU adds a convolution with a bias and the ReLU that follows it.
func convReLU(g *graph.Graph, name string, x graph.Value, c graph.Conv2D) graph.Value {
	c.Weight, c.Bias = name+".weight", name+".bias"
	return g.Add(name+".relu", graph.ReLU{}, g.Add(name, c, x))
}
