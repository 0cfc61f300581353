package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"inceptiongl/gpu"
	"inceptiongl/inception/plan"
	"inceptiongl/shaders"
)

// lost is the time of a kernel that the driver refuses.
const lost = 24 * time.Hour

// build compiles what a step takes with a kernel.
func (s *Session) build(ctx context.Context, step *plan.Step, k shaders.Key) error {
	if s.refuse != nil {
		if err := s.refuse(k); err != nil {
			return err
		}
	}
	for _, src := range sources(step, k) {
		if _, err := s.dev.Program(ctx, src); err != nil {
			return fmt.Errorf("step %s: kernel %v: %w", step.Name, k, err)
		}
	}
	return nil
}

// refused reports that the driver didn't compile or link a shader: a fault of it, or of the shader, that another kernel may not have.
func refused(err error) bool {
	var e *gpu.CompileError
	return errors.As(err, &e)
}

// replaceRefused builds every step's kernel, all at once. Where the driver refuses one, the next candidate that it takes serves
// the step, and a note says so.
func (s *Session) replaceRefused(ctx context.Context, choices map[*plan.Step][]shaders.Key, o Options) error {
	var programs []gpu.Source
	for _, step := range s.plan.Steps() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		programs = append(programs, sources(step, step.Key)...)
	}
	s.dev.Programs(ctx, programs) // each answers for itself below
	for _, step := range s.plan.Steps() {
		err := s.build(ctx, step, step.Key)
		if err == nil {
			continue
		}
		if !refused(err) || o.Choose != nil {
			return err
		}
		keys := choices[step]
		if plain, e := step.PlainKey(target(s.dev)); e == nil && misfit(plain, step, s.dev.Limits()) == nil {
			keys = append(slices.Clone(keys), plain)
		}
		i := slices.IndexFunc(keys, func(k shaders.Key) bool { return k != step.Key && s.build(ctx, step, k) == nil })
		if i < 0 {
			return err
		}
		s.notes = append(s.notes, fmt.Sprintf("%v; %v takes its place", err, keys[i]))
		step.Key = keys[i]
	}
	return nil
}
