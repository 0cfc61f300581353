package plan_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// interpret runs a plan on the CPU as its steps describe it: one arena addressed as the shaders address it, poisoned with
// NaN, the steps of each wave in an order of chance. It returns all outputs. So a rewrite that changes the answer, a
// tensor in the wrong place and a barrier too few show without a GPU, where random order makes the last two visible.
//
// A step with scratch runs in two goes, as on the GPU: first it reads its input and writes its scratch, then, after a barrier
// for the whole wave, it reads that and writes its destination. What stands in the scratch is not what the kernels put there:
// it only must still be there.
func interpret(p *plan.Plan, x *tensor.Tensor, rng *rand.Rand) ([]*tensor.Tensor, error) {
	arena := make([]float32, 4*p.ArenaTexels)
	for i := range arena {
		arena[i] = float32(math.NaN())
	}
	whole := func(t *plan.Placed) plan.View { return plan.View{Tensor: t, Channels: t.Shape.C} }
	store(arena, whole(p.Input.Placed), &tensor.Tensor{Shape: p.Input.Placed.Shape, Data: x.Data})
	for _, f := range p.Fixed {
		store(arena, whole(f.Tensor), &tensor.Tensor{Shape: f.Tensor.Shape, Data: f.Data(p.Graph)})
	}
	for _, w := range p.Waves {
		first := map[*plan.Step][]*tensor.Tensor{} // of the steps with scratch
		for _, i := range rng.Perm(len(w.Steps)) {
			s := w.Steps[i]
			outs, err := compute(p.Graph, s, arena)
			if err != nil {
				return nil, fmt.Errorf("step %s: %w", s.Name, err)
			}
			if s.Scratch != nil {
				first[s] = outs
				for k := range scratch(arena, s) {
					scratch(arena, s)[k] = float32(i)
				}
				continue
			}
			for k, part := range s.Parts {
				store(arena, part.Out, outs[k])
			}
		}
		for _, i := range rng.Perm(len(w.Steps)) {
			s := w.Steps[i]
			if s.Scratch == nil {
				continue
			}
			for _, got := range scratch(arena, s) {
				if got != float32(i) {
					return nil, fmt.Errorf("step %s: its scratch was written over with %v", s.Name, got)
				}
			}
			for k, part := range s.Parts {
				store(arena, part.Out, first[s][k])
			}
		}
	}
	var outs []*tensor.Tensor
	for _, o := range p.Outputs {
		outs = append(outs, &tensor.Tensor{Shape: o.Shape, Data: load(arena, whole(o.Placed)).Data})
	}
	return outs, nil
}

// scratch is what the step's dispatches hand on.
func scratch(arena []float32, s *plan.Step) []float32 {
	return arena[4*s.Scratch.Base:][:4*s.Scratch.Texels()]
}

// compute is what the step's parts should be.
func compute(g *graph.Graph, s *plan.Step, arena []float32) ([]*tensor.Tensor, error) {
	var in, outs []*tensor.Tensor
	for _, v := range s.Inputs() {
		in = append(in, load(arena, v))
	}
	for _, part := range s.Parts {
		weight, bias, err := part.Weights.Values(g)
		if err != nil {
			return nil, err
		}
		switch part.Op.(type) {
		case graph.Channels, graph.Move, graph.Resize:
			weight = nil // the indices and tables, which the operator has already
		}
		own := in
		if part.Adds {
			own = in[:1]
		}
		r, err := cpuref.Apply(part.Op, weight, bias, own...)
		if err == nil && part.Adds {
			r, err = r.Add(in[1])
		}
		if err == nil {
			r, err = r.Activate(part.Act)
		}
		if err != nil {
			return nil, fmt.Errorf("part %s: %w", part.Name, err)
		}
		outs = append(outs, r.Tensor())
	}
	return outs, nil
}

// element is the index in the arena of channel c of a tensor's image n, pixel i: the layout that Placed documents.
func element(t *plan.Placed, n, c, i int) int {
	plane := t.Shape.H * t.Shape.W
	return 4*(t.Base+(n*((t.Shape.C+3)/4)+c/4)*plane+i) + c%4
}

func load(arena []float32, v plan.View) *tensor.Tensor {
	t := tensor.New(v.Shape())
	each(v, func(at, i int) { t.Data[i] = arena[at] })
	return t
}

func store(arena []float32, v plan.View, t *tensor.Tensor) {
	each(v, func(at, i int) { arena[at] = t.Data[i] })
}

