package inception

import (
	"context"
	"fmt"
	"math"
	"time"

	"inceptiongl/gpu"
	"inceptiongl/inception/tensor"
)

// StepTrace is what one step read and wrote in a traced run.
type StepTrace struct {
	Step *Step
	In   []*tensor.Tensor // one for each of Step.Inputs
	Out  []*tensor.Tensor // one for each of Step.Parts
}

// Trace runs the network wave by wave, calling visit for every step with the tensors it read and wrote, and returns the
// first output. The arena starts as NaN, so that an element that nothing writes shows. It is for checking: it moves every
// tensor to the host. An error from visit ends the run.
func (s *Session) Trace(ctx context.Context, x *tensor.Tensor, visit func(StepTrace) error) (*tensor.Tensor, error) {
	if err := s.checkInput(x); err != nil {
		return nil, err
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	fail := func(err error) (*tensor.Tensor, error) { return nil, fmt.Errorf("tracing %s: %w", s.plan.Name, err) }
	poison := make([]float32, 4*s.plan.ArenaTexels)
	for i := range poison {
		poison[i] = float32(math.NaN())
	}
	if err := s.arena.Upload(ctx, 0, poison); err != nil {
		return fail(err)
	}
	if err := s.uploadConstants(ctx); err != nil {
		return fail(err)
	}
	in := make([]float32, 4*s.plan.Input.Texels())
	pack(in, x)
	if err := s.arena.Upload(ctx, 16*s.plan.Input.Base, in); err != nil {
		return fail(err)
	}
	for w, wave := range s.plan.Waves {
		// The inputs are read before the wave runs, the outputs after it: neither may be reused in between.
		inputs := map[*Placed]*tensor.Tensor{}
		for _, step := range wave.Steps {
			for _, v := range step.Inputs() {
				if t := v.Tensor; inputs[t] == nil {
					if inputs[t], err = s.read(ctx, t); err != nil {
						return fail(err)
					}
				}
			}
		}
		if _, err := s.dev.Run(ctx, &gpu.Pass{Waves: s.waves[w : w+1]}); err != nil {
			return fail(err)
		}
		outputs := map[*Placed]*tensor.Tensor{}
		for _, step := range wave.Steps {
			tr := StepTrace{Step: step}
			for _, v := range step.Inputs() {
				tr.In = append(tr.In, inputs[v.Tensor])
			}
			for _, part := range step.Parts {
				t := part.Out.Tensor
				if outputs[t] == nil {
					if outputs[t], err = s.read(ctx, t); err != nil {
						return fail(err)
					}
				}
				tr.Out = append(tr.Out, channels(outputs[t], part.Out))
			}
			if err := visit(tr); err != nil {
				return nil, err
			}
		}
	}
	y, err := s.read(ctx, s.plan.Outputs[0])
	if err != nil {
		return fail(err)
	}
	return y, nil
}

// TimeStep runs one step alone and returns its time on the GPU. The data are whatever the arena holds.
func (s *Session) TimeStep(ctx context.Context, step *Step) (time.Duration, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
	for w, wave := range s.plan.Waves {
		for i, candidate := range wave.Steps {
			if candidate == step {
				t, err := s.dev.Run(ctx, &gpu.Pass{Waves: [][]gpu.Dispatch{{s.waves[w][i]}}, Time: true})
				return t.Total, err
			}
		}
	}
	return 0, fmt.Errorf("timing %s: step %q is not of this session's plan", s.plan.Name, step.Name)
}

// read downloads a tensor.
func (s *Session) read(ctx context.Context, t *Placed) (*tensor.Tensor, error) {
	buf := make([]float32, 4*t.Texels())
	if err := s.arena.Download(ctx, 16*t.Base, buf); err != nil {
		return nil, err
	}
	return unpack(buf, t.Shape), nil
}

// channels copies a view out of its tensor.
func channels(t *tensor.Tensor, v View) *tensor.Tensor {
	if v.Channels == t.C {
		return t
	}
	out := tensor.New(v.Shape())
	plane := t.H * t.W
	for n := range t.N {
		copy(out.Data[n*v.Channels*plane:][:v.Channels*plane], t.Data[(n*t.C+v.Channel)*plane:])
	}
	return out
}
