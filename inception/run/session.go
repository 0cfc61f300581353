package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"inceptiongl/gpu"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// ErrWeightsChanged means that the graph's weights were replaced after the session was compiled: it would give the answers of
// the old ones. Compile again.
var ErrWeightsChanged = errors.New("the graph's weights have changed since it was compiled: compile it again")

// Session is a plan made ready on a device: kernels chosen, programs built, weights uploaded, memory reserved. It serves any
// number of goroutines, one run at a time.
type Session struct {
	graph   *graph.Graph
	shape   tensor.Shape // of the input
	notes   []string
	refuse  func(shaders.Key) error
	finite  graph.Finite
	checked []graph.Value // what runs look at: the plan's last outputs
	fewer   bool          // runs may have fewer images: none depends on another
	plan    *plan.Plan    // for as many of its images as the device takes at once
	dev     *gpu.Device
	arena   *gpu.Buffer
	params  *gpu.Buffer // one uniform block a dispatch
	most    int64       // multiplications of a dispatch
	weights *sessionWeights
	steps   map[*plan.Step][]gpu.Dispatch // with a barrier between
	stages  [][]stage                     // of each wave
	waves   *gpu.Recording                // all of it
	busy    chan struct{}                 // holds one token: whoever has it queues work on the arena
	staging sync.Pool                     // *[]float32, what a run uploads and downloads
	closed  bool                          // guarded by busy
	compile time.Duration
	tuning  time.Duration
}

// stage is what runs between two barriers: a wave has several where a kernel of one of its steps has several dispatches.
type stage struct {
	steps      []int // of the wave, for each dispatch
	dispatches []gpu.Dispatch
}

// Plan is what the session runs. It must not be changed.
func (s *Session) Plan() *plan.Plan { return s.plan }

// Device is the device that the session runs on.
func (s *Session) Device() *gpu.Device { return s.dev }

// Notes say what a person who looks into a driver may want to know: kernels that it refused to compile, and others took their place.
func (s *Session) Notes() []string { return s.notes }

// Input is the shape that the session was compiled for.
func (s *Session) Input() tensor.Shape { return s.shape }

// Outputs are the shapes of the network's outputs, for as many images as the session was compiled for.
func (s *Session) Outputs() []tensor.Shape { return s.outputs(s.shape.N) }

// outputs are the outputs' shapes for that many images.
func (s *Session) outputs(images int) []tensor.Shape {
	shapes := make([]tensor.Shape, s.public())
	for i, t := range s.plan.Outputs[:len(shapes)] {
		shapes[i] = t.Shape
		if images != s.plan.Input.Shape.N { // only where every value has as many for each image: see separable
			shapes[i].N = s.at(images, t)
		}
	}
	return shapes
}

// public is how many outputs the network has.
func (s *Session) public() int { return len(s.plan.Outputs) - len(s.checked) }

// at is where the images begin in an output that come of the input's from n on.
func (s *Session) at(n int, output plan.Port) int {
	return n * output.Shape.N / s.plan.Input.Shape.N
}

// CompileTime is how long Compile took, and how much of that went into measuring kernels.
func (s *Session) CompileTime() (total, measuring time.Duration) { return s.compile, s.tuning }

// Run computes the network's first output for x, which must have the shape that the session was compiled for, or fewer images where
// none depends on another: they take as long as all. Runs from several goroutines take turns on the device; one's tensors are
// converted while another computes, and on hardware they go to the device and back meanwhile. Errors: a wrong shape; ErrWeightsChanged; gpu.ErrClosed; gpu.ErrContextLost; the context's.
func (s *Session) Run(ctx context.Context, x *tensor.Tensor) (*tensor.Tensor, error) {
	ys, _, err := s.run(ctx, x, 1, false)
	if err != nil {
		return nil, err
	}
	return ys[0], nil
}

// RunAll is Run with all of the network's outputs, in order.
func (s *Session) RunAll(ctx context.Context, x *tensor.Tensor) ([]*tensor.Tensor, error) {
	ys, _, err := s.RunAllTimed(ctx, x)
	return ys, err
}

// RunInto is RunAll into memory that the caller owns: a tensor for each of the first outputs, of its shape. After an error
// their contents are undefined.
func (s *Session) RunInto(ctx context.Context, x *tensor.Tensor, ys ...*tensor.Tensor) error {
	if err := s.checkInput(x); err != nil {
		return err
	}
	shapes := s.outputs(x.N)
	if len(ys) == 0 || len(ys) > len(shapes) {
		return fmt.Errorf("running %s: %d tensors given for its %d outputs", s.graph.Name, len(ys), len(shapes))
	}
	for i, y := range ys {
		if err := y.Check(); err != nil {
			return fmt.Errorf("running %s: output %d: %w", s.graph.Name, i, err)
		}
		if y.Shape != shapes[i] {
			return fmt.Errorf("running %s: output %d has shape %v, the tensor given has %v", s.graph.Name, i, shapes[i], y.Shape)
		}
	}
	_, err := s.runInto(ctx, x, ys, false)
	return err
}

