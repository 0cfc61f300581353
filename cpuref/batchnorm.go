package cpuref

import (
	"context"
	"fmt"
	"math"

	"inceptiongl/inception/graph"
)

// batchNorm is batch normalisation in evaluation mode, in float64, torch.nn.BatchNorm2d:
//
//	out(n, c, y, x) = (in(n, c, y, x) − mean(c)) / √(var(c) + Eps) · scale(c) + shift(c)
//
// scale nil means 1, shift nil means 0.
//
// It has no bound of its own: a plan folds it into a convolution or an Affine, whose bounds start from the folded weights
// as the device has them.
func batchNorm(ctx context.Context, x array, b graph.BatchNorm, scale, shift, mean, variance []float64) (array, error) {
	if mean == nil || variance == nil {
		return array{}, fmt.Errorf("mean %q and variance %q must both have names", b.Mean, b.Var)
	}
	for c, v := range variance {
		if !(v+b.Eps > 0) {
			return array{}, fmt.Errorf("channel %d: variance %v + %v is not positive", c, v, b.Eps)
		}
	}
	y := newArray(x.Shape)
	err := eachPlane(ctx, y, func(n, c int) {
		factor, add := 1/math.Sqrt(variance[c]+b.Eps), 0.0
		if scale != nil {
			factor *= scale[c]
		}
		if shift != nil {
			add = shift[c]
		}
		dst := y.plane(n, c)
		for i, v := range x.plane(n, c) {
			dst[i] = (v-mean[c])*factor + add
		}
	})
	return y, err
}
