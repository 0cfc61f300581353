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
	"slices"
	"time"

	"inceptiongl/gpu"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// Options says how to compile. The zero value uses every rewrite, and chooses kernels without taking long.
type Options struct {
	Off     plan.Rewrite // rewrites to switch off; plan.AllRewrites gives a framework-like plan
	Kernels Kernels
	NoCache bool   // neither use nor keep measurements in the user's cache folder
	Tuner   *Tuner // remembers measurements; nil is the one that all sessions on the device share
	// TakeWeights: the graph's weights go one by one, as each is on the device, so that memory never has all of them twice. Where
	// compiling fails, some may be gone.
	TakeWeights bool
	// Exact computes every operator as the network has it: without the rewrites and kernels that are right in their rounding, but round, and
	// overflow, elsewhere (plan.Inexact, Winograd).
	Exact bool
	// Finite says which values runs look at for NaN and infinities: see graph.Finite. A run that finds some gives graph.ErrNotFinite.
	Finite graph.Finite
	// Choose picks a step's kernel, of those that fit or another that does, in place of Kernels: for programs that compare
	// kernels. nil leaves it to Kernels.
	Choose func(step *plan.Step, fit []shaders.Key) shaders.Key

	refuse    func(shaders.Key) error     // why the driver is taken to compile a kernel not; nil: whatever it says
	limits    func(gpu.Limits) gpu.Limits // what the device is taken to allow; nil: what it says
	hostOrder int                         // from how many elements on the device converts from and to the host's order; 0: the rule
	work      int64                       // multiplications of a dispatch; 0: what suits the device
}

// Kernels is how kernels are chosen.
type Kernels int

// The ways to choose kernels.
const (
	// KernelsAuto takes what was measured earlier, by whatever program, else a rule by device and shape. On hardware it measures
	// too, for at most autoBudget. On software drivers a candidate takes longer to compile than a choice would save in many runs.
	KernelsAuto     Kernels = iota
	KernelsMeasured         // candidates are timed on the device, on the step's own shape, however long it takes
	KernelsDefault          // the rule alone
	KernelsPlain            // the readable kernel, one output per invocation
)

// autoBudget is what a compile spends on measuring unless asked for more.
const autoBudget = 500 * time.Millisecond

// hostOrderFrom is how many elements a GPU converts from and to the host's order: a dispatch takes it some 5 µs, and a core of the
// host half a nanosecond an element (BenchmarkPackTensor).
const hostOrderFrom = 1 << 14

// deviceState is what the runtime keeps with a device.
type deviceState struct {
	weights           weightStore
	tuner, forgetting *Tuner // forgetting has no memory beyond this process
}

type stateKey struct{}

func stateOf(d *gpu.Device) *deviceState {
	return d.Attach(stateKey{}, func() any {
		return &deviceState{tuner: newTuner(newMemory(userCache(), d.Info(), d.Limits().Timestamps)), forgetting: NewTuner()}
	}).(*deviceState)
}

// Compile plans g for one input shape and makes it ready on d. Where the device can't take all images of the batch at once, or a
// software driver would compute them by another kernel than one, and they don't depend on each other, runs take them in parts. A step that
// would keep a GPU for half a second or more takes several dispatches. The session must be closed; d stays open.
// Errors: those of plan.New; gpu.ErrLimit where a step needs more than the device offers; a *gpu.CompileError;
// gpu.ErrOutOfMemory; the context's.
func Compile(ctx context.Context, d *gpu.Device, g *graph.Graph, input tensor.Shape, o Options) (*Session, error) {
	begin := time.Now()
	images := input
	if o.hostOrder == 0 && !d.Info().Software { // else the device is the host's own cores, which need no dispatch for it
		o.hostOrder = hostOrderFrom
	}
	var first error
	for {
		s, err := compile(ctx, d, g, images, o)
		if err == nil {
			s.shape, s.fewer = input, g.Separable(input)
			s.compile = time.Since(begin)
			return s, nil
		}
		if first == nil {
			first = err
		}
		switch {
		case errors.Is(err, errOutgrown):
			images.N, first = (images.N+1)/2, nil
		case !errors.Is(err, gpu.ErrLimit):
			return nil, fmt.Errorf("compiling %s for %s: %w", g.Name, d.Info().Renderer, err)
		case o.hostOrder > 0: // the device would have to write what else it only reads
			o.hostOrder, first = 0, nil
		case images.N > 1 && g.Separable(input):
			images.N = (images.N + 1) / 2
		case o.Off&plan.MergePointwise == 0: // a step with several destinations binds all that lies between them
			o.Off |= plan.MergePointwise
			images = input
		default:
			return nil, fmt.Errorf("compiling %s for %s: %w", g.Name, d.Info().Renderer, first)
		}
	}
}