// Timing says where a run spent its time.
type Timing struct {
	Total time.Duration     // the waves, on the GPU; 0 without steps' times
	Waves []time.Duration   // each with its barriers; they add up to Total
	Steps [][]time.Duration // of each wave
	Wall  time.Duration     // on the GL thread, transfers included
}

// RunTimed is Run with timing. With perStep the GPU stamps every dispatch, which keeps steps from overlapping on some devices;
// without it only the wall time on the GL thread is known.
func (s *Session) RunTimed(ctx context.Context, x *tensor.Tensor, perStep bool) (*tensor.Tensor, Timing, error) {
	ys, t, err := s.run(ctx, x, 1, perStep)
	if err != nil {
		return nil, t, err
	}
	return ys[0], t, nil
}

// RunAllTimed is RunAll with the wall time on the GL thread.
func (s *Session) RunAllTimed(ctx context.Context, x *tensor.Tensor) ([]*tensor.Tensor, Timing, error) {
	return s.run(ctx, x, s.public(), false)
}

// run makes the first outputs' tensors and fills them.
func (s *Session) run(ctx context.Context, x *tensor.Tensor, outputs int, perStep bool) ([]*tensor.Tensor, Timing, error) {
	if err := s.checkInput(x); err != nil {
		return nil, Timing{}, err
	}
	var ys []*tensor.Tensor
	for _, shape := range s.outputs(x.N)[:outputs] {
		ys = append(ys, tensor.New(shape))
	}
	t, err := s.runInto(ctx, x, ys, perStep)
	return ys, t, err
}

// runInto computes the first len(ys) outputs: one pass for as many images as the plan has.
func (s *Session) runInto(ctx context.Context, x *tensor.Tensor, ys []*tensor.Tensor, perStep bool) (Timing, error) {
	var all Timing
	if err := s.checkInput(x); err != nil {
		return all, err
	}
	if !s.weights.unchanged() {
		return all, fmt.Errorf("running %s: %w", s.graph.Name, ErrWeightsChanged)
	}
	images := min(x.N, s.plan.Input.Shape.N)
	looks := s.looks(x.N)
	size := s.floats(s.plan.Input, images)
	from := s.downloads(len(ys))
	for _, o := range from {
		size += s.floats(o, images)
	}
	buf, _ := s.staging.Get().(*[]float32)
	if buf == nil || len(*buf) < size {
		b := make([]float32, size)
		buf = &b
	}
	defer s.staging.Put(buf)
	pass := s.transfers(*buf, len(ys), images)
	pass.Time = perStep
	first := s.firsts(x.N)
	to := slices.Concat(ys, looks)
	s.pack(pass.Uploads[0].Data, x, first[0], images) // while another run may have the device
	release, err := s.lock(ctx)
	if err != nil {
		return all, err
	}
	unlock := sync.OnceFunc(release)
	defer unlock()
	for i, n := range first {
		if i > 0 {
			s.pack(pass.Uploads[0].Data, x, n, images)
		}
		if i == len(first)-1 {
			pass.Queued = unlock // another run may have the arena once the GPU has all of this one
		}
		t, err := s.dev.Run(ctx, pass)
		if i == len(first)-1 {
			unlock() // or while this one unpacks
		}
		if err != nil {
			return all, fmt.Errorf("running %s: %w", s.graph.Name, err)
		}
		all.add(s.timing(t))
		for k, t := range pass.Downloads {
			unpack(to[k], s.at(n, from[k]), t.Data, from[k], s.at(images, from[k]))
		}
	}
	if err := s.finite.CheckAll(s.graph, s.checked, looks); err != nil {
		return all, fmt.Errorf("running %s: %w", s.graph.Name, err)
	}
	return all, nil
}

// downloads are the tensors that a run brings back: the first outputs, and what it looks at.
func (s *Session) downloads(outputs int) []plan.Port {
	return slices.Concat(s.plan.Outputs[:outputs], s.plan.Outputs[s.public():])
}

// looks is room for what a run of that many images looks at.
func (s *Session) looks(images int) []*tensor.Tensor {
	var all []*tensor.Tensor
	for _, o := range s.plan.Outputs[s.public():] {
		shape := o.Shape
		if images != s.plan.Input.Shape.N {
			shape.N = s.at(images, o)
		}
		all = append(all, tensor.New(shape))
	}
	return all
}

// floats is the size of a tensor's part for that many images, which stand at its beginning.
func (s *Session) floats(t plan.Port, images int) int {
	if images == s.plan.Input.Shape.N {
		return 4 * t.Texels()
	}
	return 4 * t.Texels() / s.plan.Input.Shape.N * images
}

