package inception_test

import (
	"context"
	"fmt"
	"log"

	"inceptiongl/gpu"
	"inceptiongl/inception"
	"inceptiongl/inception/tensor"
)

func ExampleForwardGPU() {
	g := inception.InceptionA(192)
	inception.InitHe(g, 1) // or weights.Apply, for trained ones
	x := inception.RandomInput(tensor.Shape{N: 1, C: 192, H: 28, W: 28}, 2)
	y, err := inception.ForwardGPU(context.Background(), g, x)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y.Shape)
	// Output: 1×88×28×28
}

func ExampleCompile() {
	ctx := context.Background()
	dev, err := gpu.Open(ctx, gpu.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer dev.Close()

	g := inception.Module("inception_3a", inception.GoogLeNetModule(192, 64, 96, 128, 16, 32, 32))
	inception.InitHe(g, 1)
	in := tensor.Shape{N: 4, C: 192, H: 14, W: 14}
	session, err := inception.Compile(ctx, dev, g, in, inception.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()

	y, err := session.Run(ctx, inception.RandomInput(in, 2)) // from any number of goroutines
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y.Shape)
	// Output: 4×256×14×14
}
