package shaders_test

import (
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// TestConvTranspose: strides with and without overlap and with gaps, dilations, cropped and added borders, groups that don't start on a
// texel, maps of one pixel; of the tiled kernel whatever may be chosen on any target, with phases that have more taps than others, or none.
func TestConvTranspose(t *testing.T) {
	type layer = graph.ConvTranspose2D
	all := []*shaders.Kernel{shaders.ConvTranspose, shaders.ConvTransposeGrouped, shaders.ConvTransposeTiled}
	grouped := all[1:2]
	depthwise := []*shaders.Kernel{shaders.ConvTransposeDepthwise, shaders.ConvTransposeGrouped}
	var cases []opCase
	add := func(in tensor.Shape, c layer, act graph.Op, extra, channel int, special float32) {
		c.In = in.C
		kernels := all
		if d := c.Norm().Dilation; c.Groups > 1 && c.Groups == c.In && c.Out == c.In {
			kernels = depthwise
		} else if c.Groups > 1 {
			kernels = grouped
		} else if d != graph.Square(1) {
			kernels = all[:2]
		}
		for _, k := range kernels {
			o := opCase{kernel: k, op: c, in: []tensor.Shape{in}, act: act, channel: channel, special: special}
			if extra > 0 {
				o.dstC = c.Out + extra
			}
			cases = append(cases, o)
		}
	}
	add(shape(1, 1, 1, 1), layer{Out: 1, Kernel: graph.Square(1)}, nil, 0, 0, 0)
	add(shape(2, 3, 1, 1), layer{Out: 5, Kernel: graph.Square(3), Stride: graph.Square(4), Bias: "b", Extra: graph.Pair{H: 2, W: 1}}, nil, 0, 0, nan)
	add(shape(2, 13, 7, 9), layer{Out: 6, Kernel: graph.Square(2), Stride: graph.Square(2), Bias: "b"}, graph.ReLU{}, 0, 0, 0)
	add(shape(1, 8, 5, 6), layer{Out: 7, Kernel: graph.Square(4), Stride: graph.Square(2), Pad: graph.Pad(1), Bias: "b"}, nil, 9, 3, inf)
	add(shape(3, 5, 4, 3), layer{Out: 9, Kernel: graph.Pair{H: 3, W: 5}, Stride: graph.Pair{H: 1, W: 3}, Dilation: graph.Pair{H: 2, W: 1},
		Pad: graph.Padding{Top: 2, Left: 1, Bottom: 0, Right: 3}, Extra: graph.Pair{W: 2}}, graph.Clip{Min: -0.5, Max: 0.75}, 4, 4, 0)
	add(shape(2, 33, 3, 4), layer{Out: 17, Kernel: graph.Square(3), Stride: graph.Square(2), Pad: graph.Pad(1), Extra: graph.Square(1), Bias: "b"}, nil, 0, 0, 0)
	add(shape(1, 6, 5, 7), layer{Out: 10, Kernel: graph.Square(3), Pad: graph.Pad(1), Bias: "b"}, graph.ReLU{}, 0, 0, nan)
	add(shape(2, 5, 6, 5), layer{Out: 5, Kernel: graph.Square(5), Stride: graph.Square(2), Pad: graph.Pad(2), Extra: graph.Square(1)}, nil, 3, 1, inf)
	add(shape(1, 9, 4, 21), layer{Out: 4, Kernel: graph.Pair{H: 2, W: 9}, Stride: graph.Pair{H: 3, W: 3}, Pad: graph.Padding{Left: 4, Right: 2}, Bias: "b"}, nil, 0, 0, 0)
	add(shape(1, 4, 3, 3), layer{Out: 6, Kernel: graph.Square(2), Stride: graph.Square(5), Bias: "b"}, nil, 0, 0, -inf)
	add(shape(3, 130, 2, 3), layer{Out: 11, Kernel: graph.Square(4), Stride: graph.Square(2), Pad: graph.Pad(1), Bias: "b"}, nil, 0, 0, 0)
	add(shape(2, 6, 5, 4), layer{Out: 9, Groups: 3, Kernel: graph.Square(3), Stride: graph.Square(2), Bias: "b"}, graph.ReLU{}, 0, 0, nan)
	add(shape(1, 7, 6, 5), layer{Out: 7, Groups: 7, Kernel: graph.Square(4), Stride: graph.Square(2), Pad: graph.Pad(1)}, nil, 6, 5, -inf)
	add(shape(2, 21, 4, 3), layer{Out: 21, Groups: 21, Kernel: graph.Square(16), Stride: graph.Square(8), Pad: graph.Pad(4), Bias: "b"}, graph.ReLU{}, 0, 0, inf)
	add(shape(1, 6, 5, 4), layer{Out: 6, Groups: 6, Kernel: graph.Pair{H: 3, W: 4}, Stride: graph.Pair{H: 3, W: 2}, Dilation: graph.Pair{H: 2, W: 3},
		Pad: graph.Padding{Top: 1, Left: 2, Right: 1}}, nil, 3, 1, nan)
	for _, l := range someLabs(t) {
		g := newGen()
		ran := 0
		for _, c := range cases {
			p, err := g.opProblem(c)
			if err != nil {
				t.Fatal(err)
			}
			keys := everyLoad(shaders.Key{Kernel: c.kernel})
			if c.kernel == shaders.ConvTransposeTiled {
				keys = candidatesOf(t, all[2:], p)
			}
			ran += l.sweep(t, p, keys)
		}
		if ran == 0 {
			t.Error("nothing ran")
		}
	}
}