// firsts are the first images of each pass. The last pass overlaps the one before where the plan's images don't divide all.
func (s *Session) firsts(images int) []int {
	each := s.plan.Input.Shape.N
	all := []int{0}
	for n := each; n < images; n += each {
		all = append(all, min(n, images-each))
	}
	return all
}

// transfers is the pass with room in buf for that many images of the input and of the first outputs.
func (s *Session) transfers(buf []float32, outputs, images int) *gpu.Pass {
	take := func(t plan.Port) gpu.Transfer {
		data := buf[:s.floats(t, images)]
		buf = buf[len(data):]
		return gpu.Transfer{Buffer: s.arena, Offset: 16 * t.Base, Data: data}
	}
	pass := &gpu.Pass{Uploads: []gpu.Transfer{take(s.plan.Input)}, Recording: s.waves}
	for _, t := range s.downloads(outputs) {
		pass.Downloads = append(pass.Downloads, take(t))
	}
	return pass
}

// pack brings n images of x, from the first on, into the order that the plan's input has.
func (s *Session) pack(dst []float32, x *tensor.Tensor, first, n int) {
	image := x.C * x.H * x.W
	if s.plan.Input.InOrder() {
		copy(dst, x.Data[first*image:][:n*image])
		return
	}
	shaders.PackTensor(dst, x.Data[first*image:], n, x.C, x.H, x.W)
}

// unpack brings n images of an output, from what was downloaded, into y from the first on.
func unpack(y *tensor.Tensor, first int, src []float32, o plan.Port, n int) {
	image := y.C * y.H * y.W
	if o.InOrder() {
		copy(y.Data[first*image:], src[:n*image])
		return
	}
	shaders.UnpackTensor(y.Data[first*image:], src, n, y.C, y.H, y.W)
}

// timing adds up the dispatches of each step.
func (s *Session) timing(t gpu.Timing) Timing {
	sum := Timing{Total: t.Total, Wall: t.Wall}
	if t.Waves == nil {
		return sum
	}
	at := 0
	for w, stages := range s.stages {
		steps := make([]time.Duration, len(s.plan.Waves[w].Steps))
		var wave time.Duration
		for _, st := range stages {
			for i, step := range st.steps {
				steps[step] += t.Dispatches[at][i]
			}
			wave += t.Waves[at]
			at++
		}
		sum.Waves, sum.Steps = append(sum.Waves, wave), append(sum.Steps, steps)
	}
	return sum
}

// add is the time of two passes.
func (t *Timing) add(u Timing) {
	t.Total += u.Total
	t.Wall += u.Wall
	if t.Waves == nil {
		t.Waves, t.Steps = u.Waves, u.Steps
		return
	}
	for w := range t.Waves {
		t.Waves[w] += u.Waves[w]
		for i := range t.Steps[w] {
			t.Steps[w][i] += u.Steps[w][i]
		}
	}
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

// release frees every buffer that there is.
func (s *Session) release() error {
	errs := []error{s.weights.close()}
	for _, b := range []*gpu.Buffer{s.arena, s.params} {
		if b != nil {
			errs = append(errs, b.Close())
		}
	}
	return errors.Join(errs...)
}

func (s *Session) checkInput(x *tensor.Tensor) error {
	if err := x.Check(); err != nil {
		return fmt.Errorf("running %s: input: %w", s.graph.Name, err)
	}
	want := s.shape
	if s.fewer && x.N < want.N {
		want.N = x.N
	}
	if x.Shape != want {
		return fmt.Errorf("running %s: input has shape %v, the session was compiled for %v", s.graph.Name, x.Shape, s.shape)
	}
	return nil
}

// lock waits for the arena; the returned function gives it back.
func (s *Session) lock(ctx context.Context) (unlock func(), err error) {
	select {
	case <-s.busy:
	case <-ctx.Done():
		return nil, fmt.Errorf("running %s: waiting for a run in progress: %w", s.graph.Name, context.Cause(ctx))
	}
	if s.closed {
		s.busy <- struct{}{}
		return nil, fmt.Errorf("running %s: session: %w", s.graph.Name, gpu.ErrClosed)
	}
	return func() { s.busy <- struct{}{} }, nil
}

// Bytes is the session's own memory on the device: activations and parameters. Weights are shared: see WeightsBytes.
func (s *Session) Bytes() int64 {
	n := int64(s.arena.Size())
	if s.params != nil {
		n += int64(s.params.Size())
	}
	return n
}

// WeightsBytes is the size of the weights on the device, as packed for the session's kernels. Sessions of one graph on one
// device share them.
func (s *Session) WeightsBytes() int64 { return s.weights.bytes() }
