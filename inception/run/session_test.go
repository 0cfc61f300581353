package run_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"inceptiongl/cpuref"
	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// small is a module that runs in a moment, with weights of the seed.
func small(seed uint64) nettest.Network {
	n := nettest.Of("small", inception.InceptionA(5), nettest.Shape(1, 5, 6, 7))
	inception.InitHe(n.Graph, seed)
	return n
}

func compile(t *testing.T, d *gpu.Device, n nettest.Network) *run.Session {
	t.Helper()
	s, err := run.Compile(context.Background(), d, n.Graph, n.Input, run.Options{Kernels: run.KernelsDefault})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// question is an input with its answer.
type question struct{ x, want *tensor.Tensor }

func questions(t *testing.T, n nettest.Network, seed uint64, count int) []question {
	t.Helper()
	var all []question
	for i := range count {
		x := inception.RandomInput(n.Input, seed+uint64(i))
		y, err := cpuref.Run(context.Background(), n.Graph, x)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, question{x, y})
	}
	return all
}

// TestManyGoroutines: runs take turns, and each gets its own answer.
func TestManyGoroutines(t *testing.T) {
	seed := nettest.Seed(t)
	n := small(seed)
	s := compile(t, gputest.Open(t), n)
	qs := questions(t, n, seed, 8)
	if nettest.CloseTo(qs[0].want, qs[1].want, 1e-3) == nil {
		t.Fatal("the answers are alike: a mix-up would not show")
	}
	var wg sync.WaitGroup
	for _, q := range qs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 5 {
				y, err := s.Run(context.Background(), q.x)
				if err == nil {
					err = nettest.CloseTo(y, q.want, 1e-4)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	wg.Wait()
}

// TestRunErrors: a run that can't be is an error, and the session serves on.
func TestRunErrors(t *testing.T) {
	seed := nettest.Seed(t)
	n := small(seed)
	s := compile(t, gputest.Open(t), n)
	q := questions(t, n, seed, 1)[0]
	ctx := context.Background()
	for name, x := range map[string]*tensor.Tensor{
		"is nil":                     nil,
		"input has shape 2×5×6×7":    tensor.New(nettest.Shape(2, 5, 6, 7)),
		"input has shape 1×5×7×6":    tensor.New(nettest.Shape(1, 5, 7, 6)), // as many elements
		"needs 210 elements, has 9":  {Shape: n.Input, Data: make([]float32, 9)},
		"needs 210 elements, has 0":  {Shape: n.Input},
		"C is 0, must be at least 1": {Shape: nettest.Shape(1, 0, 6, 7)},
	} {
		if _, err := s.Run(ctx, x); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("Run: error is %v, want one with %q", err, name)
		}
		if _, err := s.Trace(ctx, x, func(run.StepTrace) error { return nil }); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("Trace: error is %v, want one with %q", err, name)
		}
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	for range 20 { // the session is free, so that both ways out of its lock come up
		if _, err := s.Run(done, q.x); !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled context: error is %v, want context.Canceled", err)
		}
	}
	// A run that waits for another one: Trace keeps the session while it shows a step.
	mine := errors.New("no time for that")
	short, cancelShort := context.WithTimeoutCause(ctx, time.Millisecond, mine)
	defer cancelShort()
	_, err := s.Trace(ctx, q.x, func(run.StepTrace) error {
		_, err := s.Run(short, q.x)
		return err
	})
	if !errors.Is(err, mine) {
		t.Errorf("waiting with a deadline: error is %v, want the context's cause", err)
	}
	other := compile(t, gputest.Open(t), n)
	if _, err := s.TimeStep(ctx, other.Plan().Steps()[0]); err == nil {
		t.Error("TimeStep takes a step of another session")
	}
	y, err := s.Run(ctx, q.x)
	if err == nil {
		err = nettest.CloseTo(y, q.want, 1e-4)
	}
	if err != nil {
		t.Errorf("after the errors: %v", err)
	}
}

// TestRunInto: the answer goes to the caller's memory, whole and nowhere else; what isn't the outputs' is refused.
func TestRunInto(t *testing.T) {
	seed := nettest.Seed(t)
	n := nettest.Find(t, "several outputs")
	inception.InitHe(n.Graph, seed)
	s := compile(t, gputest.Open(t), n)
	ctx := context.Background()
	x := inception.RandomInput(n.Input, seed)
	want, err := s.RunAll(ctx, x)
	if err != nil {
		t.Fatal(err)
	}
	shapes := s.Outputs()
	for count := 1; count <= len(shapes); count++ {
		var ys []*tensor.Tensor
		var memory [][]float32 // with a guard behind each
		for _, shape := range shapes[:count] {
			m := make([]float32, shape.Len()+4)
			for i := range m {
				m[i] = -77
			}
			memory = append(memory, m)
			ys = append(ys, &tensor.Tensor{Shape: shape, Data: m[:shape.Len()]})
		}
		if err := s.RunInto(ctx, x, ys...); err != nil {
			t.Fatal(err)
		}
		for i, y := range ys {
			if &y.Data[0] != &memory[i][0] || !sameBits(y, want[i]) {
				t.Errorf("output %d of %d is elsewhere, or another than Run's", i, count)
			}
			if !slices.Equal(memory[i][len(y.Data):], []float32{-77, -77, -77, -77}) {
				t.Errorf("output %d of %d: memory behind it was changed", i, count)
			}
		}
	}
	// Another run leaves what the caller has alone.
	mine := tensor.New(shapes[0])
	if err := s.RunInto(ctx, x, mine); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Run(ctx, inception.RandomInput(n.Input, seed+1)); err != nil {
		t.Fatal(err)
	}
	if !sameBits(mine, want[0]) {
		t.Error("a later run changed an earlier one's answer")
	}

	y := tensor.New(shapes[0])
	turned := tensor.New(nettest.Shape(shapes[0].N, shapes[0].C, shapes[0].W, shapes[0].H)) // as many elements
	for says, ys := range map[string][]*tensor.Tensor{
		"0 tensors given for its 5 outputs":      {},
		"6 tensors given for its 5 outputs":      {y, y, y, y, y, y},
		"output 0: tensor is nil":                {nil},
		"output 0 has shape 1×8×4×5, the tensor": {turned},
		"output 1 has shape 1×3×4×5, the tensor": {y, y},
		"needs 160 elements, has 3":              {{Shape: shapes[0], Data: make([]float32, 3)}},
	} {
		if err := s.RunInto(ctx, x, ys...); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error is %v, want one with %q", err, says)
		}
	}
	if err := s.RunInto(ctx, tensor.New(nettest.Shape(2, 6, 4, 5)), y); err == nil || !strings.Contains(err.Error(), "input has shape 2×6×4×5") {
		t.Errorf("another batch: error is %v", err)
	}
}

