package run_test

import (
	"testing"

	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/run"
)

// TestColumn: images of one column, which are convolved as ones of one row: strides, dilations, padding on one side, groups, a
// residual, and a window that pads the one column, which must not be turned.
func TestColumn(t *testing.T) {
	seed := nettest.Seed(t)
	const c = 8
	g, x := graph.New("column", c)
	conv := func(name string, x graph.Value, v graph.Conv2D) graph.Value {
		v.In, v.Out, v.Weight, v.Bias = c, c, name+".weight", name+".bias"
		return g.Add(name, v, x)
	}
	tall := func(h int) graph.Pair { return graph.Pair{H: h, W: 1} }
	a := conv("strided", x, graph.Conv2D{Kernel: tall(5), Stride: graph.Pair{H: 2, W: 3}, Pad: graph.Padding{Top: 1, Bottom: 4}})
	b := conv("dilated", a, graph.Conv2D{Kernel: tall(3), Dilation: graph.Pair{H: 3, W: 2}, Pad: graph.Padding{Top: 3, Bottom: 3}})
	b = g.Add("residual", graph.Binary{Type: graph.Add}, a, b)
	b = conv("depthwise", b, graph.Conv2D{Kernel: tall(3), Pad: graph.Padding{Top: 2}, Groups: c})
	b = conv("groups", b, graph.Conv2D{Kernel: tall(4), Pad: graph.Padding{Bottom: 3}, Groups: 2})
	b = conv("long", b, graph.Conv2D{Kernel: tall(20), Pad: graph.Padding{Top: 10, Bottom: 9}})
	b = conv("padded", b, graph.Conv2D{Kernel: graph.Square(3), Pad: graph.Pad(1)})
	g.Outputs = []graph.Value{conv("widened", b, graph.Conv2D{Kernel: tall(3), Pad: graph.Padding{Left: 1}})}
	inception.InitHe(g, seed)
	n := nettest.Of("column", g, nettest.Shape(2, c, 39, 1))
	image := inception.RandomInput(n.Input, seed)
	want := nettest.Reference(t, n, image)
	for _, o := range []run.Options{{}, {Kernels: run.KernelsPlain}, {Kernels: run.KernelsMeasured, NoCache: true}} {
		agree(t, n, image, want, o)
	}
}
