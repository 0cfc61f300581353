package cpuref_test

import (
	"context"
	"path/filepath"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

// articleModule is the article's module written out: generate.py's InceptionA.
func articleModule(cin int) *graph.Graph {
	g, x := graph.New("InceptionA", cin)
	conv := func(name string, in, out, k int, from graph.Value) graph.Value {
		c := g.Add(name, graph.Conv2D{In: in, Out: out, Kernel: graph.Square(k), Pad: graph.Pad(k / 2),
			Weight: name + ".weight", Bias: name + ".bias"}, from)
		return g.Add(name+".relu", graph.ReLU{}, c)
	}
	a := conv("branch1x1", cin, 16, 1, x)
	b := conv("branch5x5_2", 16, 24, 5, conv("branch5x5_1", cin, 16, 1, x))
	c := conv("branch3x3_3", 24, 24, 3, conv("branch3x3_2", 16, 24, 3, conv("branch3x3_1", cin, 16, 1, x)))
	pool := g.Add("pool", graph.Pool2D{Kernel: graph.Square(3), Pad: graph.Pad(1), CountIncludePad: true}, x)
	d := conv("branch_pool", cin, 24, 1, pool)
	g.Outputs = []graph.Value{g.Add("cat", graph.Concat{}, a, b, c, d)}
	return g
}

// TestGolden compares with PyTorch's answers in double precision.
func TestGolden(t *testing.T) {
	for _, c := range []struct {
		name string
		in   tensor.Shape
	}{
		{"inception_a_1x192x28x28", tensor.Shape{N: 1, C: 192, H: 28, W: 28}},
		{"inception_a_2x5x13x7", tensor.Shape{N: 2, C: 5, H: 13, W: 7}},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join("..", "inception", "testdata", "golden", c.name)
			m, err := weights.LoadSafetensors(file + ".safetensors")
			if err != nil {
				t.Fatal(err)
			}
			in, err := weights.ReadNpy(file + "_in.npy")
			if err != nil {
				t.Fatal(err)
			}
			_, want, err := weights.ReadNpy64(file + "_out64.npy")
			if err != nil {
				t.Fatal(err)
			}
			x, err := tensor.FromData(c.in, in.Data)
			if err != nil {
				t.Fatal(err)
			}
			g := articleModule(c.in.C)
			if err := weights.Apply(g, m); err != nil {
				t.Fatal(err)
			}
			if unused := weights.Unused(g, m); unused != nil {
				t.Errorf("unused weights: %q", unused)
			}
			y, err := cpuref.Run(context.Background(), g, x)
			if err != nil {
				t.Fatal(err)
			}
			e, err := cpuref.RelL2(y.Data, want)
			if err != nil || !(e <= 1e-7) { // one rounding to float32 is about 3e-8
				t.Fatalf("relative L2 error %.3g, %v", e, err)
			}
			t.Logf("relative L2 error %.3g", e)
		})
	}
}
