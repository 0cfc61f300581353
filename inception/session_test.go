package inception_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// small is a module that runs in a moment, with weights of the seed.
func small(seed uint64) network {
	n := network{"small", inception.InceptionA(5), shape(1, 5, 6, 7)}
	inception.InitHe(n.graph, seed)
	return n
}

func compile(t *testing.T, d *gpu.Device, n network) *inception.Session {
	t.Helper()
	s, err := inception.Compile(context.Background(), d, n.graph, n.input, inception.Options{Kernels: inception.KernelsDefault})
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

func questions(t *testing.T, n network, seed uint64, count int) []question {
	t.Helper()
	var all []question
	for i := range count {
		x := inception.RandomInput(n.input, seed+uint64(i))
		y, err := cpuref.Run(context.Background(), n.graph, x)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, question{x, y})
	}
	return all
}

// TestManyGoroutines: runs take turns, and each gets its own answer.
func TestManyGoroutines(t *testing.T) {
	seed := seed(t)
	n := small(seed)
	s := compile(t, gputest.Open(t), n)
	qs := questions(t, n, seed, 8)
	if closeTo(qs[0].want, qs[1].want, 1e-3) == nil {
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
					err = closeTo(y, q.want, 1e-4)
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
	seed := seed(t)
	n := small(seed)
	s := compile(t, gputest.Open(t), n)
	q := questions(t, n, seed, 1)[0]
	ctx := context.Background()
	for name, x := range map[string]*tensor.Tensor{
		"is nil":                     nil,
		"input has shape 2×5×6×7":    tensor.New(shape(2, 5, 6, 7)),
		"input has shape 1×5×7×6":    tensor.New(shape(1, 5, 7, 6)), // as many elements
		"needs 210 elements, has 9":  {Shape: n.input, Data: make([]float32, 9)},
		"needs 210 elements, has 0":  {Shape: n.input},
		"C is 0, must be at least 1": {Shape: shape(1, 0, 6, 7)},
	} {
		if _, err := s.Run(ctx, x); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("Run: error is %v, want one with %q", err, name)
		}
		if _, err := s.Trace(ctx, x, func(inception.StepTrace) error { return nil }); err == nil || !strings.Contains(err.Error(), name) {
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
	_, err := s.Trace(ctx, q.x, func(inception.StepTrace) error {
		_, err := s.Run(done, q.x)
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("waiting with a cancelled context: error is %v, want context.Canceled", err)
	}
	other := compile(t, gputest.Open(t), n)
	if _, err := s.TimeStep(ctx, other.Plan().Steps()[0]); err == nil {
		t.Error("TimeStep takes a step of another session")
	}
	y, err := s.Run(ctx, q.x)
	if err == nil {
		err = closeTo(y, q.want, 1e-4)
	}
	if err != nil {
		t.Errorf("after the errors: %v", err)
	}
}

func TestRunTimed(t *testing.T) {
	seed := seed(t)
	n := small(seed)
	s := compile(t, gputest.Open(t), n)
	q := questions(t, n, seed, 1)[0]
	y, timing, err := s.RunTimed(context.Background(), q.x, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := closeTo(y, q.want, 1e-4); err != nil {
		t.Error(err)
	}
	if len(timing.Waves) != len(s.Plan().Waves) || len(timing.Dispatches) != len(s.Plan().Waves) {
		t.Fatalf("%d waves timed, %d of them by dispatch, want %d", len(timing.Waves), len(timing.Dispatches), len(s.Plan().Waves))
	}
	for i, w := range s.Plan().Waves {
		if len(timing.Dispatches[i]) != len(w.Steps) {
			t.Errorf("wave %d: %d steps timed, want %d", i+1, len(timing.Dispatches[i]), len(w.Steps))
		}
	}
	for _, step := range s.Plan().Steps() {
		if _, err := s.TimeStep(context.Background(), step); err != nil {
			t.Errorf("step %s: %v", step.Name, err)
		}
	}
}

// wantClosed: everything that needs the device says gpu.ErrClosed.
func wantClosed(t *testing.T, s *inception.Session, x *tensor.Tensor) {
	t.Helper()
	ctx := context.Background()
	_, run := s.Run(ctx, x)
	_, trace := s.Trace(ctx, x, func(inception.StepTrace) error { return nil })
	_, step := s.TimeStep(ctx, s.Plan().Steps()[0])
	for name, err := range map[string]error{"Run": run, "Trace": trace, "TimeStep": step} {
		if !errors.Is(err, gpu.ErrClosed) {
			t.Errorf("%s: error is %v, want gpu.ErrClosed", name, err)
		}
	}
}

func TestClose(t *testing.T) {
	n := small(seed(t))
	s := compile(t, gputest.Open(t), n)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		wantClosed(t, s, tensor.New(n.input))
	}
}

func TestDeviceClosed(t *testing.T) {
	n := small(seed(t))
	d := gputest.New(t, gpu.Options{}, false)
	s := compile(t, d, n)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	wantClosed(t, s, tensor.New(n.input))
	if err := s.Close(); err != nil {
		t.Errorf("closing after the device: %v", err)
	}
	if _, err := inception.Compile(context.Background(), d, n.graph, n.input, inception.Options{}); !errors.Is(err, gpu.ErrClosed) {
		t.Errorf("Compile: error is %v, want gpu.ErrClosed", err)
	}
}

// TestCloseDuringRuns: a run gets its answer or gpu.ErrClosed.
func TestCloseDuringRuns(t *testing.T) {
	seed := seed(t)
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
					err = closeTo(y, q.want, 1e-4)
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
	n := small(seed(t))
	ctx := context.Background()
	if _, err := inception.Compile(ctx, d, n.graph, shape(1, 4, 6, 7), inception.Options{}); err == nil || !strings.Contains(err.Error(), "the network takes 5") {
		t.Errorf("other channels: error is %v", err)
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := inception.Compile(done, d, n.graph, n.input, inception.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error is %v, want context.Canceled", err)
	}
	// One texel row more than half of the largest buffer: input and output can't both be in it.
	g, x := graph.New("large", 4)
	g.Outputs = []graph.Value{g.Add("relu", graph.ReLU{}, x)}
	in := shape(1, 4, d.Limits().MaxStorageBlock/16/1024/2+1, 1024)
	_, err := inception.Compile(ctx, d, g, in, inception.Options{})
	if !errors.Is(err, gpu.ErrLimit) {
		t.Errorf("input %v: error is %v, want gpu.ErrLimit", in, err)
	}
	if !strings.Contains(fmt.Sprint(err), "activations") {
		t.Errorf("the error doesn't say what is too large: %v", err)
	}
}
