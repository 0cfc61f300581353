package inception

import (
	"context"
	"fmt"
	"sync"
	"time"

	"inceptiongl/gpu"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// Session is a plan made ready on a device: programs built, weights uploaded, memory reserved. It serves any number of
// goroutines, one run at a time.
type Session struct {
	plan    *Plan
	dev     *gpu.Device
	arena   *gpu.Buffer
	weights []*gpu.Buffer // as few as the device's limit allows
	params  *gpu.Buffer   // one uniform block a step
	steps   map[*Step]*placedStep
	waves   [][]gpu.Dispatch
	busy    chan struct{} // holds one token: the arena belongs to whoever has it
	staging sync.Pool     // *[]float32, what a run uploads and downloads
	closed  bool          // guarded by busy
	compile time.Duration
	tuning  time.Duration
}

// placedStep says where a step's constants are on the device.
type placedStep struct {
	weights *gpu.Buffer // nil where it has none
	params  int         // offset in Session.params
}

// Compile plans g for one input shape and makes it ready on d. The session must be closed; d stays open.
// Errors: those of NewPlan; gpu.ErrLimit where the plan needs more than the device offers; a *gpu.CompileError;
// gpu.ErrOutOfMemory.
func Compile(ctx context.Context, d *gpu.Device, g *graph.Graph, input tensor.Shape, o Options) (*Session, error) {
	begin := time.Now()
	plan, err := NewPlan(g, input, o)
	if err != nil {
		return nil, err
	}
	s := &Session{plan: plan, dev: d, steps: map[*Step]*placedStep{}, busy: make(chan struct{}, 1)}
	s.busy <- struct{}{}
	fail := func(err error) (*Session, error) {
		s.release()
		return nil, fmt.Errorf("compiling %s for %s: %w", g.Name, d.Info().Renderer, err)
	}
	if err := plan.fit(d.Limits()); err != nil {
		return fail(err)
	}
	if err := s.allocate(ctx); err != nil {
		return fail(err)
	}
	if o.Kernels == KernelsMeasured {
		t := o.Tuner
		if t == nil {
			t = &Tuner{}
		}
		mark := time.Now()
		if err := t.tune(ctx, plan.Steps(), s.measure); err != nil {
			return fail(err)
		}
		s.tuning = time.Since(mark)
	}
	for _, w := range plan.Waves {
		var wave []gpu.Dispatch
		for _, step := range w.Steps {
			x, err := s.dispatch(ctx, step, step.Key)
			if err != nil {
				return fail(err)
			}
			wave = append(wave, x)
		}
		s.waves = append(s.waves, wave)
	}
	s.compile = time.Since(begin)
	return s, nil
}

// Plan is what the session runs. It must not be changed.
func (s *Session) Plan() *Plan { return s.plan }

// Device is the device that the session runs on.
func (s *Session) Device() *gpu.Device { return s.dev }

// CompileTime is how long Compile took, and how much of that went into measuring kernels.
func (s *Session) CompileTime() (total, measuring time.Duration) { return s.compile, s.tuning }

// Run computes the network's first output for x, which must have the shape that the session was compiled for. Runs from
// several goroutines take turns. Errors: a wrong shape; gpu.ErrClosed; gpu.ErrContextLost; the context's.
func (s *Session) Run(ctx context.Context, x *tensor.Tensor) (*tensor.Tensor, error) {
	ys, _, err := s.run(ctx, x, s.plan.Outputs[:1], false)
	if err != nil {
		return nil, err
	}
	return ys[0], nil
}

// RunAll is Run with all of the network's outputs, in order.
func (s *Session) RunAll(ctx context.Context, x *tensor.Tensor) ([]*tensor.Tensor, error) {
	ys, _, err := s.run(ctx, x, s.plan.Outputs, false)
	return ys, err
}

// RunTimed is Run with the pass's timing. With perStep the GPU stamps every step, which keeps steps from overlapping on
// some devices; without it only the wall time on the GL thread is known.
func (s *Session) RunTimed(ctx context.Context, x *tensor.Tensor, perStep bool) (*tensor.Tensor, gpu.Timing, error) {
	ys, t, err := s.run(ctx, x, s.plan.Outputs[:1], perStep)
	if err != nil {
		return nil, t, err
	}
	return ys[0], t, nil
}

// run is one pass: the upload, the waves, a download of each wanted tensor.
func (s *Session) run(ctx context.Context, x *tensor.Tensor, wanted []*Placed, perStep bool) ([]*tensor.Tensor, gpu.Timing, error) {
	if err := s.checkInput(x); err != nil {
		return nil, gpu.Timing{}, err
	}
	size := 4 * s.plan.Input.Texels()
	for _, t := range wanted {
		size += 4 * t.Texels()
	}
	buf, _ := s.staging.Get().(*[]float32)
	if buf == nil || len(*buf) < size {
		b := make([]float32, size)
		buf = &b
	}
	defer s.staging.Put(buf)
	rest := *buf
	take := func(t *Placed) gpu.Transfer {
		data := rest[:4*t.Texels()]
		rest = rest[len(data):]
		return gpu.Transfer{Buffer: s.arena, Offset: 16 * t.Base, Data: data}
	}
	pass := &gpu.Pass{Uploads: []gpu.Transfer{take(s.plan.Input)}, Waves: s.waves, Time: perStep}
	pack(pass.Uploads[0].Data, x)
	for _, t := range wanted {
		pass.Downloads = append(pass.Downloads, take(t))
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return nil, gpu.Timing{}, err
	}
	timing, err := s.dev.Run(ctx, pass)
	unlock()
	if err != nil {
		return nil, timing, fmt.Errorf("running %s: %w", s.plan.Name, err)
	}
	var ys []*tensor.Tensor
	for i, t := range wanted {
		ys = append(ys, unpack(pass.Downloads[i].Data, t.Shape))
	}
	return ys, timing, nil
}

// Close frees the session's memory on the device. It waits for a run in progress; later runs fail with gpu.ErrClosed.
func (s *Session) Close() error {
	<-s.busy
	defer func() { s.busy <- struct{}{} }()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.release()
}

func (s *Session) checkInput(x *tensor.Tensor) error {
	if err := x.Check(); err != nil {
		return fmt.Errorf("running %s: input: %w", s.plan.Name, err)
	}
	if x.Shape != s.plan.Input.Shape {
		return fmt.Errorf("running %s: input has shape %v, the session was compiled for %v", s.plan.Name, x.Shape, s.plan.Input.Shape)
	}
	return nil
}

// lock waits for the arena; the returned function gives it back.
func (s *Session) lock(ctx context.Context) (unlock func(), err error) {
	select {
	case <-s.busy:
	case <-ctx.Done():
		return nil, fmt.Errorf("running %s: waiting for a run in progress: %w", s.plan.Name, context.Cause(ctx))
	}
	if s.closed {
		s.busy <- struct{}{}
		return nil, fmt.Errorf("running %s: session: %w", s.plan.Name, gpu.ErrClosed)
	}
	return func() { s.busy <- struct{}{} }, nil
}

func pack(dst []float32, t *tensor.Tensor) { shaders.PackTensor(dst, t.Data, t.N, t.C, t.H, t.W) }

func unpack(src []float32, shape tensor.Shape) *tensor.Tensor {
	t := tensor.New(shape)
	shaders.UnpackTensor(t.Data, src, shape.N, shape.C, shape.H, shape.W)
	return t
}

// WeightsBytes is the size of the weights on the device, as packed for its kernels.
func (s *Session) WeightsBytes() int64 {
	var n int64
	for _, b := range s.weights {
		n += int64(b.Size())
	}
	return n
}
