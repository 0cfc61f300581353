package run

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"inceptiongl/gpu"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// StepTrace is what one step read and wrote in a traced run.
type StepTrace struct {
	Step *plan.Step
	In   []*tensor.Tensor // one for each of Step.Inputs
	Out  []*tensor.Tensor // one for each of Step.Parts
}

// Trace runs the network wave by wave, calling visit for every step with the tensors it read and wrote, and returns the
// outputs. The arena starts as NaN, so that an element that nothing writes shows, but for the graph's constants. It is for checking: it moves every
// tensor to the host. Where the device takes the batch in parts, each part is traced. An error from visit ends the run.
func (s *Session) Trace(ctx context.Context, x *tensor.Tensor, visit func(StepTrace) error) ([]*tensor.Tensor, error) {
	if err := s.checkInput(x); err != nil {
		return nil, err
	}
	if x.Shape != s.shape {
		return nil, fmt.Errorf("tracing %s: the input has %d images, all %d are needed", s.graph.Name, x.N, s.shape.N)
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var ys []*tensor.Tensor
	for _, shape := range s.Outputs() {
		ys = append(ys, tensor.New(shape))
	}
	in := make([]float32, 4*s.plan.Input.Texels())
	for _, n := range s.firsts(x.N) {
		s.pack(in, x, n, s.plan.Input.Shape.N)
		if err := s.trace(ctx, in, visit); err != nil {
			return nil, fmt.Errorf("tracing %s: %w", s.graph.Name, err)
		}
		for i, o := range s.plan.Outputs[:s.public()] {
			out := make([]float32, 4*o.Texels())
			if err := s.arena.Download(ctx, 16*o.Base, out); err != nil {
				return nil, fmt.Errorf("tracing %s: %w", s.graph.Name, err)
			}
			unpack(ys[i], s.at(n, o), out, o, o.Shape.N)
		}
	}
	return ys, nil
}

// trace is one pass for a packed input.
func (s *Session) trace(ctx context.Context, in []float32, visit func(StepTrace) error) error {
	if err := s.poison(ctx); err != nil {
		return err
	}
	if err := s.arena.Upload(ctx, 16*s.plan.Input.Base, in); err != nil {
		return err
	}
	for w, wave := range s.plan.Waves {
		// The inputs are read before the wave runs, the outputs after it: neither may be reused in between.
		inputs, err := s.read(ctx, wave, func(step *plan.Step) []plan.View { return step.Inputs() })
		if err != nil {
			return err
		}
		pass := &gpu.Pass{}
		for _, st := range s.stages[w] {
			pass.Waves = append(pass.Waves, st.dispatches)
		}
		if _, err := s.dev.Run(ctx, pass); err != nil {
			return err
		}
		outputs, err := s.read(ctx, wave, func(step *plan.Step) []plan.View {
			var views []plan.View
			for _, part := range step.Parts {
				views = append(views, part.Out)
			}
			return views
		})
		if err != nil {
			return err
		}
		for _, step := range wave.Steps {
			tr := StepTrace{Step: step}
			for _, v := range step.Inputs() {
				tr.In = append(tr.In, inputs[v.Tensor])
			}
			for _, part := range step.Parts {
				tr.Out = append(tr.Out, channels(outputs[part.Out.Tensor], part.Out))
			}
			if err := visit(tr); err != nil {
				return err
			}
		}
	}
	return nil
}

// poison fills the arena with NaN, but for what no step writes: later runs read it.
func (s *Session) poison(ctx context.Context) error {
	fixed := slices.SortedFunc(slices.Values(s.plan.Fixed), func(a, b plan.Fixed) int { return cmp.Compare(a.Tensor.Base, b.Tensor.Base) })
	begin := 0
	for i := range len(fixed) + 1 {
		end, next := s.plan.ArenaTexels, 0
		if i < len(fixed) {
			end = fixed[i].Tensor.Base
			next = end + fixed[i].Tensor.Texels()
		}
		nan := slices.Repeat([]float32{float32(math.NaN())}, 4*(end-begin))
		if err := s.arena.Upload(ctx, 16*begin, nan); err != nil {
			return err
		}
		begin = next
	}
	return nil
}

// read downloads the tensors of some views of a wave.
func (s *Session) read(ctx context.Context, w plan.Wave, views func(*plan.Step) []plan.View) (map[*plan.Placed]*tensor.Tensor, error) {
	all := map[*plan.Placed]*tensor.Tensor{}
	for _, step := range w.Steps {
		for _, v := range views(step) {
			t := v.Tensor
			if all[t] != nil {
				continue
			}
			buf := make([]float32, 4*t.Texels())
			if err := s.arena.Download(ctx, 16*t.Base, buf); err != nil {
				return nil, err
			}
			all[t] = tensor.New(t.Shape)
			shaders.UnpackTensor(all[t].Data, buf, t.Shape.N, t.Shape.C, t.Shape.H, t.Shape.W)
		}
	}
	return all, nil
}

// TimeStep runs one step alone and returns its time on the GPU. The data are whatever the arena holds.
func (s *Session) TimeStep(ctx context.Context, step *plan.Step) (time.Duration, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
	if xs := s.steps[step]; xs != nil {
		pass := &gpu.Pass{Time: true}
		for _, x := range xs {
			pass.Waves = append(pass.Waves, []gpu.Dispatch{x})
		}
		t, err := s.dev.Run(ctx, pass)
		return t.Total, err
	}
	return 0, fmt.Errorf("timing %s: step %q is not of this session's plan", s.graph.Name, step.Name)
}

// channels copies a view out of its tensor.
func channels(t *tensor.Tensor, v plan.View) *tensor.Tensor {
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
