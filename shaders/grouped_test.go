package shaders_test

import (
	"slices"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

// k3s2 halves a map.
var k3s2 = graph.Conv2D{Kernel: graph.Square(3), Stride: graph.Square(2), Pad: graph.Pad(1)}

// depthwise is a convolution of c channels by themselves.
func depthwise(c int, v graph.Conv2D) graph.Conv2D {
	v.Groups = c
	return v
}

// depthwiseCases: a group for each channel, one output each.
var depthwiseCases = []convCase{
	{in: shape(1, 1, 1, 1), conv: k3, segs: []seg{{out: 1}}},
	{in: shape(1, 3, 7, 9), conv: depthwise(3, k3), segs: []seg{{out: 3}}},
	{in: shape(2, 13, 13, 7), conv: depthwise(13, k3), segs: []seg{{out: 13, dstC: 30, channel: 12, relu: true}}},
	{in: shape(3, 15, 1, 17), conv: depthwise(15, k3), segs: []seg{{out: 15, dstC: 37, channel: 3}}, noBias: true},
	{in: shape(2, 16, 5, 1), conv: depthwise(16, k3), segs: []seg{{out: 16, dstC: 88, channel: 64}}},
	{in: shape(1, 33, 17, 19), conv: depthwise(33, k3), segs: []seg{{out: 33, dstC: 35, channel: 1}}},
	{in: shape(1, 32, 28, 28), conv: depthwise(32, k3), segs: []seg{{out: 32, relu: true}}},
	{in: shape(2, 16, 14, 14), conv: depthwise(16, k3s2), segs: []seg{{out: 16}}},
	{in: shape(2, 15, 7, 7), conv: depthwise(15, k5), segs: []seg{{out: 15}}},
	{in: shape(1, 33, 15, 15), conv: depthwise(33, graph.Conv2D{Kernel: graph.Square(5), Stride: graph.Square(2), Pad: graph.Padding{Top: 1, Left: 1, Bottom: 2, Right: 2}}), segs: []seg{{out: 33}}},
	{in: shape(1, 13, 17, 19), conv: depthwise(13, graph.Conv2D{Kernel: graph.Square(3), Dilation: graph.Square(2), Pad: graph.Pad(2)}), segs: []seg{{out: 13}}},
	{in: shape(1, 3, 13, 8), conv: depthwise(3, graph.Conv2D{Kernel: graph.Pair{H: 5, W: 3}, Stride: graph.Pair{H: 2, W: 1}, Dilation: graph.Pair{H: 2, W: 1}, Pad: graph.Padding{Top: 1, Left: 2, Bottom: 3}}), segs: []seg{{out: 3}}},
	{in: shape(1, 13, 7, 9), conv: depthwise(13, graph.Conv2D{Kernel: graph.Square(3), Pad: graph.Padding{Top: 2, Right: 1}}), segs: []seg{{out: 13}}},
	{in: shape(1, 3, 40, 40), conv: depthwise(3, graph.Conv2D{Kernel: graph.Square(3), Dilation: graph.Square(33), Pad: graph.Pad(33)}), segs: []seg{{out: 3}}}, // no row window holds it
	{in: shape(1, 16, 7, 9), conv: depthwise(16, k1), segs: []seg{{out: 16}}},
	{in: shape(2, 16, 7, 7), conv: depthwise(16, graph.Conv2D{Kernel: graph.Square(7)}), segs: []seg{{out: 16}}},
	{in: shape(1, 15, 13, 7), conv: depthwise(15, k3), segs: []seg{{out: 15}}, special: inf},
	{in: shape(1, 15, 13, 7), conv: depthwise(15, k3), segs: []seg{{out: 15, dstC: 16, channel: 1}}, special: inf},
	{in: shape(1, 15, 13, 7), conv: depthwise(15, k3), segs: []seg{{out: 15, relu: true}}, special: nan},
	{in: shape(2, 16, 7, 9), conv: depthwise(16, k5), segs: []seg{{out: 16}}, special: nan},
}

func depthwiseKeys(c convCase) []shaders.Key {
	v := c.conv.Norm()
	tiled := func(x, y, local int) shaders.Key {
		return shaders.Key{Kernel: shaders.DepthwiseTiled, TileX: x, TileY: y, TileG: 1, LocalX: local, KernelW: v.Kernel.W, StrideW: v.Stride.W, DilationW: v.Dilation.W}
	}
	keys := []shaders.Key{{Kernel: shaders.Depthwise}, tiled(5, 1, 8), tiled(1, 1, 64)}
	if v.Kernel.W == v.Kernel.H && v.Stride.W == v.Stride.H && v.Dilation == graph.Square(1) {
		keys = append(keys, tiled(4, 4, 64), tiled(3, 2, 8), tiled(2, 7, 32))
	}
	keys = slices.DeleteFunc(keys, func(k shaders.Key) bool { return k.Validate() != nil })
	return everyLoad(keys...)
}

func TestDepthwise(t *testing.T) {
	table(t, depthwiseCases, func(c convCase, _ *problem) []shaders.Key { return depthwiseKeys(c) })
}

// groupKernels are all that serve convolutions, the special ones first.
var groupKernels = append([]*shaders.Kernel{shaders.DepthwiseTiled, shaders.Depthwise}, convKernels...)

// TestGroupedCandidates runs whatever may be chosen for every case with groups.
func TestGroupedCandidates(t *testing.T) {
	table(t, depthwiseCases, func(_ convCase, p *problem) []shaders.Key { return candidatesOf(t, groupKernels, p) })
}
