package run_test

import (
	"context"
	"fmt"
	"log"

	"inceptiongl/gpu"
	"inceptiongl/inception"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

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
	session, err := run.Compile(ctx, dev, g, in, run.Options{Kernels: run.KernelsDefault})
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	fmt.Println(len(session.Plan().Steps()), "steps in", len(session.Plan().Waves), "waves")
	// Output: 5 steps in 2 waves
}
