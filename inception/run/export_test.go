package run

import (
	"context"
	"time"

	"inceptiongl/gpu"
	"inceptiongl/inception/files"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/plan"
	"inceptiongl/shaders"
)

// WithLimits is o for a device that is taken to allow what change makes of its limits.
func (o Options) WithLimits(change func(*gpu.Limits)) Options {
	o.limits = func(l gpu.Limits) gpu.Limits {
		change(&l)
		return l
	}
	return o
}

// WithWork is o with so many multiplications a dispatch.
func (o Options) WithWork(most int64) Options {
	o.work = most
	return o
}

// MostWork is what a dispatch may multiply on a device of so many multiprocessors.
func MostWork(t shaders.Target) int64 { return Options{}.mostWork(t) }

// Estimate is what a step is taken to multiply with its kernel.
func Estimate(step *plan.Step) float64 {
	params := step.Params()
	return estimate(step, step.Key, &params)
}

// WithRefused is o for a driver that is taken to compile no kernel for which refuse holds.
func (o Options) WithRefused(refuse func(shaders.Key) bool) Options {
	o.refuse = func(k shaders.Key) error {
		if refuse(k) {
			return &gpu.CompileError{Name: k.Kernel.Name, Log: "refused"}
		}
		return nil
	}
	return o
}

// WithHostOrder is o for a device that converts from and to the host's order whatever has that many elements.
func (o Options) WithHostOrder(from int) Options {
	o.hostOrder = from
	return o
}

// Candidates are the kernels for each step that fit such a device, the default first.
func Candidates(p *plan.Plan, l gpu.Limits, plain bool) (map[*plan.Step][]shaders.Key, error) {
	return candidates(context.Background(), p, l, shaders.Target{Software: true}, plain)
}

// Tune chooses among these kernels with another clock.
func (t *Tuner) Tune(ctx context.Context, steps []*plan.Step, choices map[*plan.Step][]shaders.Key,
	m func(context.Context, *plan.Step, []shaders.Key) ([]time.Duration, error)) error {
	return t.tune(ctx, steps, choices, shaders.Target{}, 0, m)
}

// TuneFor is Tune for a device in numbers, within a budget.
func (t *Tuner) TuneFor(ctx context.Context, steps []*plan.Step, choices map[*plan.Step][]shaders.Key, to shaders.Target, budget time.Duration,
	m func(context.Context, *plan.Step, []shaders.Key) ([]time.Duration, error)) error {
	return t.tune(ctx, steps, choices, to, budget, m)
}

// RememberingTuner remembers in a folder what it measures on a device.
func RememberingTuner(dir string, d gpu.DeviceInfo, timestamps bool) *Tuner {
	return newTuner(newMemory(files.NewCache(dir), d, timestamps))
}

// Found is the number of shapes whose kernel is remembered.
func (t *Tuner) Found() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.found)
}

// TunerOf is the tuner that sessions on d share which use no cache.
func TunerOf(d *gpu.Device) *Tuner { return stateOf(d).forgetting }

// Stored counts g's weights on d: how many versions, in how many buffers, of how many bytes.
func Stored(d *gpu.Device, g *graph.Graph) (versions, buffers int, bytes int64) {
	s := &stateOf(d).weights
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.graphs[g]
	if w == nil {
		return 0, 0, 0
	}
	for _, p := range w.packed {
		<-p.done
		buffers++
		bytes += int64(p.buffer.Size())
	}
	return len(s.graphs), buffers, bytes
}

// WeightBuffers are those that the session uses.
func (s *Session) WeightBuffers() []*gpu.Buffer {
	var all []*gpu.Buffer
	for _, p := range s.weights.held {
		all = append(all, p.buffer)
	}
	return all
}

// Stages are, for each wave, what runs between two barriers: the indices of the wave's steps, one for each dispatch. The last is
// what the device recorded.
func (s *Session) Stages() (waves [][][]int, pass [][]gpu.Dispatch) {
	for _, stages := range s.stages {
		var wave [][]int
		for _, st := range stages {
			wave = append(wave, st.steps)
			pass = append(pass, st.dispatches)
		}
		waves = append(waves, wave)
	}
	return waves, pass
}

// Abandon leaves the weights of a step as a session of g would whose context ended while it packed them, once give is closed.
// The returned functions are that session's end, and the number of sessions that use or await these weights.
func Abandon(d *gpu.Device, g *graph.Graph, step *plan.Step, give <-chan struct{}) (end func() error, users func() int) {
	s := stateOf(d).weights.session(d, g)
	p := &packedWeights{users: 1, done: make(chan struct{})}
	id := step.WeightsID(step.Key.Kernel.Layout())
	s.store.mu.Lock()
	s.packed[id] = p
	s.store.mu.Unlock()
	go func() {
		<-give
		p.err = context.Canceled
		close(p.done)
	}()
	end = func() error {
		<-p.done
		err := s.drop(id, p)
		if err == nil {
			err = s.close()
		}
		return err
	}
	users = func() int {
		s.store.mu.Lock()
		defer s.store.mu.Unlock()
		return p.users
	}
	return end, users
}
