package tensor_test

import (
	"fmt"

	"inceptiongl/inception/tensor"
)

func ExampleTensor() {
	x := tensor.New(tensor.Shape{N: 1, C: 3, H: 2, W: 2}) // one image of three channels, 2 × 2 pixels, all 0
	x.Set(0, 2, 1, 0, 5)                                  // the third channel's lower left
	fmt.Println(x.Shape, x.Data)
	// Output: 1×3×2×2 [0 0 0 0 0 0 0 0 0 0 5 0]
}

// Data that doesn't fit its shape is an error, not a panic later.
func ExampleFromData() {
	_, err := tensor.FromData(tensor.Shape{N: 2, C: 1, H: 2, W: 2}, []float32{1, 2, 3})
	fmt.Println(err)
	// Output: tensor of shape 2×1×2×2 needs 8 elements, has 3
}
