package graph_test

import (
	"fmt"
	"log"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// A branch of an Inception module: a 1×1 convolution that cuts the channels, then a 5×5.
func branch() *graph.Graph {
	g, x := graph.New("branch", 192)
	x = g.Add("reduce", graph.Conv2D{In: 192, Out: 16, Kernel: graph.Square(1), Weight: "reduce.weight"}, x)
	x = g.Add("reduce.relu", graph.ReLU{}, x)
	x = g.Add("conv", graph.Conv2D{In: 16, Out: 32, Kernel: graph.Square(5), Pad: graph.Pad(2), Weight: "conv.weight"}, x)
	g.Outputs = []graph.Value{x}
	return g
}

func ExampleGraph() {
	g, in := branch(), tensor.Shape{N: 1, C: 192, H: 28, W: 28}
	shapes, err := g.Shapes(in)
	if err != nil {
		log.Fatal(err)
	}
	macs, err := g.MACs(in)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(shapes[g.Outputs[0]], macs, "multiplications")
	for _, p := range g.Params() {
		fmt.Println(p.Name, p.Dims)
	}
	// Output:
	// 1×32×28×28 12443648 multiplications
	// reduce.weight [16 192 1 1]
	// conv.weight [32 16 5 5]
}

// UpTo cuts a network off at inner values, such as what the last layer reads: an embedding.
func ExampleGraph_UpTo() {
	part, err := branch().UpTo(2) // the ReLU
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(part.Nodes), "nodes, the last is", part.Nodes[part.Outputs[0]].Name)
	// Output: 3 nodes, the last is reduce.relu
}
