package inception

import (
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// TestSplitWeights splits a convolution of 10 outputs into ranges of 4, 4 and 2 that together are the whole.
func TestSplitWeights(t *testing.T) {
	g, x := graph.New("wide", 6)
	x = g.Add("conv", graph.Conv2D{In: 6, Out: 10, Kernel: graph.Square(3), Pad: graph.Pad(1), Weight: "w", Bias: "b"}, x)
	g.Outputs = []graph.Value{g.Add("relu", graph.ReLU{}, x)}
	InitHe(g, 1)
	p, err := lower(g, tensor.Shape{N: 2, C: 6, H: 5, W: 5})
	if err != nil {
		t.Fatal(err)
	}
	p.rewrite(AllRewrites)
	if len(p.units) != 1 {
		t.Fatalf("%d units before the split, want 1", len(p.units))
	}
	whole := *p.units[0]
	p.splitWeights(300) // floats: one group of 4 outputs takes 2·9·16 = 288
	channel := 0
	for i, u := range p.units {
		want := []int{4, 4, 2}[i]
		c := u.op.(graph.Conv2D)
		if u.out.channel != channel || u.shape.C != want || c.Out != want || u.act != (graph.ReLU{}) {
			t.Errorf("unit %d writes %d channels (%d outputs) from %d with %v, want %d from %d with ReLU", i, u.shape.C, c.Out, u.out.channel, u.act, want, channel)
		}
		for k, v := range u.weight {
			if v != whole.weight[channel*54+k] {
				t.Fatalf("unit %d: weight %d differs", i, k)
			}
		}
		for k, v := range u.bias {
			if v != whole.bias[channel+k] {
				t.Fatalf("unit %d: bias %d differs", i, k)
			}
		}
		channel += want
	}
	if channel != 10 {
		t.Errorf("%d channels in all, want 10", channel)
	}
}
