// Package run is the runtime: it makes a plan ready on a device (chooses kernels, packs weights for them once per graph and
// device, builds programs) and runs it.
//
// It is an engine room: users need package inception only, whose Session is one of these. Programs that look inside (cmd/bench,
// cpuref/verify) compile here.
package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"inceptiongl/gpu"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// Options says how to compile. The zero value uses every rewrite and measures which kernels are fastest.
type Options struct {
	Off     plan.Rewrite // rewrites to switch off; plan.AllRewrites gives a framework-like plan
	Kernels Kernels
	Tuner   *Tuner // remembers measurements; nil is the one that all sessions on the device share
}

// Kernels is how kernels are chosen.
type Kernels int

// The ways to choose kernels.
const (
	KernelsMeasured Kernels = iota // candidates are timed on the device, on the step's own shape
	KernelsDefault                 // the first candidate that fits: no time spent
	KernelsPlain                   // the readable kernel, one output per invocation
)

// deviceState is what the runtime keeps with a device.
type deviceState struct {
	weights weightStore
	tuner   *Tuner
}

type stateKey struct{}

func stateOf(d *gpu.Device) *deviceState {
	return d.Attach(stateKey{}, func() any { return &deviceState{tuner: NewTuner()} }).(*deviceState)
}

// Compile plans g for one input shape and makes it ready on d. Where the device can't take all images of the batch at once,
// and they don't depend on each other, runs take them in parts. The session must be closed; d stays open.
// Errors: those of plan.New; gpu.ErrLimit where a step needs more than the device offers; a *gpu.CompileError;
// gpu.ErrOutOfMemory; the context's.
func Compile(ctx context.Context, d *gpu.Device, g *graph.Graph, input tensor.Shape, o Options) (*Session, error) {
	begin := time.Now()
	images := input
	var first error
	for {
		s, err := compile(ctx, d, g, images, o)
		if err == nil {
			s.shape = input
			s.compile = time.Since(begin)
			return s, nil
		}
		if first == nil {
			first = err
		}
		if !errors.Is(err, gpu.ErrLimit) || images.N == 1 || !separable(g, input) {
			return nil, fmt.Errorf("compiling %s for %s: %w", g.Name, d.Info().Renderer, first)
		}
		images.N = (images.N + 1) / 2
	}
}

// separable reports that the images of a batch don't depend on each other: every value has one for each of the input's.
func separable(g *graph.Graph, input tensor.Shape) bool {
	all, err := g.Shapes(input)
	if err != nil {
		return false
	}
	input.N = 1
	one, err := g.Shapes(input)
	if err != nil {
		return false
	}
	for i := range one {
		n := all[0].N
		if one[i].N *= n; one[i] != all[i] {
			return false
		}
	}
	return true
}

// compile is Compile for a batch that the device takes at once.
func compile(ctx context.Context, d *gpu.Device, g *graph.Graph, input tensor.Shape, o Options) (*Session, error) {
	limits := d.Limits()
	p, err := plan.New(g, input, plan.Options{Off: o.Off, Target: target(d), Plain: o.Kernels == KernelsPlain, MaxWeights: min(maxBlock(limits), 64<<20)})
	if err != nil {
		return nil, err
	}
	choices, err := candidates(p, limits, target(d), o.Kernels == KernelsPlain)
	if err != nil {
		return nil, err
	}
	state := stateOf(d)
	s := &Session{
		graph: g, shape: input, plan: p, dev: d, weights: state.weights.session(d, g), steps: map[*plan.Step][]gpu.Dispatch{},
		busy: make(chan struct{}, 1),
	}
	s.busy <- struct{}{}
	if err := s.prepare(ctx, choices, o, state); err != nil {
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

// prepare chooses kernels and makes everything that a run needs.
func (s *Session) prepare(ctx context.Context, choices map[*plan.Step][]shaders.Key, o Options, state *deviceState) error {
	for step, keys := range choices {
		step.Key = keys[0]
	}
	if o.Kernels == KernelsMeasured {
		t := o.Tuner
		if t == nil {
			t = state.tuner
		}
		mark := time.Now()
		if err := s.tune(ctx, t, choices); err != nil {
			return err
		}
		s.tuning = time.Since(mark)
	}
	if err := s.plan.Place(); err != nil {
		return err
	}
	if err := s.weights.keep(s.plan.Steps()); err != nil {
		return err
	}
	if err := s.allocate(ctx); err != nil {
		return err
	}
	return s.record(ctx)
}

// allocate makes the arena, with what is the same in every run, and the parameters.
func (s *Session) allocate(ctx context.Context) error {
	var err error
	if s.arena, err = s.dev.NewBuffer(ctx, "activations", 16*s.plan.ArenaTexels); err != nil {
		return err
	}
	if err := s.uploadFixed(ctx); err != nil {
		return err
	}
	steps := s.plan.Steps()
	if len(steps) == 0 {
		return nil // the output is the input
	}
	slot := paramSlot(s.dev)
	all := make([]byte, slot*len(steps))
	for i, step := range steps {
		params := step.Params()
		copy(all[i*slot:], params.Bytes())
	}
	if s.params, err = s.dev.NewBuffer(ctx, "parameters", len(all)); err != nil {
		return err
	}
	return s.params.UploadBytes(ctx, 0, all)
}

// paramSlot is the distance between two uniform blocks.
func paramSlot(d *gpu.Device) int {
	align := max(d.Limits().UniformAlign, 16)
	return (len(new(shaders.Params).Bytes()) + align - 1) / align * align
}

// uploadFixed writes the tensors that no step writes.
func (s *Session) uploadFixed(ctx context.Context) error {
	for _, f := range s.plan.Fixed {
		sh := f.Tensor.Shape
		buf := make([]float32, 4*f.Tensor.Texels())
		shaders.PackTensor(buf, f.Data(s.graph), sh.N, sh.C, sh.H, sh.W)
		if err := s.arena.Upload(ctx, 16*f.Tensor.Base, buf); err != nil {
			return err
		}
	}
	return nil
}

// record builds every step's dispatches and puts them in stages: what may run between two barriers.
func (s *Session) record(ctx context.Context) error {
	var programs []gpu.Source
	for _, step := range s.plan.Steps() {
		programs = append(programs, sources(step, step.Key)...)
	}
	s.dev.Programs(ctx, programs)
	slot, at := paramSlot(s.dev), 0
	var pass [][]gpu.Dispatch
	for _, w := range s.plan.Waves {
		var stages []stage
		for i, step := range w.Steps {
			weights, err := s.weights.of(ctx, step, step.Key.Kernel.Layout())
			if err != nil {
				return err
			}
			b := Bindings{Arena: s.arena, Weights: weights, Params: s.params, ParamsAt: at * slot}
			if step.Scratch != nil {
				b.ScratchAt = step.Scratch.Base
			}
			at++
			xs, err := Dispatches(ctx, s.dev, step, step.Key, b)
			if err != nil {
				return err
			}
			s.steps[step] = xs
			for k, x := range xs {
				if k == len(stages) {
					stages = append(stages, stage{})
				}
				stages[k].steps = append(stages[k].steps, i)
				stages[k].dispatches = append(stages[k].dispatches, x)
			}
		}
		s.stages = append(s.stages, stages)
		for _, st := range stages {
			pass = append(pass, st.dispatches)
		}
	}
	var err error
	s.waves, err = s.dev.Record(ctx, pass)
	return err
}
