package run

import (
	"context"
	"errors"
	"time"

	"inceptiongl/gpu"
	"inceptiongl/inception/plan"
	"inceptiongl/shaders"
)

// How often a candidate is timed: at least minRounds, up to maxRounds while measuring the step takes less than roundBudget.
const (
	minRounds   = 3
	maxRounds   = 12
	roundBudget = 20 * time.Millisecond
)

// bench times kernels of a session that has no memory yet. The arena's contents don't matter: no kernel's path depends on values.
type bench struct {
	s       *Session
	arena   *gpu.Buffer
	scratch int // texel of the arena
}

// tune chooses a kernel for every step by timing. It has memory of its own for that: where scratch lies, and whether there is
// some, follows from the choice.
func (s *Session) tune(ctx context.Context, t *Tuner, choices map[*plan.Step][]shaders.Key, budget time.Duration) (err error) {
	if err := s.plan.Place(ctx); err != nil {
		return err
	}
	scratch := 0
	for step, keys := range choices {
		for _, k := range keys {
			params := step.ParamsFor(k)
			scratch = max(scratch, k.ScratchTexels(&params))
		}
	}
	b := &bench{s: s, scratch: s.plan.ArenaTexels}
	defer func() {
		if b.arena != nil {
			err = errors.Join(err, b.arena.Close())
		}
	}()
	open := func() error { // at the first measurement: a plan whose kernels are all known needs none
		if b.arena != nil {
			return nil
		}
		var err error
		b.arena, err = s.dev.NewBuffer(ctx, "activations for timing", 16*(s.plan.ArenaTexels+scratch))
		return err
	}
	return t.tune(ctx, s.plan.Steps(), choices, target(s.dev), budget, func(ctx context.Context, step *plan.Step, keys []shaders.Key) ([]time.Duration, error) {
		if err := open(); err != nil {
			return nil, err
		}
		return b.measure(ctx, step, keys)
	})
}

// measure times kernels for one step, alternating between them, and returns each one's best time; 0 where the clock saw none.
func (b *bench) measure(ctx context.Context, step *plan.Step, keys []shaders.Key) (_ []time.Duration, err error) {
	best := make([]time.Duration, len(keys))
	passes := make([]*gpu.Pass, len(keys))
	var programs []gpu.Source
	var blocks []byte
	at := make([]int, len(keys)) // where each one's blocks begin
	for i, k := range keys {
		programs = append(programs, sources(step, k)...)
		of, err := paramBlocks(step, k, b.s.most, paramSlot(b.s.dev))
		if err != nil {
			return nil, err
		}
		at[i] = len(blocks)
		blocks = append(blocks, of...)
	}
	b.s.dev.Programs(ctx, programs)
	params, err := b.s.dev.NewBuffer(ctx, "parameters for timing", len(blocks))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, params.Close()) }()
	if err := params.UploadBytes(ctx, 0, blocks); err != nil {
		return nil, err
	}
	for i, k := range keys {
		if err := b.s.build(ctx, step, k); err != nil {
			if !refused(err) {
				return nil, err
			}
			best[i] = lost // it can't win, and is no reason to fail
			continue
		}
		weights, err := b.s.weights.of(ctx, step, k.Kernel.Layout(), new(plan.Packing))
		if err != nil {
			return nil, err
		}
		xs, err := Dispatches(ctx, b.s.dev, step, k, b.s.most, Bindings{b.arena, weights, params, at[i], b.scratch})
		if err != nil {
			return nil, err
		}
		passes[i] = &gpu.Pass{Time: true}
		for _, x := range xs {
			passes[i].Waves = append(passes[i].Waves, []gpu.Dispatch{x})
		}
		// The first dispatch compiles on some drivers: not counted.
		if _, err := b.s.dev.Run(ctx, passes[i]); err != nil {
			return nil, err
		}
	}
	begin := time.Now()
	for round := range maxRounds {
		if round >= minRounds && time.Since(begin) > roundBudget {
			break
		}
		for i, p := range passes {
			if p == nil {
				continue
			}
			t, err := b.s.dev.Run(ctx, p)
			if err != nil {
				return nil, err
			}
			if t.Total > 0 && (best[i] == 0 || t.Total < best[i]) {
				best[i] = t.Total
			}
		}
	}
	return best, nil
}
