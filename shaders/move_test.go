package shaders_test

import (
	"context"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// moveCases are known movements and random ones.
func moveCases() []opCase {
	all := func(of ...int) (axes []graph.Axis) {
		for _, i := range of {
			axes = append(axes, graph.Axis{Of: i})
		}
		return axes
	}
	var cases []opCase
	add := func(s tensor.Shape, m graph.Move, dstC, channel int, act graph.Op, special float32) {
		cases = append(cases, opCase{kernel: shaders.Move, op: m, in: []tensor.Shape{s}, dstC: dstC, channel: channel, act: act, special: special})
	}
	s := shape(2, 12, 5, 7)
	add(s, graph.Move{To: [4][]graph.Axis{all(0), all(2), all(3), all(1)}}, 0, 0, nil, nan)
	add(s, graph.Move{To: [4][]graph.Axis{all(1), all(0), all(2), all(3)}}, 9, 5, nil, inf)
	add(s, graph.Move{To: [4][]graph.Axis{all(0), all(1), {{Of: 2, Start: 1, Step: 2}}, {{Of: 3, Start: 6, Step: -3, Count: 3}}}}, 0, 0, graph.ReLU{}, nan) // whole texels
	add(s, graph.Move{To: [4][]graph.Axis{all(0), {{Of: 1, Start: 4, Count: 6}}, all(2), all(3)}}, 13, 4, nil, nan)                                         // whole texels, cut
	add(s, graph.Move{From: [4][]int{{}, {3, 4}}, To: [4][]graph.Axis{all(0), all(1, 2), all(4), all(3)}}, 0, 0, nil, -inf)                                 // whole texels of two axes
	add(s, graph.Move{From: [4][]int{{}, {4, 3}}, To: [4][]graph.Axis{all(0), all(2, 1), all(3), all(4)}}, 0, 0, nil, nan)
	add(s, graph.Move{From: [4][]int{{}, {3, 4}}, To: [4][]graph.Axis{all(0, 1), append(all(2), graph.Axis{Of: graph.Repeat, Count: 3}), all(3), all(4)}}, 0, 0, nil, nan)
	add(s, graph.Move{Value: -inf, To: [4][]graph.Axis{all(0), all(1), {{Of: 2, Index: []int{4, -1, 0, 0, 3, -1}}}, all(3)}}, 0, 0, nil, nan)
	add(s, graph.Move{Value: 2, To: [4][]graph.Axis{all(0), {{Of: 1, Index: []int{-1, 11, 0, -1, 5}}}, all(2), all(3)}}, 6, 1, nil, nan)
	g := newGen()
	for range 15 {
		s := shape(1+g.IntN(3), 1+g.IntN(13), 1+g.IntN(6), 1+g.IntN(6))
		add(s, g.move(s), 0, 0, nil, nan)
	}
	return cases
}

// move is any Move that an input of the shape allows: N, C, H and W split, their parts shuffled, cut, reversed, picked and
// repeated.
func (g *gen) move(in tensor.Shape) graph.Move {
	m := graph.Move{Value: -0.5}
	var axes []graph.Axis
	for k, extent := range [4]int{in.N, in.C, in.H, in.W} {
		d := 1 + g.IntN(extent)
		for extent%d != 0 {
			d--
		}
		m.From[k] = [][]int{{d, extent / d}, {0, extent / d}, {extent}, nil}[g.IntN(4)]
		if len(m.From[k]) == 2 {
			axes = append(axes, graph.Axis{Of: len(axes), Count: d}, graph.Axis{Of: len(axes) + 1, Count: extent / d})
		} else {
			axes = append(axes, graph.Axis{Of: len(axes), Count: extent})
		}
	}
	for i := range axes {
		a := &axes[i]
		n := a.Count
		switch a.Count = 0; g.IntN(6) {
		case 0:
			a.Start = g.IntN(n)
			a.Step = 1 + g.IntN(n)
		case 1:
			a.Start, a.Step, a.Count = n-1, -1, 1+g.IntN(n)
		case 2:
			for range 1 + g.IntN(n+2) {
				a.Index = append(a.Index, g.IntN(n+1)-1)
			}
		case 3:
			a.Count = -g.IntN(n)
		}
	}
	axes = append(axes, graph.Axis{Of: graph.Repeat, Count: 1 + g.IntN(3)})
	if g.IntN(3) > 0 { // else only what is repeated moves
		g.Shuffle(len(axes), func(i, k int) { axes[i], axes[k] = axes[k], axes[i] })
	}
	for i, a := range axes {
		k := g.IntN(4)
		if len(axes) == 5 {
			k = min(i, 3)
		}
		m.To[k] = append(m.To[k], a)
	}
	return m
}

// planned fills in what a plan tells the kernel of an operator with one input, and its weights.
func planned(p *problem, op graph.Op, in tensor.Shape, weights map[string][]float32) error {
	g, x := graph.New("planned", in.C)
	for name, w := range weights {
		g.Weights[name] = tensor.Array{Dims: []int{len(w)}, Data: w}
	}
	g.Outputs = []graph.Value{g.Add("step", op, x)}
	made, err := plan.New(context.Background(), g, in, plan.Options{})
	if err != nil {
		return err
	}
	step := made.Steps()[0]
	own := p.params
	p.params = step.Params()
	p.params.Seg[0] = own.Seg[0]
	packed := make([]float32, step.WeightsLen(shaders.ChannelTexels))
	err = step.PackWeights(g, shaders.ChannelTexels, new(plan.Packing), func(at int, piece []float32) error {
		copy(packed[at:], piece)
		return nil
	})
	if err != nil {
		return err
	}
	if p.params.BiasBase >= 0 {
		p.params.BiasBase++ // behind a guard
	}
	p.weights = append(p.weights, packed...)
	p.params.WeightBase = 1
	return nil
}

// TestMoveWhole: what keeps texels whole moves them as a whole.
func TestMoveWhole(t *testing.T) {
	g, ran := newGen(), [2]int{}
	for _, c := range moveCases() {
		p, err := g.opProblem(c)
		if err != nil {
			t.Fatal(err)
		}
		ran[p.params.Mode]++
	}
	if ran[1] < 4 || ran[0] < 15 {
		t.Errorf("%d cases move texels, %d single channels", ran[1], ran[0])
	}
	keep := graph.Axis{Of: 1}
	for _, c := range []struct {
		channels []graph.Axis
		want     int32
	}{
		{[]graph.Axis{keep}, 1},
		{[]graph.Axis{{Of: 1, Start: 8}}, 1},
		{[]graph.Axis{{Of: 1, Count: 5}}, 1},
		{[]graph.Axis{{Of: 1, Start: 2}}, 0},
		{[]graph.Axis{{Of: 1, Step: 2}}, 0},
		{[]graph.Axis{{Of: 1, Index: []int{0, 1, 2, 3}}}, 0},
		{[]graph.Axis{{Of: graph.Repeat, Count: 2}, keep}, 1},
		{[]graph.Axis{keep, {Of: graph.Repeat, Count: 2}}, 0},
	} {
		p, err := g.opProblem(opCase{kernel: shaders.Move, in: []tensor.Shape{shape(1, 12, 2, 3)},
			op: graph.Move{To: [4][]graph.Axis{{{Of: 0}}, c.channels, {{Of: 2}}, {{Of: 3}}}}})
		if err != nil {
			t.Fatal(err)
		}
		if p.params.Mode != c.want {
			t.Errorf("channels %+v: mode %d, want %d", c.channels, p.params.Mode, c.want)
		}
	}
}

// TestMoveWide: a long row that is made of short axes has quotients of 2^20 and more.
func TestMoveWide(t *testing.T) {
	t.Parallel()
	l, g := newLab(t), newGen()
	of := func(axes ...int) (list []graph.Axis) {
		for _, i := range axes {
			list = append(list, graph.Axis{Of: i})
		}
		return list
	}
	m := graph.Move{From: [4][]int{{}, {}, {}, {2, 0}}, To: [4][]graph.Axis{of(0), of(1), of(2), of(4, 3)}}
	p, err := g.opProblem(opCase{kernel: shaders.Move, op: m, in: []tensor.Shape{shape(1, 1, 1, 1<<21+2)}})
	if err != nil {
		t.Fatal(err)
	}
	k := shaders.Key{Kernel: shaders.Move, Load: shaders.LoadImage, Aligned: true}
	if !k.For(&p.params).Wide {
		t.Errorf("%v: not wide for a row of %d", k, p.params.OutW)
	}
	if err := l.check(k, p); err != nil {
		t.Error(err)
	}
}
