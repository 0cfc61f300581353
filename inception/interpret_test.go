package inception_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// interpret runs a plan on the CPU as its steps describe it: one arena addressed as the shaders address it, poisoned with
// NaN, the steps of each wave in an order of chance. It returns all outputs. So a rewrite that changes the answer, a
// tensor in the wrong place and a barrier too few show without a GPU, where random order makes the last two visible.
func interpret(p *inception.Plan, x *tensor.Tensor, rng *rand.Rand) ([]*tensor.Tensor, error) {
	arena := make([]float32, 4*p.ArenaTexels)
	for i := range arena {
		arena[i] = float32(math.NaN())
	}
	store(arena, inception.View{Tensor: p.Input, Channels: p.Input.Shape.C}, x)
	for _, w := range p.Waves {
		for _, i := range rng.Perm(len(w.Steps)) {
			s := w.Steps[i]
			in := load(arena, s.In)
			for _, part := range s.Parts {
				r, err := compute(part, in)
				if err != nil {
					return nil, fmt.Errorf("step %s: %w", s.Name, err)
				}
				if part.Act == (graph.ReLU{}) {
					r.ReLU()
				}
				store(arena, part.Out, r.Tensor())
			}
		}
	}
	var outs []*tensor.Tensor
	for _, o := range p.Outputs {
		outs = append(outs, load(arena, inception.View{Tensor: o, Channels: o.Shape.C}))
	}
	return outs, nil
}

func compute(p inception.Part, in *tensor.Tensor) (*cpuref.Result, error) {
	switch op := p.Op.(type) {
	case graph.Conv2D:
		return cpuref.Conv2D(in, op, p.Weight, p.Bias)
	case graph.Pool2D:
		return cpuref.Pool2D(in, op, p.Bias)
	case graph.ReLU:
		return cpuref.ReLU(in), nil
	case graph.Concat:
		return cpuref.Concat([]*tensor.Tensor{in})
	}
	return nil, fmt.Errorf("operator %T", p.Op)
}

// element is the index in the arena of channel c of a tensor's image n, pixel i: the layout that Placed documents.
func element(t *inception.Placed, n, c, i int) int {
	plane := t.Shape.H * t.Shape.W
	return 4*(t.Base+(n*((t.Shape.C+3)/4)+c/4)*plane+i) + c%4
}

func load(arena []float32, v inception.View) *tensor.Tensor {
	t := tensor.New(v.Shape())
	each(v, func(at, i int) { t.Data[i] = arena[at] })
	return t
}

func store(arena []float32, v inception.View, t *tensor.Tensor) {
	each(v, func(at, i int) { arena[at] = t.Data[i] })
}

// each calls f for every element of a view: its place in the arena, and in an NCHW tensor of the view's shape.
func each(v inception.View, f func(at, i int)) {
	s := v.Shape()
	plane := s.H * s.W
	for n := range s.N {
		for c := range s.C {
			for i := range plane {
				f(element(v.Tensor, n, v.Channel+c, i), (n*s.C+c)*plane+i)
			}
		}
	}
}

// checkAnswer compares a plan's outputs with the graph's values. A plan that routes, places or rewrites something wrongly
// is off by far more than rounding, which stays well below 1e-5 of the network's largest value.
func checkAnswer(g *graph.Graph, got, values []*tensor.Tensor) error {
	if len(got) != len(g.Outputs) {
		return fmt.Errorf("%d outputs, want %d", len(got), len(g.Outputs))
	}
	for i, o := range g.Outputs {
		if err := closeTo(got[i], values[o], 1e-5*largest(values)); err != nil {
			return fmt.Errorf("output %d (%s): %w", i, g.Nodes[o].Name, err)
		}
	}
	return nil
}

// closeTo fails on another shape, and on any element that is not shown to be within the bound.
func closeTo(got, want *tensor.Tensor, bound float64) error {
	if got.Shape != want.Shape {
		return fmt.Errorf("shape %v, want %v", got.Shape, want.Shape)
	}
	for k, v := range got.Data {
		if d := math.Abs(float64(v) - float64(want.Data[k])); !(d <= bound) {
			return fmt.Errorf("element %d is %v, want %v (± %.2g)", k, v, want.Data[k], bound)
		}
	}
	return nil
}

