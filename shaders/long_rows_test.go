package shaders_test

import (
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/shaders"
)

// longRows are windows whose rows conv_tiled takes in chunks, as they are long or their taps far apart: with strides, dilations, padding that covers whole chunks, and
// rows of input shorter than a chunk.
var longRows = []convCase{
	{in: shape(2, 13, 3, 29), conv: graph.Conv2D{Kernel: graph.Pair{H: 1, W: 12}, Pad: graph.Padding{Left: 5, Right: 6}}, segs: []seg{{out: 13, relu: true}}},
	{in: shape(1, 8, 7, 41), conv: graph.Conv2D{Kernel: graph.Pair{H: 3, W: 39}, Pad: graph.Padding{Top: 1, Left: 19, Bottom: 1, Right: 19}}, segs: []seg{{out: 8}}},
	{in: shape(1, 5, 2, 7), conv: graph.Conv2D{Kernel: graph.Pair{H: 2, W: 40}, Pad: graph.Padding{Left: 38, Right: 2}}, segs: []seg{{out: 9, dstC: 12, channel: 3}}, special: inf},
	{in: shape(2, 3, 4, 67), conv: graph.Conv2D{Kernel: graph.Pair{H: 2, W: 10}, Stride: graph.Pair{H: 1, W: 2}, Dilation: graph.Pair{H: 1, W: 3}, Pad: graph.Padding{Left: 9}}, segs: []seg{{out: 16}}},
	{in: shape(1, 33, 1, 150), conv: graph.Conv2D{Kernel: graph.Pair{H: 1, W: 64}}, segs: []seg{{out: 20, relu: true}}, special: nan},
	{in: shape(1, 1, 1, 600), conv: graph.Conv2D{Kernel: graph.Pair{H: 1, W: 256}, Stride: graph.Pair{H: 1, W: 4}, Pad: graph.Padding{Left: 128, Right: 128}}, segs: []seg{{out: 5}}},
	{in: shape(1, 6, 3, 50), conv: graph.Conv2D{Kernel: graph.Pair{H: 1, W: 11}, Pad: graph.Padding{Left: 5, Right: 5}}, segs: []seg{{out: 7}}}, // no chunk: a prime
	{in: shape(1, 14, 5, 33), conv: graph.Conv2D{Kernel: graph.Pair{H: 2, W: 15}, Pad: graph.Padding{Top: 1, Left: 7, Right: 7}}, segs: []seg{{out: 13, dstC: 28, channel: 12}}, residual: true},
	{in: shape(2, 7, 9, 31), conv: graph.Conv2D{Kernel: graph.Square(3), Dilation: graph.Pair{H: 5, W: 11}, Pad: graph.Padding{Top: 5, Left: 11, Bottom: 5, Right: 11}}, segs: []seg{{out: 14}}, special: inf},
	{in: shape(1, 9, 6, 80), conv: graph.Conv2D{Kernel: graph.Pair{H: 2, W: 4}, Stride: graph.Pair{H: 1, W: 3}, Dilation: graph.Pair{H: 1, W: 23}, Pad: graph.Padding{Left: 30, Right: 12}}, segs: []seg{{out: 12, relu: true}}},
}

// TestLongRows: chunks of every length that divides the row, whole sums and split ones, and what the rules pick.
func TestLongRows(t *testing.T) {
	chunked, turn := 0, 0
	tableOn(t, newLabs(t), longRows, func(c convCase, p *problem) []shaders.Key {
		v := c.conv.Norm()
		var keys []shaders.Key
		for i, taps := range []int{2, 3, 4, 5, 8} {
			if v.Kernel.W%taps != 0 || v.Kernel.W == taps {
				continue
			}
			k := shaders.Key{Kernel: shaders.ConvTiled, TileX: 3 + i%3, TileG: 1 + i%2, LocalX: 8, KernelW: taps, StrideW: v.Stride.W, DilationW: v.Dilation.W}
			split, high := k, k
			split.Splits = 3
			high.LocalX, high.LocalY, high.Splits, high.Totals = 16, 4, 2, shaders.TotalsScratch
			for _, way := range everyLoad(k, split, high) { // each way to read and to store comes up: compiling takes long
				if turn++; turn%5 == 0 {
					keys = append(keys, way)
				}
			}
			chunked++
		}
		for _, target := range targets[:2] {
			picked, err := shaders.Candidates([]*shaders.Kernel{shaders.ConvTiled}, &p.params, target)
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, picked[:1]...)
		}
		return keys
	})
	if chunked < 2*10 {
		t.Errorf("%d rows were taken in chunks, in two contexts", chunked)
	}
}

// TestChunks: a key knows whether its taps are all of a row, and only parts that leave none over serve it.
func TestChunks(t *testing.T) {
	g := newGen()
	p, err := g.convProblem(longRows[0], false)
	if err != nil {
		t.Fatal(err)
	}
	key := func(taps int, chunks bool) shaders.Key {
		k := shaders.Key{Kernel: shaders.ConvTiled, TileX: 4, TileG: 1, LocalX: 8, KernelW: taps, StrideW: 1, DilationW: 1}.For(&p.params)
		k.Chunks = chunks
		return k
	}
	target := shaders.Target{MaxIterations: 65535, Software: true}
	for _, c := range []struct {
		key shaders.Key
		ok  bool
	}{
		{key(12, false), true}, {key(4, true), true}, {key(6, true), true}, {key(1, true), true},
		{key(12, true), false}, {key(4, false), false}, {key(5, true), false}, {key(24, false), false},
	} {
		if err := c.key.Check(&p.params, target); (err == nil) != c.ok {
			t.Errorf("%v for 12 taps: %v", c.key, err)
		}
	}
}
