package inception_test

import (
	"slices"
	"testing"

	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/tensor"
)

// TestArticleNumbers: the article's counts.
func TestArticleNumbers(t *testing.T) {
	g := inception.InceptionA(192)
	in := nettest.Shape(1, 192, 28, 28)
	if macs, err := g.MACs(in); err != nil || macs != 25_138_176 {
		t.Errorf("%d multiplications, %v; want 25,138,176", macs, err)
	}
	if macs, err := g.MACs(nettest.Shape(3, 192, 28, 28)); err != nil || macs != 3*25_138_176 {
		t.Errorf("batch 3: %d multiplications, %v; want 3 times as many", macs, err)
	}
	wantOutput(t, g, in, nettest.Shape(1, 88, 28, 28))
	want := []string{
		"branch1x1.weight", "branch1x1.bias",
		"branch5x5_1.weight", "branch5x5_1.bias", "branch5x5_2.weight", "branch5x5_2.bias",
		"branch3x3_1.weight", "branch3x3_1.bias", "branch3x3_2.weight", "branch3x3_2.bias", "branch3x3_3.weight", "branch3x3_3.bias",
		"branch_pool.weight", "branch_pool.bias",
	}
	var got []string
	for _, p := range g.Params() {
		got = append(got, p.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("parameters %q, want %q", got, want)
	}
}

func wantOutput(t *testing.T, g *graph.Graph, in, want tensor.Shape) {
	t.Helper()
	shapes, err := g.Shapes(in)
	if err != nil {
		t.Errorf("%s: %v", g.Name, err)
	} else if got := shapes[g.Outputs[0]]; got != want {
		t.Errorf("%s: output %v, want %v", g.Name, got, want)
	}
}

func TestModules(t *testing.T) {
	in := nettest.Shape(2, 192, 28, 28)
	wantOutput(t, inception.Module("3a", inception.GoogLeNetModule(192, 64, 96, 128, 16, 32, 32)), in, nettest.Shape(2, 256, 28, 28))
	wantOutput(t, inception.Module("only 1×1", inception.ModuleConfig{In: 192, B1x1: 5}), in, nettest.Shape(2, 5, 28, 28))
	wantOutput(t, inception.Module("only 5×5", inception.ModuleConfig{In: 192, B5x5Reduce: 16, B5x5: 32}), in, nettest.Shape(2, 32, 28, 28))
	wantOutput(t, inception.Module("only 3×3", inception.ModuleConfig{In: 192, B3x3Reduce: 16, B3x3: 7}), in, nettest.Shape(2, 7, 28, 28))
	wantOutput(t, inception.Module("only pool", inception.ModuleConfig{In: 192, PoolProj: 9}), in, nettest.Shape(2, 9, 28, 28))
	wantOutput(t, inception.PointwiseStack(192, 7, 16, 2), in, nettest.Shape(2, 2, 28, 28))

	// The article's bottleneck: 5×5, 192 → 32, directly and over 16 channels.
	g := inception.Module("bottleneck", inception.ModuleConfig{In: 192, B5x5Reduce: 16, B5x5: 32})
	if macs, err := g.MACs(nettest.Shape(1, 192, 28, 28)); err != nil || macs != 28*28*16*192+28*28*32*25*16 {
		t.Errorf("bottleneck: %d multiplications, %v; want 12,443,648 … ", macs, err)
	}
}

// TestModuleErrors: nonsense is found when shapes are inferred, not by a panic.
func TestModuleErrors(t *testing.T) {
	for _, g := range []*graph.Graph{
		inception.Module("no branches", inception.ModuleConfig{In: 3}),
		inception.Module("no reduction", inception.ModuleConfig{In: 3, B5x5: 4}),
		inception.Module("negative", inception.ModuleConfig{In: 3, B1x1: -4}),
		inception.PointwiseStack(),
		inception.PointwiseStack(3, 0, 2),
	} {
		inception.InitHe(g, 1)
		if _, err := g.Shapes(nettest.Shape(1, 3, 5, 5)); err == nil {
			t.Errorf("%s: no error", g.Name)
		}
	}
}
