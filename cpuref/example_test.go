package cpuref_test

import (
	"context"
	"fmt"
	"log"

	"inceptiongl/cpuref"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// The reference computes any graph, slowly and in float64.
func ExampleRun() {
	g, x := graph.New("tiny", 1)
	x = g.Add("conv", graph.Conv2D{In: 1, Out: 1, Kernel: graph.Square(3), Pad: graph.Pad(1), Weight: "w"}, x)
	g.Outputs = []graph.Value{g.Add("relu", graph.ReLU{}, x)}
	g.Weights["w"] = tensor.Array{Dims: []int{1, 1, 3, 3}, Data: []float32{0, 0, 0, -1, 0, 1, 0, 0, 0}} // the right neighbour less the left

	in, err := tensor.FromData(tensor.Shape{N: 1, C: 1, H: 1, W: 5}, []float32{1, 2, 4, 8, 4})
	if err != nil {
		log.Fatal(err)
	}
	y, err := cpuref.Run(context.Background(), g, in)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y.Data)
	// Output: [2 3 6 0 0]
}