// compile is Compile for a batch that the device takes at once.
func compile(ctx context.Context, d *gpu.Device, g *graph.Graph, input tensor.Shape, o Options) (*Session, error) {
	limits := d.Limits()
	if o.limits != nil {
		limits = o.limits(limits)
	}
	if o.Exact {
		o.Off |= plan.Inexact
	}
	checked := o.Finite.Checked(g)
	planned := *g // its outputs and, behind them, what runs look at
	planned.Outputs = slices.Concat(g.Outputs, checked)
	p, err := plan.New(ctx, &planned, input, plan.Options{
		Off: o.Off, Target: target(d), Plain: o.Kernels == KernelsPlain, MaxWeights: min(maxBlock(limits), 64<<20),
		HostOrder: o.hostOrder,
	})
	if errors.Is(err, plan.ErrNoKernel) {
		err = fmt.Errorf("%w: %w", err, gpu.ErrLimit)
	}
	if err != nil {
		return nil, err
	}
	if target(d).Software && !o.Exact && input.N > 1 && outgrown(p, limits) && g.Separable(input) {
		return nil, errOutgrown
	}
	choices, err := candidates(ctx, p, limits, target(d), o.Kernels == KernelsPlain)
	if err != nil {
		return nil, err
	}
	if o.Exact {
		for step, keys := range choices {
			choices[step] = slices.DeleteFunc(keys, func(k shaders.Key) bool { return k.Kernel == shaders.Winograd }) // others serve whatever it does
		}
	}
	state := stateOf(d)
	s := &Session{
		refuse: o.refuse,
		finite: o.Finite, checked: checked,
		graph: g, shape: input, plan: p, dev: d, weights: state.weights.session(d, g), steps: map[*plan.Step][]gpu.Dispatch{},
		busy: make(chan struct{}, 1), most: o.mostWork(target(d)),
	}
	s.busy <- struct{}{}
	if err := s.prepare(ctx, choices, o, state, limits); err != nil {
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

// prepare chooses kernels and makes everything that a run needs.
func (s *Session) prepare(ctx context.Context, choices map[*plan.Step][]shaders.Key, o Options, state *deviceState, limits gpu.Limits) error {
	for step, keys := range choices {
		step.Key = keys[0]
		if o.Choose != nil {
			step.Key = o.Choose(step, keys)
			params := step.Params()
			if err := step.Key.Check(&params, target(s.dev)); err != nil {
				return fmt.Errorf("step %s: the kernel that was chosen: %w", step.Name, err)
			}
		}
	}
	if err := s.chooseKernels(ctx, choices, o, state); err != nil {
		return err
	}
	if err := s.replaceRefused(ctx, choices, o); err != nil {
		return err
	}
	if err := s.plan.Place(ctx); err != nil {
		return err
	}
	for step := range choices { // once more: a kernel's scratch may have moved tensors apart that one step writes
		if err := misfit(step.Key, step, limits); err != nil {
			return fmt.Errorf("step %s does not fit the device: %w: %w", step.Name, err, gpu.ErrLimit)
		}
	}
	if err := s.weights.keep(s.plan.Steps()); err != nil {
		return err
	}
	var taken *taker
	if o.TakeWeights {
		taken = newTaker(s.graph, &s.weights.store.mu, s.plan.Steps())
		defer taken.end() // last: what else compiling leaves behind goes, too
	}
	// First what doesn't change from run to run: the graph's weights may go then, and leave room.
	if err := s.weights.send(ctx, s.plan.Steps(), taken.packed); err != nil {
		return err
	}
	taken.wait()                            // the arena takes what they leave
	if err := s.allocate(ctx); err != nil { // constants are among the graph's weights
		return err
	}
	return s.record(ctx)
}

// chooseKernels sets the steps' kernels where something better than the rule is known or can be measured.
func (s *Session) chooseKernels(ctx context.Context, choices map[*plan.Step][]shaders.Key, o Options, state *deviceState) error {
	if o.Choose != nil {
		return nil // it has
	}
	t := o.Tuner
	switch {
	case t != nil:
	case o.NoCache:
		t = state.forgetting
	default:
		t = state.tuner
	}
	begin := time.Now()
	defer func() { s.tuning = time.Since(begin) }()
	switch {
	case o.Kernels == KernelsMeasured:
		return s.tune(ctx, t, choices, 0)
	case o.Kernels == KernelsAuto && target(s.dev).Software:
		t.recall(s.plan.Steps(), choices)
	case o.Kernels == KernelsAuto:
		return s.tune(ctx, t, choices, autoBudget)
	}
	return nil
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
	var all []byte
	for _, step := range steps {
		blocks, err := paramBlocks(step, step.Key, s.most, slot)
		if err != nil {
			return err
		}
		all = append(all, blocks...)
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

var errDropped = errors.New("the graph has dropped its weights")

// uploadFixed writes the tensors that no step writes.
func (s *Session) uploadFixed(ctx context.Context) error {
	for _, f := range s.plan.Fixed {
		sh, data := f.Tensor.Shape, f.Data(s.graph)
		if len(data) != sh.Len() {
			return fmt.Errorf("constant %s: %w", f.Tensor.Name, errDropped)
		}
		buf := make([]float32, 4*f.Tensor.Texels())
		shaders.PackTensor(buf, data, sh.N, sh.C, sh.H, sh.W)
		if err := s.arena.Upload(ctx, 16*f.Tensor.Base, buf); err != nil {
			return err
		}
	}
	return nil
}

// record builds every step's dispatches and puts them in stages: what may run between two barriers.
func (s *Session) record(ctx context.Context) error {
	slot, at := paramSlot(s.dev), 0
	var pass [][]gpu.Dispatch
	for _, w := range s.plan.Waves {
		var stages []stage
		for i, step := range w.Steps {
			weights, err := s.weights.of(ctx, step, step.Key.Kernel.Layout(), nil) // by now it is there
			if err != nil {
				return err
			}
			b := Bindings{Arena: s.arena, Weights: weights, Params: s.params, ParamsAt: at * slot}
			if step.Scratch != nil {
				b.ScratchAt = step.Scratch.Base
			}
			xs, err := Dispatches(ctx, s.dev, step, step.Key, s.most, b)
			if err != nil {
				return err
			}
			at += len(xs)
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
