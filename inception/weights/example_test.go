package weights_test

import (
	"bytes"
	"fmt"
	"log"
	"testing/fstest"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

// Weights go from a file into a graph.
func ExampleApply() {
	g, x := graph.New("tiny", 1)
	g.Outputs = []graph.Value{g.Add("fc", graph.Conv2D{In: 1, Out: 2, Kernel: graph.Square(1), Weight: "fc.weight"}, x)}

	var file bytes.Buffer // stands for one on the disk, which weights.Load reads
	err := weights.EncodeSafetensors(&file, map[string]tensor.Array{
		"fc.weight": {Dims: []int{2, 1}, Data: []float32{3, 4}}, // as a fully connected layer of PyTorch's
		"fc.extra":  {Dims: []int{1}, Data: []float32{5}},
	})
	if err != nil {
		log.Fatal(err)
	}
	m, err := weights.Decode(&file)
	if err != nil {
		log.Fatal(err)
	}
	if err := weights.Apply(g, m); err != nil {
		log.Fatal(err)
	}
	fmt.Println(g.Weights["fc.weight"], "not used:", weights.Unused(g, m))
	// Output: {[2 1 1 1] [3 4]} not used: [fc.extra]
}

// Any fs.FS will do: an embed.FS, a zip archive, a folder.
func ExampleReadNpyFS() {
	var file bytes.Buffer
	if err := weights.EncodeNpy(&file, []int{2, 2}, []float32{1, 2, 3, 4}); err != nil {
		log.Fatal(err)
	}
	fsys := fstest.MapFS{"data/x.npy": {Data: file.Bytes()}}
	a, err := weights.ReadNpyFS(fsys, "data/x.npy")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(a.Dims, a.Data)
	// Output: [2 2] [1 2 3 4]
}
