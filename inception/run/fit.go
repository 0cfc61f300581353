package run

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"inceptiongl/gpu"
	"inceptiongl/inception/plan"
	"inceptiongl/shaders"
)

// target is what the choice of kernels depends on.
func target(d *gpu.Device) shaders.Target {
	t := d.Traits()
	return shaders.Target{MaxIterations: t.MaxIterations, Multiprocessors: t.Multiprocessors, Registers: t.Registers, Lanes: t.Lanes, Software: d.Info().Software, Pairs: t.StoresNumbers}
}

// maxBlock is the most bytes that a kernel may have bound at once: the device's limit, and what its int indices reach.
func maxBlock(l gpu.Limits) int { return min(l.MaxStorageBlock, math.MaxInt32) }

// candidates are the kernels for each step that fit the device, the default first.
func candidates(ctx context.Context, p *plan.Plan, l gpu.Limits, t shaders.Target, plain bool) (map[*plan.Step][]shaders.Key, error) {
	all := map[*plan.Step][]shaders.Key{}
	for _, s := range p.Steps() {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		var keys []shaders.Key
		var err error
		if plain {
			var k shaders.Key
			k, err = s.PlainKey(t)
			keys = []shaders.Key{k}
		} else {
			keys, err = s.Candidates(t)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", err, gpu.ErrLimit)
		}
		var why error
		keys = slices.DeleteFunc(keys, func(k shaders.Key) bool {
			err := misfit(k, s, l)
			if err != nil {
				why = err
			}
			return err != nil
		})
		if k, err := s.PlainKey(t); len(keys) == 0 && err == nil && misfit(k, s, l) == nil {
			keys = []shaders.Key{k}
		}
		if len(keys) == 0 {
			return nil, fmt.Errorf("step %s does not fit the device: %w: %w", s.Name, why, gpu.ErrLimit)
		}
		all[s] = keys
	}
	return all, nil
}

// errOutgrown means that so many images would get another kernel than one: on software drivers their bits must not depend on that.
var errOutgrown = errors.New("a kernel hands on more than the device binds at once")

// outgrown reports a step of which that is so, by the rule's kernel. Inputs and outputs grow with the batch, too, but are every kernel's.
func outgrown(p *plan.Plan, l gpu.Limits) bool {
	return slices.ContainsFunc(p.Steps(), func(s *plan.Step) bool {
		params := s.Params()
		return 16*s.Key.ScratchBound(&params) > maxBlock(l)
	})
}

// misfit says why a kernel can't run a step on a device.
func misfit(k shaders.Key, s *plan.Step, l gpu.Limits) error {
	params := s.ParamsFor(k)
	// What it binds, in texels.
	first, end := s.OutTexels()
	read := []struct {
		what   string
		texels int
	}{
		{"its weights", s.WeightsLen(k.Kernel.Layout()) / 4},
		{"its scratch", k.ScratchBound(&params)},
	}
	for _, in := range s.Inputs() {
		read = append(read, struct {
			what   string
			texels int
		}{"its input " + in.Tensor.Name, in.Tensor.Texels()})
	}
	for _, r := range append(read, struct {
		what   string
		texels int
	}{"its output", end - first}) {
		if bytes := 16 * r.texels; bytes > maxBlock(l) {
			return fmt.Errorf("%s takes %d bytes, the device binds %d at once (MAX_SHADER_STORAGE_BLOCK_SIZE)", r.what, bytes, maxBlock(l))
		}
	}
	if k.Load != shaders.LoadSSBO {
		for _, r := range read {
			if r.texels > l.MaxTexelBuffer {
				return fmt.Errorf("%v: a texel view of %d texels for %s, the limit is %d", k, r.texels, r.what, l.MaxTexelBuffer)
			}
		}
	}
	if k.Load == shaders.LoadImage && l.MaxComputeImages < 3 {
		return fmt.Errorf("%v: %d images in compute shaders, 3 are needed", k, l.MaxComputeImages)
	}
	if n := k.SharedBytes(); n > l.MaxShared {
		return fmt.Errorf("%v: %d bytes of shared memory, the limit is %d", k, n, l.MaxShared)
	}
	size := k.LocalSize()
	if size[0] > l.MaxGroupSize[0] || size[1] > l.MaxGroupSize[1] || size[0]*size[1] > l.MaxGroupInvocations {
		return fmt.Errorf("%v: a workgroup of %v, the limits are %v and %d in all", k, size, l.MaxGroupSize, l.MaxGroupInvocations)
	}
	for i, n := range k.Workgroups(&params) {
		if n > l.MaxGroups[i] {
			return fmt.Errorf("%v: %d workgroups in dimension %d, the limit is %d", k, n, i, l.MaxGroups[i])
		}
	}
	return nil
}
