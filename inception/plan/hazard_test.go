package plan_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"inceptiongl/inception"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/plan"
	"inceptiongl/shaders"
)

// TestCheckHazards breaks plans on purpose, one mistake each.
func TestCheckHazards(t *testing.T) {
	const together, early, twice, alive = "without a barrier", "is read before its channel", "which is written already", "alive at the same time"
	// step finds a step by the name of its first part.
	step := func(p *plan.Plan, name string) (wave, index int) {
		for w := range p.Waves {
			for i, s := range p.Waves[w].Steps {
				if s.Parts[0].Name == name {
					return w, i
				}
			}
		}
		panic("no step " + name)
	}
	get := func(p *plan.Plan, name string) *plan.Step {
		w, i := step(p, name)
		return p.Waves[w].Steps[i]
	}
	move := func(p *plan.Plan, name string, to int) {
		w, i := step(p, name)
		s := p.Waves[w].Steps[i]
		p.Waves[w].Steps = slices.Delete(p.Waves[w].Steps, i, i+1)
		p.Waves[to].Steps = append(p.Waves[to].Steps, s)
	}
	tensorOf := func(p *plan.Plan, name string) *plan.Placed { return get(p, name).Parts[0].Out.Tensor }

	for _, c := range []struct {
		name, network string
		off           plan.Rewrite
		breakIt       func(p *plan.Plan)
		want          string
	}{
		{"a step one wave early", "article", 0, func(p *plan.Plan) { move(p, "branch5x5_2", 0) }, together},
		{"a reader in its writer's wave", "article", 0, func(p *plan.Plan) {
			p.Waves[1].Steps = append(p.Waves[1].Steps, p.Waves[2].Steps...)
			p.Waves = p.Waves[:2]
		}, together},
		{"a reader before its writer", "pointwise stack", plan.ReuseMemory, func(p *plan.Plan) {
			slices.Reverse(p.Waves)
		}, early},
		{"a writer missing", "article", 0, func(p *plan.Plan) { p.Waves[2].Steps = nil }, early},
		{"a part missing", "article", 0, func(p *plan.Plan) { s := p.Waves[0].Steps[0]; s.Parts = s.Parts[1:] }, early},
		{"a channel missing", "article", 0, func(p *plan.Plan) { get(p, "branch3x3_3").Parts[0].Out.Channels-- }, early},
		{"an output that nothing writes", "article", 0, func(p *plan.Plan) {
			p.Outputs = append(p.Outputs, plan.Port{Placed: &plan.Placed{Name: "stray", Shape: nettest.Shape(1, 1, 1, 1)}})
		}, early},
		{"a step twice", "article", plan.ReuseMemory, func(p *plan.Plan) {
			p.Waves[2].Steps = append(p.Waves[2].Steps, p.Waves[0].Steps[0])
		}, twice},
		{"a channel twice", "odd module", 0, func(p *plan.Plan) { get(p, "branch5x5_2").Parts[0].Out.Channel-- }, twice},
		{"a write to the input", "concat of the input", 0, func(p *plan.Plan) { get(p, "a").Parts[0].Out = get(p, "a").In }, together},

		{"parts of a step in one place", "article", 0, func(p *plan.Plan) {
			parts := p.Waves[0].Steps[0].Parts
			parts[1].Out.Tensor.Base = parts[2].Out.Tensor.Base
		}, together},
		{"a step that writes over its input", "pointwise stack", 0, func(p *plan.Plan) { tensorOf(p, "conv1").Base = p.Input.Base }, together},
		{"a step that writes over its input's last texel", "pointwise stack", 0, func(p *plan.Plan) {
			p.Input.Base = p.ArenaTexels // beside nothing else
			tensorOf(p, "conv1").Base = p.Input.Base + p.Input.Texels() - 1
			p.ArenaTexels += 1000
		}, together},
		{"steps of a wave that overlap by a texel", "article", 0, func(p *plan.Plan) {
			tensorOf(p, "branch3x3_2").Base = p.Outputs[0].Base + p.Outputs[0].Texels() - 1
		}, together},
		{"memory reused while it waits for a later reader", "several outputs", 0, func(p *plan.Plan) {
			tensorOf(p, "b").Base = p.Input.Base // the input is an output too
		}, alive},
		{"memory reused while it waits for the last wave", "article", plan.ConcurrentWaves, func(p *plan.Plan) {
			tensorOf(p, "branch3x3_2").Base = p.Waves[0].Steps[0].Parts[3].Out.Tensor.Base // the pool's input
		}, alive},
		{"a tensor past the end", "article", 0, func(p *plan.Plan) { p.ArenaTexels-- }, "outside the arena"},
		{"a tensor before the start", "pointwise stack", 0, func(p *plan.Plan) { p.Outputs[0].Base = -p.Outputs[0].Texels() }, "outside the arena"},

		// Texels that two views share: b writes lanes 1 and 2 of group 1, c lane 3 of it and 0 and 1 of group 2.
		{"a lane that two steps write", "nested concat", 0, func(p *plan.Plan) { get(p, "c").Parts[0].Out.Channel-- }, together},
		{"one lane too many", "nested concat", 0, func(p *plan.Plan) { get(p, "b").Parts[0].Out.Channels++ }, together},
		{"a view that leaves its tensor", "nested concat", 0, func(p *plan.Plan) { p.Waves[0].Steps[0].Parts[1].Out.Channels += 4 }, "outside"},
		{"a view that starts before its tensor", "nested concat", 0, func(p *plan.Plan) { p.Waves[0].Steps[0].Parts[0].Out.Channel = -1 }, "outside"},
		{"a view of nothing", "nested concat", 0, func(p *plan.Plan) { get(p, "b").Parts[0].Out.Channels = 0 }, "outside"},
		{"a read that leaves its tensor", "nested concat", 0, func(p *plan.Plan) { get(p, "last").In.Channels++ }, "outside"},

		// Scratch: every step that can sum in two parts does.
		{"scratch missing", "article", 0, func(p *plan.Plan) { get(p, "branch5x5_2").Scratch = nil }, "scratch and has less"},
		{"scratch too small", "article", 0, func(p *plan.Plan) { get(p, "branch5x5_2").Scratch.Shape.W-- }, "scratch and has less"},
		{"scratch for more parts than there is room", "article", 0, func(p *plan.Plan) { get(p, "branch5x5_2").Key.Splits++ }, "scratch and has less"},
		{"scratch over the step's input", "article", 0, func(p *plan.Plan) {
			s := get(p, "branch5x5_2")
			s.Scratch.Base = s.In.Tensor.Base
		}, together},
		{"scratch over the step's output by a texel", "pointwise stack", plan.ReuseMemory, func(p *plan.Plan) {
			s := get(p, "conv2")
			s.Scratch.Base = s.Parts[0].Out.Tensor.Base + s.Parts[0].Out.Tensor.Texels() - 1
			p.ArenaTexels += 1000
		}, together},
		{"scratch over another step's input", "article", 0, func(p *plan.Plan) {
			get(p, "branch5x5_2").Scratch.Base = get(p, "branch_pool.pool").In.Tensor.Base
		}, together},
		{"scratch over another step's scratch", "article", 0, func(p *plan.Plan) {
			get(p, "branch5x5_2").Scratch.Base = get(p, "branch3x3_2").Scratch.Base
		}, together},
		{"scratch over a tensor that waits for a later reader", "article", plan.ConcurrentWaves | plan.ReuseMemory, func(p *plan.Plan) {
			get(p, "branch_pool.pool").In.Tensor.Base = get(p, "branch3x3_2").Scratch.Base
		}, alive},
		{"scratch past the end", "article", 0, func(p *plan.Plan) { get(p, "branch5x5_2").Scratch.Base = p.ArenaTexels }, "outside the arena"},
	} {
		p := newPlan(t, nettest.Find(t, c.network), plan.Options{Off: c.off})
		if strings.HasPrefix(c.name, "scratch") {
			split(t, p)
		}
		if err := p.CheckHazards(context.Background()); err != nil {
			t.Errorf("%s: before it was broken: %v", c.name, err)
			continue
		}
		c.breakIt(p)
		if err := p.CheckHazards(context.Background()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", c.name, err, c.want)
		}
	}
}

// split gives every step that can have one a kernel that sums in two parts, and counts them.
func split(t *testing.T, p *plan.Plan) int {
	t.Helper()
	n := 0
	for _, s := range p.Steps() {
		for _, k := range candidates(t, s) {
			params := s.Params()
			k.Splits = 2
			if k.Check(&params, shaders.Target{}) == nil {
				s.Key = k
				n++
				break
			}
		}
	}
	if err := p.Place(context.Background()); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestScratchIsPlaced: the planner gives each step that sums in parts its scratch, in memory that is free in that wave, and
// takes it back with the kernel.
func TestScratchIsPlaced(t *testing.T) {
	for _, off := range []plan.Rewrite{0, plan.ReuseMemory} {
		p := newPlan(t, nettest.Find(t, "article"), plan.Options{Off: off})
		before := p.ArenaTexels
		if n := split(t, p); n < 4 {
			t.Fatalf("%d steps sum in parts, want all but the pool", n)
		}
		sum := sumTexels(p)
		for w, wave := range p.Waves {
			for _, s := range wave.Steps {
				params := s.Params()
				want := s.Key.ScratchTexels(&params)
				if want == 0 != (s.Scratch == nil) {
					t.Errorf("step %s with %v has scratch %+v", s.Name, s.Key, s.Scratch)
				}
				if s.Scratch == nil {
					continue
				}
				if s.Scratch.Texels() != want || s.Scratch.First != w || s.Scratch.Last != w {
					t.Errorf("step %s in wave %d has scratch %+v, needs %d texels", s.Name, w, s.Scratch, want)
				}
				sum += want
			}
		}
		if off == 0 && p.ArenaTexels >= sum || off != 0 && p.ArenaTexels != sum {
			t.Errorf("off %09b: the arena has %d texels, tensors and scratch %d", off, p.ArenaTexels, sum)
		}
		for _, s := range p.Steps() {
			s.Key = candidates(t, s)[0]
		}
		if err := p.Place(context.Background()); err != nil || p.ArenaTexels != before {
			t.Errorf("without split sums the arena has %d texels again, not %d: %v", before, p.ArenaTexels, err)
		}
	}
}

// TestManyMultiprocessorsSplit: where there are more of them than workgroups, split sums are among the candidates.
func TestManyMultiprocessorsSplit(t *testing.T) {
	p := newPlan(t, nettest.Find(t, "article"), plan.Options{Target: shaders.Target{Multiprocessors: 1000}})
	found := 0
	for _, s := range p.Steps() {
		keys, err := s.Candidates(shaders.Target{Multiprocessors: 1000})
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(keys, func(k shaders.Key) bool { return k.Splits > 1 }) {
			found++
		}
	}
	if found == 0 {
		t.Error("no step has a candidate that sums in parts")
	}
}

// TestHazardsAreSound changes plans of random graphs at random. Many changes do no harm; but a plan that passes the check
// must give the right answer in any order of each wave's steps.
func TestHazardsAreSound(t *testing.T) {
	s := nettest.Seed(t)
	rejected, kept, splits := 0, 0, 0
	for i := range uint64(60) {
		rng := rand.New(rand.NewPCG(s, i))
		n := nettest.Random(rng)
		x := inception.RandomInput(n.Input, rng.Uint64())
		values := nettest.Reference(t, n, x)
		for range 20 {
			p := newPlan(t, n, plan.Options{})
			if rng.IntN(2) == 0 {
				splits += split(t, p)
			}
			what := mutate(p, rng)
			if p.CheckHazards(context.Background()) != nil {
				rejected++
				continue
			}
			kept++
			for range 3 {
				outs, err := interpret(p, x, rng)
				if err == nil {
					err = nettest.CheckAnswer(n.Graph, outs, values)
				}
				if err != nil {
					t.Fatalf("random graph %d: %s: the check passes, but: %v\nplan %q", i, what, err, layout(p))
				}
			}
		}
	}
	if rejected < 100 || kept < 100 || splits < 100 {
		t.Errorf("%d changes rejected, %d kept, %d split sums: too few of one kind to show anything", rejected, kept, splits)
	}
}

// mutate moves a step to another wave, or a tensor to another place.
func mutate(p *plan.Plan, rng *rand.Rand) string {
	if len(p.Waves) > 0 && rng.IntN(2) == 0 {
		from, to := rng.IntN(len(p.Waves)), rng.IntN(len(p.Waves))
		i := rng.IntN(len(p.Waves[from].Steps))
		s := p.Waves[from].Steps[i]
		p.Waves[from].Steps = slices.Delete(p.Waves[from].Steps, i, i+1)
		p.Waves[to].Steps = append(p.Waves[to].Steps, s)
		return fmt.Sprintf("step %s moved from wave %d to %d", s.Name, from+1, to+1)
	}
	all := slices.Clone(p.Tensors)
	for _, s := range p.Steps() {
		if s.Scratch != nil {
			all = append(all, s.Scratch)
		}
	}
	a, b := all[rng.IntN(len(all))], all[rng.IntN(len(all))]
	a.Base = b.Base + rng.IntN(b.Texels()+1)
	p.ArenaTexels = max(p.ArenaTexels, a.Base+a.Texels())
	return fmt.Sprintf("tensor %s moved to texel %d", a.Name, a.Base)
}
