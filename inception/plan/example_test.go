package plan_test

import (
	"context"
	"fmt"
	"log"

	"inceptiongl/inception"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/tensor"
)

// A plan needs no device.
func ExampleNew() {
	g := inception.InceptionA(192)
	inception.InitHe(g, 1)
	p, err := plan.New(context.Background(), g, tensor.Shape{N: 1, C: 192, H: 28, W: 28}, plan.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for i, wave := range p.Waves {
		for _, step := range wave.Steps {
			fmt.Println(i+1, step.Name)
		}
	}
	// Output:
	// 1 branch1x1+branch5x5_1+branch3x3_1+branch_pool.before_pool
	// 2 branch5x5_2
	// 2 branch3x3_2
	// 2 branch_pool.pool
	// 3 branch3x3_3
}
