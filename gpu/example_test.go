package gpu_test

import (
	"context"
	"fmt"
	"log"

	"inceptiongl/gpu"
)

// Squares eight numbers on the GPU.
func Example() {
	ctx := context.Background()
	d, err := gpu.Open(ctx, gpu.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer d.Close()

	in := []float32{1, 2, 3, 4, 5, 6, 7, 8}
	out := make([]float32, len(in))
	buf, err := d.NewBuffer(ctx, "numbers", 4*len(in))
	if err != nil {
		log.Fatal(err)
	}
	defer buf.Close()
	square, err := d.Program(ctx, gpu.Source{Name: "square.comp", Text: `
layout(local_size_x = 8) in;
layout(std430, binding = 0) buffer Numbers { float v[]; };
void main() {
	uint i = gl_GlobalInvocationID.x;
	v[i] *= v[i];
}
`})
	if err != nil {
		log.Fatal(err)
	}
	_, err = d.Run(ctx, &gpu.Pass{
		Uploads: []gpu.Transfer{{Buffer: buf, Data: in}},
		Waves: [][]gpu.Dispatch{{{
			Name: "square", Program: square, Groups: [3]int{1, 1, 1},
			Storage: []gpu.Storage{{Binding: 0, Buffer: buf}},
		}}},
		Downloads: []gpu.Transfer{{Buffer: buf, Data: out}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out)
	// Output: [1 4 9 16 25 36 49 64]
}