// each calls f for every element of a view: its place in the arena, and in an NCHW tensor of the view's shape.
func each(v plan.View, f func(at, i int)) {
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

// TestEveryRewriteKeepsTheAnswer runs every awkward network under every subset of the rewrites.
func TestEveryRewriteKeepsTheAnswer(t *testing.T) {
	s := nettest.Seed(t)
	rng := rand.New(rand.NewPCG(s, 1))
	for _, n := range nettest.Networks(s) {
		if n.Name == "article" { // its full size adds nothing here
			n.Graph, n.Input = inception.InceptionA(29), nettest.Shape(1, 29, 5, 6)
			inception.InitHe(n.Graph, s)
		}
		checkSubsets(t, n, rng)
	}
}

// TestRandomGraphs does the same for random graphs. NewPlan checks hazards; the interpreter would notice if it didn't.
func TestRandomGraphs(t *testing.T) {
	s := nettest.Seed(t)
	for i := range uint64(60) {
		rng := rand.New(rand.NewPCG(s, i))
		n := nettest.Random(rng)
		n.Name = fmt.Sprintf("random graph %d", i)
		checkSubsets(t, n, rng)
	}
}

// checkSubsets plans and interprets a network under every subset of those rewrites that change its plan.
func checkSubsets(t *testing.T, n nettest.Network, rng *rand.Rand) {
	t.Helper()
	x := inception.RandomInput(n.Input, rng.Uint64())
	values := nettest.Reference(t, n, x)
	macs, err := n.Graph.MACs(n.Input)
	if err != nil {
		t.Fatalf("%s: %v", n.Name, err)
	}
	all := applied(t, n)
	for off := all; ; off = (off - 1) & all {
		p := newPlan(t, n, plan.Options{Off: off, Plain: true, HostOrder: int(off) & 1}) // both ways with any other rewrite
		if err := p.CheckHazards(context.Background()); err != nil {
			t.Fatalf("%s, off %09b: %v", n.Name, off, err)
		}
		outs, err := interpret(p, x, rng)
		if err == nil {
			err = nettest.CheckAnswer(n.Graph, outs, values)
		}
		if err != nil {
			t.Fatalf("%s, off %09b: %v\nnodes %+v\noutputs %v\nplan %q", n.Name, off, err, n.Graph.Nodes, n.Graph.Outputs, layout(p))
		}
		// Dead nodes, folded scalings and swapped pools only ever save work.
		if sum := checkSteps(t, p); sum > macs {
			t.Fatalf("%s, off %09b: %d multiplications, the graph has %d", n.Name, off, sum, macs)
		}
		if off == 0 {
			break
		}
	}
}

// applied are the rewrites that make a difference to a network's plan: switched off alone, or on alone.
func applied(t *testing.T, n nettest.Network) plan.Rewrite {
	t.Helper()
	whole := func(off plan.Rewrite) string {
		p := newPlan(t, n, plan.Options{Off: off, Plain: true})
		var b strings.Builder
		for w, wave := range p.Waves {
			for _, s := range wave.Steps {
				fmt.Fprintf(&b, "%d %s %+v\n", w, s.Name, s.Params())
			}
		}
		for _, t := range p.Tensors {
			fmt.Fprintf(&b, "%s %d\n", t.Name, t.Base)
		}
		return b.String()
	}
	on, off := whole(0), whole(plan.AllRewrites)
	var all plan.Rewrite
	for r := plan.Rewrite(1); r <= plan.AllRewrites; r <<= 1 {
		if on != whole(r) || off != whole(plan.AllRewrites&^r) {
			all |= r
		}
	}
	return all
}

// checkSteps checks that what the shaders get, the parameters, says what the steps say, and sums the multiplications.
func checkSteps(t *testing.T, p *plan.Plan) int64 {
	t.Helper()
	var sum int64
	for _, s := range p.Steps() {
		in, q := s.In.Tensor, s.Params()
		read := nettest.Shape(int(q.N), int(q.C), int(q.H), int(q.W))
		if q.SrcBase != 0 || q.Src2Base != 0 || q.WeightBase != 0 || read != in.Shape || int(q.Segments) != len(s.Parts) {
			t.Errorf("plan %s: step %s reads %v, whole, in %d parts, its parameters say %+v", p.Graph.Name, s.Name, in.Shape, len(s.Parts), q)
		}
		if err := s.Key.Check(&q, shaders.Target{}); err != nil {
			t.Errorf("plan %s: step %s: %v", p.Graph.Name, s.Name, err)
		}
		first, end := s.OutTexels()
		for i, part := range s.Parts {
			g, out := q.Seg[i], part.Out.Tensor
			if first+int(g.DstBase) != out.Base || int(g.DstC) != out.Shape.C || int(g.DstChannel) != part.Out.Channel || int(g.Channels) != part.Out.Channels {
				t.Errorf("plan %s: step %s: part %s writes %v at %d, its segment says %+v from %d on", p.Graph.Name, s.Name, part.Name, part.Out, out.Base, g, first)
			}
			if out.Base < first || out.Base+out.Texels() > end {
				t.Errorf("plan %s: step %s: part %s writes %v outside texels %d…%d", p.Graph.Name, s.Name, part.Name, part.Out, first, end)
			}
		}
		sum += s.MACs
	}
	return sum
}
