package article

import (
	"fmt"

	"inceptiongl/inception/graph"
)

// Bottleneck is a k×k convolution to out channels that keeps the size, after a 1×1 to mid channels; mid 0 means none.
func Bottleneck(in, mid, out, k int) *graph.Graph {
	name := "bottleneck"
	if mid == 0 {
		name = "direct"
	}
	g, x := graph.New(name, in)
	conv := func(x graph.Value, in, out, k int) graph.Value {
		name := fmt.Sprintf("conv%dx%d", k, k)
		op := graph.Conv2D{In: in, Out: out, Kernel: graph.Square(k), Pad: graph.Pad(k / 2), Weight: name + ".weight", Bias: name + ".bias"}
		return g.Add(name+".relu", graph.ReLU{}, g.Add(name, op, x))
	}
	if mid != 0 {
		x, in = conv(x, in, mid, 1), mid
	}
	g.Outputs = []graph.Value{conv(x, in, out, k)}
	return g
}
