package inception

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"inceptiongl/gpu"
	"inceptiongl/shaders"
)

// fit checks the plan against a device's limits and drops candidate kernels that the device can't run.
func (p *Plan) fit(l gpu.Limits) error {
	if bytes := 16 * p.ArenaTexels; bytes > l.MaxStorageBlock {
		return fmt.Errorf("activations take %d MiB in one buffer, the device's limit is %d MiB (MAX_SHADER_STORAGE_BLOCK_SIZE): use a smaller batch: %w",
			bytes>>20, l.MaxStorageBlock>>20, gpu.ErrLimit)
	}
	for _, s := range p.Steps() {
		if bytes := 4 * len(s.weights); bytes > l.MaxStorageBlock {
			return fmt.Errorf("step %s: weights take %d MiB, the device's limit is %d MiB (MAX_SHADER_STORAGE_BLOCK_SIZE): %w",
				s.Name, bytes>>20, l.MaxStorageBlock>>20, gpu.ErrLimit)
		}
		texels := max(p.ArenaTexels, weightChunk(l)/16, len(s.weights)/4) // the larger of the two texel views
		s.Candidates = slices.DeleteFunc(s.Candidates, func(k shaders.Key) bool { return misfit(k, s, l, texels) != nil })
		if len(s.Candidates) == 0 {
			return fmt.Errorf("step %s: none of its kernels fits the device: %w: %w", s.Name, misfit(s.Key, s, l, texels), gpu.ErrLimit)
		}
		s.Key = s.Candidates[0]
	}
	return nil
}

// misfit says why a kernel can't run on a device.
func misfit(k shaders.Key, s *Step, l gpu.Limits, texels int) error {
	if k.Load != shaders.LoadSSBO && texels > l.MaxTexelBuffer {
		return fmt.Errorf("%v: a texel view of %d texels, the limit is %d", k, texels, l.MaxTexelBuffer)
	}
	if k.Load == shaders.LoadImage && l.MaxComputeImages < 2 {
		return fmt.Errorf("%v: %d images in compute shaders, 2 are needed", k, l.MaxComputeImages)
	}
	size := k.LocalSize()
	if size[0] > l.MaxGroupSize[0] || size[1] > l.MaxGroupSize[1] || size[0]*size[1] > l.MaxGroupInvocations {
		return fmt.Errorf("%v: a workgroup of %v, the limits are %v and %d in all", k, size, l.MaxGroupSize, l.MaxGroupInvocations)
	}
	for i, n := range k.Workgroups(&s.Params) {
		if n > l.MaxGroups[i] {
			return fmt.Errorf("%v: %d workgroups in dimension %d, the limit is %d", k, n, i, l.MaxGroups[i])
		}
	}
	return nil
}

// weightChunk is the size in bytes of the largest weight buffer that we make.
func weightChunk(l gpu.Limits) int { return min(l.MaxStorageBlock, 128<<20) }

// allocate makes the buffers and uploads what stays: weights and parameters.
func (s *Session) allocate(ctx context.Context) error {
	var err error
	if s.arena, err = s.dev.NewBuffer(ctx, "activations", 16*s.plan.ArenaTexels); err != nil {
		return err
	}
	if err := s.uploadConstants(ctx); err != nil {
		return err
	}
	steps := s.plan.Steps()
	if len(steps) == 0 {
		return nil // the output is the input
	}
	if err := s.uploadWeights(ctx, steps); err != nil {
		return err
	}
	slot := roundUp(len(steps[0].Params.Bytes()), max(s.dev.Limits().UniformAlign, 16))
	all := make([]byte, slot*len(steps))
	for i, step := range steps {
		copy(all[i*slot:], step.Params.Bytes())
		s.steps[step].params = i * slot
	}
	if s.params, err = s.dev.NewBuffer(ctx, "parameters", len(all)); err != nil {
		return err
	}
	return s.params.UploadBytes(ctx, 0, all)
}

// uploadConstants writes the tensors that no step writes.
func (s *Session) uploadConstants(ctx context.Context) error {
	for _, c := range s.plan.Constants {
		sh := c.Tensor.Shape
		buf := make([]float32, 4*c.Tensor.Texels())
		shaders.PackTensor(buf, c.Data, sh.N, sh.C, sh.H, sh.W)
		if err := s.arena.Upload(ctx, 16*c.Tensor.Base, buf); err != nil {
			return err
		}
	}
	return nil
}

