package onnx_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"inceptiongl/inception/onnx"
)

func ExampleLoad() {
	// Dims frees the batch, which the exporter fixed at 2.
	m, err := onnx.Load(context.Background(), "testdata/golden/inception_a_2x5x13x7.onnx", onnx.Options{Dims: []int{-1, 5, 13, 7}})
	if err != nil {
		log.Fatal(err)
	}
	in, err := m.InputShape(8)
	if err != nil {
		log.Fatal(err)
	}
	shapes, err := m.Graph.Shapes(in)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(in, "→", shapes[m.Graph.Outputs[0]])
	// Output: 8×5×13×7 → 8×88×13×7
}

// Files outside the file system that is given can't be reached, whatever a model says of its external data.
func ExampleLoadFS() {
	root, err := os.OpenRoot("testdata")
	if err != nil {
		log.Fatal(err)
	}
	defer root.Close()
	m, err := onnx.LoadFS(context.Background(), root.FS(), "golden/inception_a_2x5x13x7.onnx", onnx.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.InputDims, m.Outputs[0].Dims)
	// Output: [2 5 13 7] [2 88 13 7]
}
