package inception_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/inception"
)

// TestCheckHazards breaks plans on purpose, one mistake each.
func TestCheckHazards(t *testing.T) {
	const together, early, twice, alive = "without a barrier", "is read before its channel", "which is written already", "alive at the same time"
	// step finds a step by the name of its first part.
	step := func(p *inception.Plan, name string) (wave, index int) {
		for w := range p.Waves {
			for i, s := range p.Waves[w].Steps {
				if s.Parts[0].Name == name {
					return w, i
				}
			}
		}
		panic("no step " + name)
	}
	get := func(p *inception.Plan, name string) *inception.Step {
		w, i := step(p, name)
		return p.Waves[w].Steps[i]
	}
	move := func(p *inception.Plan, name string, to int) {
		w, i := step(p, name)
		s := p.Waves[w].Steps[i]
		p.Waves[w].Steps = slices.Delete(p.Waves[w].Steps, i, i+1)
		p.Waves[to].Steps = append(p.Waves[to].Steps, s)
	}
	tensorOf := func(p *inception.Plan, name string) *inception.Placed { return get(p, name).Parts[0].Out.Tensor }

	for _, c := range []struct {
		name, network string
		off           inception.Rewrite
		breakIt       func(p *inception.Plan)
		want          string
	}{
		{"a step one wave early", "article", 0, func(p *inception.Plan) { move(p, "branch5x5_2", 0) }, together},
		{"a reader in its writer's wave", "article", 0, func(p *inception.Plan) {
			p.Waves[1].Steps = append(p.Waves[1].Steps, p.Waves[2].Steps...)
			p.Waves = p.Waves[:2]
		}, together},
		{"a reader before its writer", "pointwise stack", inception.ReuseMemory, func(p *inception.Plan) {
			slices.Reverse(p.Waves)
		}, early},
		{"a writer missing", "article", 0, func(p *inception.Plan) { p.Waves[2].Steps = nil }, early},
		{"a part missing", "article", 0, func(p *inception.Plan) { s := p.Waves[0].Steps[0]; s.Parts = s.Parts[1:] }, early},
		{"a channel missing", "article", 0, func(p *inception.Plan) { get(p, "branch3x3_3").Parts[0].Out.Channels-- }, early},
		{"an output that nothing writes", "article", 0, func(p *inception.Plan) {
			p.Outputs = append(p.Outputs, &inception.Placed{Name: "stray", Shape: shape(1, 1, 1, 1)})
		}, early},
		{"a step twice", "article", inception.ReuseMemory, func(p *inception.Plan) {
			p.Waves[2].Steps = append(p.Waves[2].Steps, p.Waves[0].Steps[0])
		}, twice},
		{"a channel twice", "odd module", 0, func(p *inception.Plan) { get(p, "branch5x5_2").Parts[0].Out.Channel-- }, twice},
		{"a write to the input", "concat of the input", 0, func(p *inception.Plan) { get(p, "a").Parts[0].Out = get(p, "a").In }, together},

		{"parts of a step in one place", "article", 0, func(p *inception.Plan) {
			parts := p.Waves[0].Steps[0].Parts
			parts[1].Out.Tensor.Base = parts[2].Out.Tensor.Base
		}, together},
		{"a step that writes over its input", "pointwise stack", 0, func(p *inception.Plan) { tensorOf(p, "conv1").Base = p.Input.Base }, together},
		{"steps of a wave that overlap by a texel", "article", 0, func(p *inception.Plan) {
			tensorOf(p, "branch3x3_2").Base = p.Outputs[0].Base + p.Outputs[0].Texels() - 1
		}, together},
		{"memory reused while it waits for a later reader", "several outputs", 0, func(p *inception.Plan) {
			tensorOf(p, "b").Base = p.Input.Base // the input is an output too
		}, alive},
		{"memory reused while it waits for the last wave", "article", inception.ConcurrentWaves, func(p *inception.Plan) {
			tensorOf(p, "branch3x3_2").Base = p.Waves[0].Steps[0].Parts[3].Out.Tensor.Base // the pool's input
		}, alive},
		{"a tensor past the end", "article", 0, func(p *inception.Plan) { p.ArenaTexels-- }, "outside the arena"},
		{"a tensor before the start", "pointwise stack", 0, func(p *inception.Plan) { p.Outputs[0].Base = -p.Outputs[0].Texels() }, "outside the arena"},

		// Texels that two views share: b writes lanes 1 and 2 of group 1, c lane 3 of it and 0 and 1 of group 2.
		{"a lane that two steps write", "nested concat", 0, func(p *inception.Plan) { get(p, "c").Parts[0].Out.Channel-- }, together},
		{"one lane too many", "nested concat", 0, func(p *inception.Plan) { get(p, "b").Parts[0].Out.Channels++ }, together},
		{"a view that leaves its tensor", "nested concat", 0, func(p *inception.Plan) { p.Waves[0].Steps[0].Parts[1].Out.Channels += 4 }, "outside"},
		{"a view that starts before its tensor", "nested concat", 0, func(p *inception.Plan) { p.Waves[0].Steps[0].Parts[0].Out.Channel = -1 }, "outside"},
		{"a view of nothing", "nested concat", 0, func(p *inception.Plan) { get(p, "b").Parts[0].Out.Channels = 0 }, "outside"},
		{"a read that leaves its tensor", "nested concat", 0, func(p *inception.Plan) { get(p, "last").In.Channels++ }, "outside"},
	} {
		p := newPlan(t, find(t, c.network), inception.Options{Off: c.off})
		if err := p.CheckHazards(); err != nil {
			t.Errorf("%s: before it was broken: %v", c.name, err)
			continue
		}
		c.breakIt(p)
		if err := p.CheckHazards(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", c.name, err, c.want)
		}
	}
}