// uploadWeights fills buffers up to the device's limit, a step's weights never split, and tells each step where its own are.
func (s *Session) uploadWeights(ctx context.Context, steps []*Step) error {
	const align = 16 // texels
	limit := weightChunk(s.dev.Limits()) / 4
	var chunk []float32
	var owners []*placedStep
	flush := func() error {
		if len(chunk) == 0 {
			return nil
		}
		b, err := s.dev.NewBuffer(ctx, "weights", 4*len(chunk))
		if err != nil {
			return err
		}
		s.weights = append(s.weights, b)
		for _, o := range owners {
			o.weights = b
		}
		err = b.Upload(ctx, 0, chunk)
		chunk, owners = nil, nil
		return err
	}
	for _, step := range steps {
		at := &placedStep{}
		s.steps[step] = at
		if len(chunk) > 0 && len(chunk)+len(step.weights) > limit {
			if err := flush(); err != nil {
				return err
			}
		}
		base := int32(len(chunk) / 4)
		step.Params.WeightBase += base
		if step.Params.BiasBase >= 0 {
			step.Params.BiasBase += base
		}
		chunk = append(chunk, step.weights...)
		chunk = append(chunk, make([]float32, roundUp(len(chunk), 4*align)-len(chunk))...)
		step.weights = nil // on the device now
		owners = append(owners, at)
	}
	return flush()
}

// dispatch builds the program and binds everything a step needs.
func (s *Session) dispatch(ctx context.Context, step *Step, k shaders.Key) (gpu.Dispatch, error) {
	src, err := k.Source()
	if err != nil {
		return gpu.Dispatch{}, fmt.Errorf("step %s: %w", step.Name, err)
	}
	prog, err := s.dev.Program(ctx, gpu.Source(src))
	if err != nil {
		return gpu.Dispatch{}, fmt.Errorf("step %s: %w", step.Name, err)
	}
	at := s.steps[step]
	weights := at.weights
	if weights == nil {
		weights = s.arena // the kernel declares weights but reads none
	}
	x := gpu.Dispatch{
		Name: step.Name, Program: prog, Groups: k.Workgroups(&step.Params),
		Storage:  []gpu.Storage{{Binding: 1, Buffer: s.arena}},
		Uniforms: []gpu.Uniforms{{Binding: 0, Buffer: s.params, Offset: at.params, Size: len(step.Params.Bytes())}},
	}
	switch k.Load {
	case shaders.LoadSSBO:
		x.Storage = append(x.Storage, gpu.Storage{Binding: 0, Buffer: s.arena}, gpu.Storage{Binding: 2, Buffer: weights})
	default:
		kind := gpu.TexelSampler
		if k.Load == shaders.LoadImage {
			kind = gpu.TexelImage
		}
		x.Texels = []gpu.Texel{{Unit: 0, Kind: kind, Buffer: s.arena}, {Unit: 1, Kind: kind, Buffer: weights}}
	}
	return x, nil
}

// How often a candidate is timed: at least minRounds, up to maxRounds while measuring the step takes less than roundBudget.
const (
	minRounds   = 3
	maxRounds   = 12
	roundBudget = 20 * time.Millisecond
)

// measure times kernels for one step, alternating between them, and returns each one's best time. The arena's contents
// don't matter: no kernel's path depends on values.
func (s *Session) measure(ctx context.Context, step *Step, keys []shaders.Key) ([]time.Duration, error) {
	best := make([]time.Duration, len(keys))
	passes := make([]*gpu.Pass, len(keys))
	for i, k := range keys {
		x, err := s.dispatch(ctx, step, k)
		if err != nil {
			return nil, err
		}
		passes[i] = &gpu.Pass{Waves: [][]gpu.Dispatch{{x}}, Time: true}
		// The first dispatch compiles on some drivers: not counted.
		if _, err := s.dev.Run(ctx, passes[i]); err != nil {
			return nil, err
		}
	}
	begin := time.Now()
	for round := range maxRounds {
		if round >= minRounds && time.Since(begin) > roundBudget {
			break
		}
		for i, p := range passes {
			t, err := s.dev.Run(ctx, p)
			if err != nil {
				return nil, err
			}
			if round == 0 || t.Total < best[i] {
				best[i] = t.Total
			}
		}
	}
	return best, nil
}

// release frees every buffer that there is.
func (s *Session) release() error {
	var errs []error
	for _, b := range append([]*gpu.Buffer{s.arena, s.params}, s.weights...) {
		if b != nil {
			// A closed device has freed its buffers already.
			if err := b.Close(); err != nil && !errors.Is(err, gpu.ErrClosed) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }
