package inception_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

// freshDefault starts and ends a test without a default device.
func freshDefault(t *testing.T) {
	t.Helper()
	gputest.Need(t)
	gputest.Case()
	closeDefault := func() {
		if err := inception.CloseDefault(); err != nil {
			t.Error(err)
		}
		if n := inception.CachedSessions(); n != 0 {
			t.Errorf("%d sessions kept after CloseDefault", n)
		}
	}
	closeDefault()
	t.Cleanup(closeDefault)
}

// small is a module that runs in a moment, with weights of the seed.
func small(seed uint64) nettest.Network {
	n := nettest.Of("small", inception.InceptionA(5), nettest.Shape(1, 5, 6, 7))
	inception.InitHe(n.Graph, seed)
	return n
}

// asked counts the inputs, so that each call of forward has its own.
var asked atomic.Uint64

// forward checks ForwardGPU's answer for an input that no other call has.
func forward(t *testing.T, g *graph.Graph, in tensor.Shape) {
	t.Helper()
	x := inception.RandomInput(in, asked.Add(1))
	want, err := cpuref.Run(context.Background(), g, x)
	if err != nil {
		t.Error(err)
		return
	}
	y, err := inception.ForwardGPU(context.Background(), g, x)
	if err == nil {
		err = nettest.CloseTo(y, want, 1e-4)
	}
	if err != nil {
		t.Errorf("%s, input %v: %v", g.Name, in, err)
	}
}

func stack(t *testing.T) *graph.Graph {
	g := inception.PointwiseStack(3, 5)
	inception.InitHe(g, nettest.Seed(t))
	return g
}

// TestForwardGPU: one session for each (graph, shape), kept; a closed default device opens again.
func TestForwardGPU(t *testing.T) {
	freshDefault(t)
	n := small(nettest.Seed(t))
	forward(t, n.Graph, n.Input)
	first := inception.CachedSession(n.Graph, n.Input)
	if first == nil {
		t.Fatal("no session is kept")
	}
	programs := first.Device().ProgramCount()
	forward(t, n.Graph, n.Input)
	if inception.CachedSession(n.Graph, n.Input) != first || first.Device().ProgramCount() != programs {
		t.Error("the second call compiled again")
	}
	batch := nettest.Shape(2, 5, 6, 7)
	forward(t, n.Graph, batch)
	second := inception.CachedSession(n.Graph, batch)
	if second == nil || second == first || second.Device() != first.Device() || inception.CachedSessions() != 2 {
		t.Errorf("another shape needs a session of its own, on the same device; %d are kept", inception.CachedSessions())
	}
	if err := inception.CloseDefault(); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Run(context.Background(), tensor.New(n.Input)); !errors.Is(err, gpu.ErrClosed) {
		t.Errorf("a session after CloseDefault: error is %v, want gpu.ErrClosed", err)
	}
	forward(t, n.Graph, n.Input)
	if s := inception.CachedSession(n.Graph, n.Input); s == nil || s == first {
		t.Error("the call after CloseDefault kept no session of its own")
	}
}

// TestForwardGPUWeightsReplaced: the next call computes with the new weights; sessions of the old ones don't stay.
func TestForwardGPUWeightsReplaced(t *testing.T) {
	freshDefault(t)
	s := nettest.Seed(t)
	n, other := small(s), small(s+1)
	forward(t, n.Graph, n.Input)
	old := inception.CachedSession(n.Graph, n.Input)
	if err := weights.Apply(n.Graph, other.Graph.Weights); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		forward(t, n.Graph, n.Input)
	}
	if s := inception.CachedSession(n.Graph, n.Input); s == old || s == nil || inception.CachedSessions() != 1 {
		t.Errorf("the old session is kept, or none; %d are", inception.CachedSessions())
	}
	if _, err := old.Run(context.Background(), tensor.New(n.Input)); !errors.Is(err, inception.ErrWeightsChanged) && !errors.Is(err, gpu.ErrClosed) {
		t.Errorf("the old session: error is %v", err)
	}
	n.Graph.Weights = nil // on the device by now
	x := inception.RandomInput(n.Input, s)
	want, err := cpuref.Run(context.Background(), other.Graph, x)
	if err != nil {
		t.Fatal(err)
	}
	y, err := inception.ForwardGPU(context.Background(), n.Graph, x)
	if err == nil {
		err = nettest.CloseTo(y, want, 1e-4)
	}
	if err != nil {
		t.Errorf("without the graph's weights: %v", err)
	}
}