// TestHazardsAreSound changes plans of random graphs at random. Many changes do no harm; but a plan that passes the check
// must give the right answer in any order of each wave's steps.
func TestHazardsAreSound(t *testing.T) {
	s := seed(t)
	rejected, kept := 0, 0
	for i := range uint64(60) {
		rng := rand.New(rand.NewPCG(s, i))
		n := randomNetwork(rng)
		x := inception.RandomInput(n.input, rng.Uint64())
		values, err := cpuref.RunAll(context.Background(), n.graph, x)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			p := newPlan(t, n, inception.Options{})
			what := mutate(p, rng)
			if p.CheckHazards() != nil {
				rejected++
				continue
			}
			kept++
			for range 3 {
				outs, err := interpret(p, x, rng)
				if err == nil {
					err = checkAnswer(n.graph, outs, values)
				}
				if err != nil {
					t.Fatalf("random graph %d: %s: the check passes, but: %v\nplan %q", i, what, err, layout(p))
				}
			}
		}
	}
	if rejected < 100 || kept < 100 {
		t.Errorf("%d changes rejected, %d kept: too few of one kind to show anything", rejected, kept)
	}
}

// mutate moves a step to another wave, or a tensor to another place.
func mutate(p *inception.Plan, rng *rand.Rand) string {
	if len(p.Waves) > 0 && rng.IntN(2) == 0 {
		from, to := rng.IntN(len(p.Waves)), rng.IntN(len(p.Waves))
		i := rng.IntN(len(p.Waves[from].Steps))
		s := p.Waves[from].Steps[i]
		p.Waves[from].Steps = slices.Delete(p.Waves[from].Steps, i, i+1)
		p.Waves[to].Steps = append(p.Waves[to].Steps, s)
		return fmt.Sprintf("step %s moved from wave %d to %d", s.Name, from+1, to+1)
	}
	a, b := p.Tensors[rng.IntN(len(p.Tensors))], p.Tensors[rng.IntN(len(p.Tensors))]
	a.Base = b.Base + rng.IntN(b.Texels()+1)
	p.ArenaTexels = max(p.ArenaTexels, a.Base+a.Texels())
	return fmt.Sprintf("tensor %s moved to texel %d", a.Name, a.Base)
}