func TestRunTimed(t *testing.T) {
	seed := nettest.Seed(t)
	n := small(seed)
	s := compile(t, gputest.Open(t), n)
	q := questions(t, n, seed, 1)[0]
	y, timing, err := s.RunTimed(context.Background(), q.x, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := nettest.CloseTo(y, q.want, 1e-4); err != nil {
		t.Error(err)
	}
	if len(timing.Waves) != len(s.Plan().Waves) || len(timing.Steps) != len(s.Plan().Waves) {
		t.Fatalf("%d waves timed, %d of them by step, want %d", len(timing.Waves), len(timing.Steps), len(s.Plan().Waves))
	}
	for i, w := range s.Plan().Waves {
		if len(timing.Steps[i]) != len(w.Steps) {
			t.Errorf("wave %d: %d steps timed, want %d", i+1, len(timing.Steps[i]), len(w.Steps))
		}
	}
	for _, step := range s.Plan().Steps() {
		if _, err := s.TimeStep(context.Background(), step); err != nil {
			t.Errorf("step %s: %v", step.Name, err)
		}
	}
}

// wantClosed: everything that needs the device says gpu.ErrClosed.
func wantClosed(t *testing.T, s *run.Session, x *tensor.Tensor) {
	t.Helper()
	ctx := context.Background()
	_, whole := s.Run(ctx, x)
	_, trace := s.Trace(ctx, x, func(run.StepTrace) error { return nil })
	_, step := s.TimeStep(ctx, s.Plan().Steps()[0])
	for name, err := range map[string]error{"Run": whole, "Trace": trace, "TimeStep": step} {
		if !errors.Is(err, gpu.ErrClosed) {
			t.Errorf("%s: error is %v, want gpu.ErrClosed", name, err)
		}
	}
}

func TestClose(t *testing.T) {
	n := small(nettest.Seed(t))
	s := compile(t, gputest.Open(t), n)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		wantClosed(t, s, tensor.New(n.Input))
	}
}

func TestDeviceClosed(t *testing.T) {
	n := small(nettest.Seed(t))
	d := gputest.New(t, gpu.Options{}, false)
	s := compile(t, d, n)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	wantClosed(t, s, tensor.New(n.Input))
	if err := s.Close(); err != nil {
		t.Errorf("closing after the device: %v", err)
	}
	if _, err := run.Compile(context.Background(), d, n.Graph, n.Input, run.Options{}); !errors.Is(err, gpu.ErrClosed) {
		t.Errorf("Compile: error is %v, want gpu.ErrClosed", err)
	}
}

// TestCloseDuringRuns: a run gets its answer or gpu.ErrClosed.
func TestCloseDuringRuns(t *testing.T) {
	seed := nettest.Seed(t)
	n := small(seed)
	s := compile(t, gputest.Open(t), n)
	var wg sync.WaitGroup
	started := make(chan struct{}, 100)
	for _, q := range questions(t, n, seed, 4) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				y, err := s.Run(context.Background(), q.x)
				started <- struct{}{}
				if errors.Is(err, gpu.ErrClosed) {
					return
				}
				if err == nil {
					err = nettest.CloseTo(y, q.want, 1e-4)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	for range 8 {
		<-started
	}
	go func() { // nobody waits for a signal any more
		for range started {
		}
	}()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	close(started)
}

// TestCompileErrors: what the plan or the device can't do, before anything runs.
func TestCompileErrors(t *testing.T) {
	d := gputest.Open(t)
	n := small(nettest.Seed(t))
	ctx := context.Background()
	if _, err := run.Compile(ctx, d, n.Graph, nettest.Shape(1, 4, 6, 7), run.Options{}); err == nil || !strings.Contains(err.Error(), "the network takes 5") {
		t.Errorf("other channels: error is %v", err)
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := run.Compile(done, d, n.Graph, n.Input, run.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error is %v, want context.Canceled", err)
	}
	// One texel row more than can be bound.
	g, x := graph.New("large", 4)
	g.Outputs = []graph.Value{g.Add("relu", graph.ReLU{}, x)}
	in := nettest.Shape(1, 4, d.Limits().MaxStorageBlock/16/1024+1, 1024)
	_, err := run.Compile(ctx, d, g, in, run.Options{})
	if !errors.Is(err, gpu.ErrLimit) {
		t.Errorf("input %v: error is %v, want gpu.ErrLimit", in, err)
	}
	for _, says := range []string{"step relu", "its input input takes", "MAX_SHADER_STORAGE_BLOCK_SIZE"} {
		if !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("the error doesn't say %q: %v", says, err)
		}
	}
}
