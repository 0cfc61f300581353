package cpuref

import (
	"context"
	"fmt"
	"math"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// ConvTranspose2D is a transposed 2-D convolution, torch.nn.ConvTranspose2d, by its definition: input pixel (iy, ix) of channel
// g·I + i adds w(g·I + i, o, ky, kx) times its value to output (iy·Stride.H + ky·Dilation.H − Pad.Top, ix·Stride.W + kx·Dilation.W − Pad.Left)
// of channel g·O + o, where there is one; I = In/Groups, O = Out/Groups. Every output starts as its bias. w is In × O × Kernel.H × Kernel.W;
// b is Out, or nil for none.
//
// Ops = K + 2 with K = I·Kernel.H·Kernel.W, the most products that an output can be the sum of; Ops and Flush are those of a Conv2D of
// as many.
func ConvTranspose2D(x *tensor.Tensor, c graph.ConvTranspose2D, w, b []float32) (*Result, error) {
	c = c.Norm()
	out, err := outShape(c, x)
	if err != nil {
		return nil, err
	}
	ws := tensor.Shape{N: c.In, C: c.Out / c.Groups, H: c.Kernel.H, W: c.Kernel.W}
	if err := ws.Check(); err != nil {
		return nil, fmt.Errorf("cpuref: convtranspose: weight: %w", err)
	}
	if len(w) != ws.Len() {
		return nil, fmt.Errorf("cpuref: convtranspose: weight of shape %v needs %d elements, has %d", ws, ws.Len(), len(w))
	}
	if b != nil && len(b) != c.Out {
		return nil, fmt.Errorf("cpuref: convtranspose: bias needs %d elements, has %d", c.Out, len(b))
	}
	in, b64 := fromTensor(x), widen(b)
	value, err := convTranspose(context.Background(), in, c, w, b64, out, false)
	if err != nil {
		return nil, fmt.Errorf("cpuref: convtranspose: %w", err)
	}
	mag, err := convTranspose(context.Background(), in.abs(), c, w, abs(b64), out, true)
	if err != nil {
		return nil, fmt.Errorf("cpuref: convtranspose: %w", err)
	}
	k := c.In / c.Groups * ws.H * ws.W
	r := newResult(value, mag.v, k+2)
	r.Flush += float64(k) * subnormalLoss(x.Data, w)
	return r, nil
}

// convTranspose is ConvTranspose2D in float64, for arguments already checked. c is normalised; out is its output's shape. With
// magnitudes it takes the weights' absolute values.
func convTranspose(ctx context.Context, x array, c graph.ConvTranspose2D, w []float32, b []float64, out tensor.Shape, magnitudes bool) (array, error) {
	y := newArray(out)
	in, outs, kernel := c.In/c.Groups, c.Out/c.Groups, c.Kernel.H*c.Kernel.W
	err := eachPlane(ctx, y, func(n, o int) {
		dst := y.plane(n, o)
		if b != nil {
			for i := range dst {
				dst[i] = b[o]
			}
		}
		group := o / outs
		for i := group * in; i < (group+1)*in; i++ {
			src := x.plane(n, i)
			taps := w[(i*outs+o-group*outs)*kernel:][:kernel]
			for k, tap := range taps {
				dy, dx := k/c.Kernel.W*c.Dilation.H-c.Pad.Top, k%c.Kernel.W*c.Dilation.W-c.Pad.Left
				scale := float64(tap)
				if magnitudes {
					scale = math.Abs(scale)
				}
				y0, y1 := inside(dy, c.Stride.H, out.H, x.H)
				x0, x1 := inside(dx, c.Stride.W, out.W, x.W)
				for iy := y0; iy < y1; iy++ {
					for ix := x0; ix < x1; ix++ {
						dst[(iy*c.Stride.H+dy)*out.W+ix*c.Stride.W+dx] += scale * src[iy*x.W+ix]
					}
				}
			}
		}
	})
	return y, err
}
