package digits_test

import (
	"fmt"
	"log"

	"inceptiongl/inception/digits"
	"inceptiongl/inception/tensor"
)

// To classify pictures with it, see classify.Digits.
func ExampleNetwork() {
	g, err := digits.Network()
	if err != nil {
		log.Fatal(err)
	}
	shapes, err := g.Shapes(tensor.Shape{N: 1, C: digits.Channels, H: digits.InputSize, W: digits.InputSize})
	if err != nil {
		log.Fatal(err)
	}
	samples, err := digits.Samples()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(shapes[g.Outputs[0]], "logits of", digits.Labels())
	fmt.Println(len(samples), "samples, the first is", samples[0].Name)
	// Output:
	// 1×10×1×1 logits of [0 1 2 3 4 5 6 7 8 9]
	// 20 samples, the first is 0a.png
}