// largest is the largest magnitude of any value.
func largest(values []*tensor.Tensor) float64 {
	m := 0.0
	for _, t := range values {
		for _, v := range t.Data {
			m = max(m, math.Abs(float64(v)))
		}
	}
	return m
}

// TestEveryRewriteKeepsTheAnswer runs every awkward network under every subset of the rewrites.
func TestEveryRewriteKeepsTheAnswer(t *testing.T) {
	s := seed(t)
	rng := rand.New(rand.NewPCG(s, 1))
	for _, n := range networks(s) {
		if n.name == "article" { // its full size adds nothing here
			n.graph, n.input = inception.InceptionA(29), shape(1, 29, 5, 6)
			inception.InitHe(n.graph, s)
		}
		checkSubsets(t, n, rng)
	}
}

// TestRandomGraphs does the same for random graphs. NewPlan checks hazards; the interpreter would notice if it didn't.
func TestRandomGraphs(t *testing.T) {
	s := seed(t)
	for i := range uint64(60) {
		rng := rand.New(rand.NewPCG(s, i))
		n := randomNetwork(rng)
		n.name = fmt.Sprintf("random graph %d", i)
		checkSubsets(t, n, rng)
	}
}

// checkSubsets plans and interprets a network under all 64 subsets of the rewrites.
func checkSubsets(t *testing.T, n network, rng *rand.Rand) {
	t.Helper()
	x := inception.RandomInput(n.input, rng.Uint64())
	values, err := cpuref.RunAll(context.Background(), n.graph, x)
	if err != nil {
		t.Fatalf("%s: %v", n.name, err)
	}
	macs, err := n.graph.MACs(n.input)
	if err != nil {
		t.Fatalf("%s: %v", n.name, err)
	}
	for off := inception.Rewrite(0); off <= inception.AllRewrites; off++ {
		p := newPlan(t, n, inception.Options{Off: off, Kernels: inception.KernelsPlain})
		if err := p.CheckHazards(); err != nil {
			t.Fatalf("%s, off %06b: %v", n.name, off, err)
		}
		outs, err := interpret(p, x, rng)
		if err == nil {
			err = checkAnswer(n.graph, outs, values)
		}
		if err != nil {
			t.Fatalf("%s, off %06b: %v\nnodes %+v\noutputs %v\nplan %q", n.name, off, err, n.graph.Nodes, n.graph.Outputs, layout(p))
		}
		// Dead nodes and swapped pools only ever save work.
		if sum := checkSteps(t, p); sum > macs {
			t.Fatalf("%s, off %06b: %d multiplications, the graph has %d", n.name, off, sum, macs)
		}
	}
}

// checkSteps checks that what the shaders get, the parameters, says what the steps say, and sums the multiplications.
func checkSteps(t *testing.T, p *inception.Plan) int64 {
	t.Helper()
	var sum int64
	for _, s := range p.Steps() {
		in, q := s.In.Tensor, &s.Params
		if int(q.SrcBase) != in.Base || shape(int(q.N), int(q.C), int(q.H), int(q.W)) != in.Shape || int(q.Segments) != len(s.Parts) {
			t.Errorf("plan %s: step %s reads %v at %d in %d parts, its parameters say %+v", p.Name, s.Name, in.Shape, in.Base, len(s.Parts), q)
		}
		if err := s.Key.Check(q); err != nil {
			t.Errorf("plan %s: step %s: %v", p.Name, s.Name, err)
		}
		for i, part := range s.Parts {
			g, out := q.Seg[i], part.Out.Tensor
			if int(g.DstBase) != out.Base || int(g.DstC) != out.Shape.C || int(g.DstChannel) != part.Out.Channel || int(g.Channels) != part.Out.Channels {
				t.Errorf("plan %s: step %s: part %s writes %v at %d, its segment says %+v", p.Name, s.Name, part.Name, part.Out, out.Base, g)
			}
		}
		sum += s.MACs
	}
	return sum
}
