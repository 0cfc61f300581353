package shaders_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// gen makes random data.
type gen struct{ *rand.Rand }

func newGen() *gen { return &gen{rand.New(rand.NewPCG(seed, 1))} }

// seg is one destination of a convolution case.
type seg struct {
	out     int  // channels
	dstC    int  // channels of the destination; 0: out
	channel int  // where they start in it
	same    bool // the destination is the one of the segment before
	relu    bool
}

// convCase is one row of the table: one step, run by every kernel variant that serves it.
type convCase struct {
	in     tensor.Shape
	conv   graph.Conv2D // In, Out and names unused
	noBias bool
	// special, if not 0, is one of the inputs: an infinity, so that padding that multiplies by 0 instead of selecting shows as a
	// NaN; or NaN, which must come through.
	special float32
	weight  float32 // the same for one of the weights
	segs    []seg
}

func (c convCase) name() string {
	v := c.conv.Norm()
	s := fmt.Sprintf("%v k%dx%d s%dx%d p%v d%dx%d g%d ->", c.in, v.Kernel.H, v.Kernel.W, v.Stride.H, v.Stride.W, v.Pad, v.Dilation.H, v.Dilation.W, v.Groups)
	for _, g := range c.segs {
		s += fmt.Sprintf(" %d@%d/%d", g.out, g.channel, max(g.dstC, g.out))
		if g.relu {
			s += "r"
		}
	}
	if c.special != 0 {
		s += fmt.Sprintf(" %v", c.special)
	}
	return strings.ReplaceAll(s, " ", "_")
}

// poolCase is one row for the kernels that keep the channels.
type poolCase struct {
	kernel        *shaders.Kernel // the plain one
	in            tensor.Shape
	pool          graph.Pool2D
	bias, relu    bool
	dstC, channel int // as in seg
	special       float32
}

func (c poolCase) name() string {
	return fmt.Sprintf("%v_%v_k%dx%d_s%dx%d_d%v_p%v_include:%v_ceil:%v_bias:%v_relu:%v_@%d/%d_%v", c.kernel, c.in, c.pool.Kernel.H, c.pool.Kernel.W,
		c.pool.Stride.H, c.pool.Stride.W, c.pool.Dilation, c.pool.Pad, c.pool.CountIncludePad, c.pool.CeilMode, c.bias, c.relu, c.channel, max(c.dstC, c.in.C), c.special)
}

func shape(n, c, h, w int) tensor.Shape { return tensor.Shape{N: n, C: c, H: h, W: w} }
