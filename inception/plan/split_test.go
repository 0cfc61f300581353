package plan

import (
	"context"
	"slices"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// TestSplitWeights splits a convolution of 10 outputs into ranges of 4, 4 and 2 that together are the whole.
func TestSplitWeights(t *testing.T) {
	g, x := graph.New("wide", 6)
	x = g.Add("conv", graph.Conv2D{In: 6, Out: 10, Kernel: graph.Square(3), Pad: graph.Pad(1), Weight: "w", Bias: "b"}, x)
	g.Outputs = []graph.Value{g.Add("relu", graph.ReLU{}, x)}
	for _, p := range g.Params() {
		n := 1
		for _, d := range p.Dims {
			n *= d
		}
		data := make([]float32, n)
		for i := range data {
			data[i] = float32(i) // so that none is like another
		}
		g.Weights[p.Name] = tensor.Array{Dims: p.Dims, Data: data}
	}
	d, err := newDraft(g, tensor.Shape{N: 2, C: 6, H: 5, W: 5})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.rewrite(context.Background(), AllRewrites); err != nil {
		t.Fatal(err)
	}
	if len(d.units) != 1 {
		t.Fatalf("%d units before the split, want 1", len(d.units))
	}
	weight, bias, err := d.units[0].weights.Values(g)
	if err != nil {
		t.Fatal(err)
	}
	d.splitWeights(300) // floats: one group of 4 outputs takes 2·9·16 = 288
	channel := 0
	for i, u := range d.units {
		want := []int{4, 4, 2}[i]
		c := u.op.(graph.Conv2D)
		if u.out.channel != channel || u.shape.C != want || c.Out != want || u.act != (graph.ReLU{}) {
			t.Errorf("unit %d writes %d channels (%d outputs) from %d with %v, want %d from %d with ReLU", i, u.shape.C, c.Out, u.out.channel, u.act, want, channel)
		}
		w, b, err := u.weights.Values(g)
		if err != nil || !slices.Equal(w, weight[channel*54:][:want*54]) || !slices.Equal(b, bias[channel:][:want]) {
			t.Errorf("unit %d has other weights than the whole has from channel %d on, %v", i, channel, err)
		}
		channel += want
	}
	if channel != 10 {
		t.Errorf("%d channels in all, want 10", channel)
	}
}