// TestForwardGPUOutputReplaced: a graph whose output is another by now gives that one, and the first again when it is back.
func TestForwardGPUOutputReplaced(t *testing.T) {
	freshDefault(t)
	n := small(1)
	last := n.Graph.Outputs
	for _, outputs := range [][]graph.Value{last, {last[0] - 1}, {1}, last} {
		n.Graph.Outputs = outputs
		forward(t, n.Graph, n.Input)
	}
}

func TestForwardGPUErrors(t *testing.T) {
	freshDefault(t)
	g := stack(t)
	ctx := context.Background()
	for name, x := range map[string]*tensor.Tensor{
		"nil":            nil,
		"too little":     {Shape: nettest.Shape(1, 3, 4, 5), Data: make([]float32, 59)},
		"other channels": tensor.New(nettest.Shape(1, 4, 4, 5)),
	} {
		if y, err := inception.ForwardGPU(ctx, g, x); err == nil || y != nil {
			t.Errorf("%s: error is %v with output %v", name, err, y)
		}
	}
	if _, err := inception.ForwardGPU(ctx, nil, tensor.New(nettest.Shape(1, 3, 4, 5))); err == nil {
		t.Error("no graph: no error")
	}
	if _, err := inception.ForwardGPU(ctx, inception.PointwiseStack(3, 5), tensor.New(nettest.Shape(1, 3, 4, 5))); err == nil {
		t.Error("no weights: no error")
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := inception.ForwardGPU(done, g, tensor.New(nettest.Shape(1, 3, 4, 5))); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error is %v, want context.Canceled", err)
	}
	forward(t, g, nettest.Shape(1, 3, 4, 5)) // an error is not remembered
}

// TestForwardGPUManyGoroutines: several graphs and shapes at once, from nothing.
func TestForwardGPUManyGoroutines(t *testing.T) {
	freshDefault(t)
	n := small(nettest.Seed(t))
	g := stack(t)
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 2 {
				if i%3 == 0 {
					forward(t, n.Graph, n.Input)
				} else {
					forward(t, g, nettest.Shape(1, 3, 4, 4+i%3))
				}
			}
		}()
	}
	wg.Wait()
	if got := inception.CachedSessions(); got != 3 {
		t.Errorf("%d sessions kept, want 3", got)
	}
}

// TestForwardGPUEviction: the least recently used session makes room, one in use excepted.
func TestForwardGPUEviction(t *testing.T) {
	freshDefault(t)
	g := stack(t)
	sized := func(i int) tensor.Shape { return nettest.Shape(1, 3, 1, i) }
	for i := 1; i <= inception.MaxSessions; i++ {
		forward(t, g, sized(i))
	}
	oldest, second := inception.CachedSession(g, sized(1)), inception.CachedSession(g, sized(2))
	forward(t, g, sized(1)) // now the second is the oldest
	forward(t, g, sized(inception.MaxSessions+1))
	if got := inception.CachedSessions(); got != inception.MaxSessions {
		t.Errorf("%d sessions kept, want %d", got, inception.MaxSessions)
	}
	if inception.CachedSession(g, sized(1)) != oldest || inception.CachedSession(g, sized(2)) != nil {
		t.Error("the wrong session was dropped")
	}
	if _, err := second.Run(context.Background(), tensor.New(sized(2))); !errors.Is(err, gpu.ErrClosed) {
		t.Errorf("the dropped session: error is %v, want gpu.ErrClosed", err)
	}
	forward(t, g, sized(2))

	// More shapes in use at once than there is room for.
	var wg sync.WaitGroup
	for i := range inception.MaxSessions + 8 {
		wg.Add(1)
		go func() { defer wg.Done(); forward(t, g, sized(1+i)) }()
	}
	wg.Wait()
	if got := inception.CachedSessions(); got != inception.MaxSessions {
		t.Errorf("%d sessions kept, want %d", got, inception.MaxSessions)
	}
}

// TestForwardGPUNoDevice: a device that isn't there is an error, never another device or the CPU.
func TestForwardGPUNoDevice(t *testing.T) {
	freshDefault(t)
	g := stack(t)
	in := nettest.Shape(1, 3, 2, 2)
	t.Run("unknown", func(t *testing.T) {
		t.Setenv("INCEPTIONGL_DEVICE", "no such device")
		for range 2 {
			if y, err := inception.ForwardGPU(context.Background(), g, tensor.New(in)); !errors.Is(err, gpu.ErrNoDevice) || y != nil {
				t.Errorf("output %v, error %v; want gpu.ErrNoDevice", y, err)
			}
		}
	})
	forward(t, g, in)
}
