package run

import (
	"context"
	"fmt"
	"slices"

	"inceptiongl/gpu"
	"inceptiongl/inception/plan"
	"inceptiongl/shaders"
)

// texels is a range of a buffer, in texels. The planner starts tensors at multiples of 256 bytes, the largest alignment that GL
// lets a device ask for.
type texels struct {
	buffer         *gpu.Buffer
	offset, texels int
}

func (b texels) storage(binding int) gpu.Storage {
	return gpu.Storage{Binding: binding, Buffer: b.buffer, Offset: 16 * b.offset, Size: 16 * b.texels}
}

// texelKind is how a way to read binds what it reads; ok is false for storage buffers.
func texelKind(l shaders.Load) (kind gpu.TexelKind, ok bool) {
	switch l {
	case shaders.LoadImage:
		return gpu.TexelImage, true
	case shaders.LoadSampler:
		return gpu.TexelSampler, true
	}
	return 0, false
}

// Bindings are the buffers of one step, for gpu.Dispatch.
type Bindings struct {
	Arena, Weights, Params *gpu.Buffer // Weights is nil where the step has none
	ParamsAt               int         // offset in bytes of the first dispatch's
	ScratchAt              int         // texel of the arena
}

// sources are the programs of a step's kernel. Making those of many steps at once, before Dispatches asks for each and tells of
// errors, lets drivers compile on several threads.
func sources(step *plan.Step, k shaders.Key) []gpu.Source {
	params := step.ParamsFor(k)
	launches, _ := k.Launches(&params)
	var list []gpu.Source
	for i, l := range launches {
		if slices.ContainsFunc(launches[:i], l.SameProgram) {
			continue
		}
		if src, err := l.Source(); err == nil {
			list = append(list, gpu.Source(src))
		}
	}
	return list
}

// Dispatches are what computes a step with a kernel, in order, with a barrier between. Each tensor is bound by itself: a
// fault reads no other's memory, and only a single tensor, not all of them, must stay within what a device binds at once.
// Each multiplies about most at most.
func Dispatches(ctx context.Context, d *gpu.Device, step *plan.Step, k shaders.Key, most int64, b Bindings) ([]gpu.Dispatch, error) {
	launches, params, err := launches(step, k, most)
	if err != nil {
		return nil, err
	}
	slot := paramSlot(d)
	tensorOf := func(t *plan.Placed) texels { return texels{b.Arena, t.Base, t.Texels()} }
	first, end := step.OutTexels()
	scratch := func(r shaders.Range) texels { return texels{b.Arena, b.ScratchAt + r.First, r.Texels} }
	var all []gpu.Dispatch
	for i, l := range launches {
		var prog *gpu.Program
		if before := slices.IndexFunc(launches[:i], l.SameProgram); before >= 0 {
			prog = all[before].Program
		} else {
			src, err := l.Source()
			if err == nil {
				prog, err = d.Program(ctx, gpu.Source(src))
			}
			if err != nil {
				return nil, fmt.Errorf("step %s: %w", step.Name, err)
			}
		}
		from, to := tensorOf(step.In.Tensor), texels{b.Arena, first, end - first}
		if l.From == shaders.Scratch {
			from = scratch(l.FromRange)
		}
		if l.To == shaders.Scratch {
			to = scratch(l.ToRange)
		}
		weights := from // declared by every kernel, read by none that has no weights
		if b.Weights != nil {
			weights = texels{b.Weights, 0, b.Weights.Size() / 16}
		}
		x := gpu.Dispatch{
			Name: step.Name, Program: prog, Groups: l.Workgroups,
			Storage:  []gpu.Storage{to.storage(shaders.BindDestination)},
			Uniforms: []gpu.Uniforms{{Binding: shaders.BindParams, Buffer: b.Params, Offset: b.ParamsAt + i*slot, Size: len(params.Bytes())}},
		}
		read := func(binding, unit int, r texels) {
			if kind, ok := texelKind(k.Load); ok {
				x.Texels = append(x.Texels, gpu.Texel{Unit: unit, Kind: kind, Buffer: r.buffer, Offset: 16 * r.offset, Size: 16 * r.texels})
			} else {
				x.Storage = append(x.Storage, r.storage(binding))
			}
		}
		if l.Totals {
			x.Storage = append(x.Storage, scratch(shaders.Range{Texels: k.ScratchTexels(&params)}).storage(shaders.BindTotals))
		}
		read(shaders.BindSource, shaders.UnitSource, from)
		read(shaders.BindWeights, shaders.UnitWeights, weights)
		if l.Input {
			read(shaders.BindInput, shaders.UnitInput, tensorOf(step.In.Tensor))
		}
		if l.Second {
			read(shaders.BindSecond, shaders.UnitSecond, tensorOf(step.In2.Tensor))
		}
		all = append(all, x)
	}
	return all, nil
}
