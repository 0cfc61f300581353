package cpuref

import (
	"context"

	"inceptiongl/inception/graph"
)

// scale is Factor · in(n, c, y, x), in float64.
//
// It has no bound of its own: a plan folds it into a convolution or an Affine, whose bounds start from the folded weights
// as the device has them.
func scale(ctx context.Context, x array, s graph.Scale) (array, error) {
	y := newArray(x.Shape)
	err := eachPlane(ctx, y, func(n, c int) {
		dst := y.plane(n, c)
		for i, v := range x.plane(n, c) {
			dst[i] = s.Factor * v
		}
	})
	return y, err
}
