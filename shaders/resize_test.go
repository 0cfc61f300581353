package shaders_test

import (
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// TestResize: every interpolation, enlarging and shrinking, along one axis and both, of odd channels and maps of one pixel.
func TestResize(t *testing.T) {
	scale := func(h, w float32) graph.Resize {
		return graph.Resize{H: graph.Extent{Scale: h}, W: graph.Extent{Scale: w}, CubicA: -0.75}
	}
	size := func(h, w int) graph.Resize {
		return graph.Resize{H: graph.Extent{Size: h}, W: graph.Extent{Size: w}, CubicA: -0.5}
	}
	with := func(r graph.Resize, change func(*graph.Resize)) graph.Resize {
		change(&r)
		return r
	}
	linear := func(r *graph.Resize) { r.Mode = graph.Linear }
	cubic := func(r *graph.Resize) { r.Mode, r.ExcludeOutside = graph.Cubic, true }
	wide := func(r *graph.Resize) { r.Mode, r.Antialias = graph.Cubic, true }
	crop := func(r *graph.Resize) {
		r.Mode, r.Coordinates, r.Extrapolation = graph.Linear, graph.CropAndResize, 7
		r.H.Start, r.H.End, r.W.Start, r.W.End = -0.5, 0.75, 0.25, 1.5
	}
	var cases []opCase
	for _, s := range []tensor.Shape{shape(1, 1, 1, 1), shape(2, 13, 7, 9), shape(3, 6, 5, 1), shape(1, 33, 17, 19)} {
		add := func(r graph.Resize, act graph.Op, extra, channel int, special float32) {
			c := opCase{kernel: shaders.Resize, op: r, in: []tensor.Shape{s}, act: act, channel: channel, special: special}
			if extra > 0 {
				c.dstC = s.C + extra
			}
			cases = append(cases, c)
		}
		add(scale(2, 2), nil, 0, 0, nan)
		add(size(3, 20), graph.ReLU{}, 9, 3, -inf)
		add(with(scale(2, 2), linear), nil, 0, 0, 0)
		add(with(scale(2, 2), linear), nil, 5, 2, nan)
		add(with(size(4, 3), linear), graph.ReLU{}, 8, 4, inf)
		add(with(scale(2.5, 0), cubic), nil, 0, 0, 0)
		add(with(size(5, 31), cubic), nil, 0, 0, nan)
		add(with(size(2, 3), wide), nil, 0, 0, 0)
		add(with(size(6, 11), crop), nil, 0, 0, inf)
	}
	for _, l := range newLabs(t) {
		g := newGen()
		ran := 0
		for _, c := range cases {
			p, err := g.opProblem(c)
			if err != nil {
				t.Fatal(err)
			}
			ran += l.sweep(t, p, everyLoad(shaders.Key{Kernel: c.kernel}))
		}
		if ran == 0 {
			t.Error("nothing ran")
		}
	}
}
