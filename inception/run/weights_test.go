package run_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

// wantStored compares what of g's weights is on d.
func wantStored(t *testing.T, when string, d *gpu.Device, g *graph.Graph, buffers int, bytes int64) {
	t.Helper()
	if _, b, n := run.Stored(d, g); b != buffers || n != bytes {
		t.Errorf("%s: %d buffers of weights, %d bytes; want %d, %d", when, b, n, buffers, bytes)
	}
}

// wantAnswer runs x and compares with cpuref.
func wantAnswer(t *testing.T, s *run.Session, q question) {
	t.Helper()
	y, err := s.Run(context.Background(), q.x)
	if err == nil {
		err = nettest.CloseTo(y, q.want, 1e-4)
	}
	if err != nil {
		t.Error(err)
	}
}

// TestSessionsShareWeights: whatever the batch and the size of the images, a graph's weights are on a device once, until its
// last session closes.
func TestSessionsShareWeights(t *testing.T) {
	s := nettest.Seed(t)
	d := gputest.Open(t)
	n := small(s)
	first := compile(t, d, n)
	_, buffers, bytes := run.Stored(d, n.Graph)
	if want := len(first.Plan().Steps()) - 1; buffers != want || bytes != first.WeightsBytes() || bytes == 0 { // the pool has none
		t.Fatalf("%d buffers, want %d; %d bytes for the session's %d", buffers, want, bytes, first.WeightsBytes())
	}
	var others []*run.Session
	for _, in := range []tensor.Shape{nettest.Shape(3, 5, 6, 7), nettest.Shape(1, 5, 9, 4)} {
		m := n
		m.Input = in
		other := compile(t, d, m)
		others = append(others, other)
		if other.WeightsBytes() != bytes {
			t.Errorf("input %v: %d bytes of weights, want %d", in, other.WeightsBytes(), bytes)
		}
		wantStored(t, "with another session", d, n.Graph, buffers, bytes)
	}
	copied := nettest.Of("copy", inception.InceptionA(5), n.Input)
	inception.InitHe(copied.Graph, s)
	compile(t, d, copied)
	wantStored(t, "another graph with the same weights", d, copied.Graph, buffers, bytes)
	wantStored(t, "beside another graph", d, n.Graph, buffers, bytes)

	q := questions(t, n, s, 1)[0]
	wantAnswer(t, first, q)
	for _, other := range others {
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	}
	wantAnswer(t, first, q)
	wantStored(t, "with the first session left", d, n.Graph, buffers, bytes)
	onDevice := first.WeightBuffers()
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if len(onDevice) != buffers {
		t.Errorf("%d buffers in use, want %d", len(onDevice), buffers)
	}
	for _, b := range onDevice {
		if err := b.Download(context.Background(), 0, make([]float32, 1)); !errors.Is(err, gpu.ErrClosed) {
			t.Errorf("buffer %s is still there: %v", b.Name(), err)
		}
	}
	wantStored(t, "after the last was closed", d, n.Graph, 0, 0)
	if _, err := run.Compile(context.Background(), d, n.Graph, nettest.Shape(1, 4, 6, 7), run.Options{}); err == nil {
		t.Error("an input of 4 channels: no error")
	}
	wantStored(t, "after a failed compilation", d, n.Graph, 0, 0)
}

// TestManyGoroutinesShareWeights: sessions that are compiled and closed at once upload them once, and leave nothing.
func TestManyGoroutinesShareWeights(t *testing.T) {
	s := nettest.Seed(t)
	d := gputest.Open(t)
	n := small(s)
	keeper := compile(t, d, n)
	_, buffers, bytes := run.Stored(d, n.Graph)
	fresh := small(s) // nobody keeps its weights
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 3 {
				for _, g := range []*graph.Graph{n.Graph, fresh.Graph} {
					in := nettest.Shape(1+i%3, 5, 6, 7)
					session, err := run.Compile(context.Background(), d, g, in, run.Options{Kernels: run.KernelsDefault})
					if err != nil {
						t.Error(err)
						return
					}
					if session.WeightsBytes() != bytes {
						t.Errorf("%d bytes of weights, want %d", session.WeightsBytes(), bytes)
					}
					if _, err := session.Run(context.Background(), inception.RandomInput(in, s)); err != nil {
						t.Error(err)
					}
					if err := session.Close(); err != nil {
						t.Error(err)
					}
				}
			}
		}()
	}
	wg.Wait()
	wantStored(t, "with one session left", d, n.Graph, buffers, bytes)
	wantStored(t, "with none left", d, fresh.Graph, 0, 0)
	wantAnswer(t, keeper, questions(t, n, s, 1)[0])
}

// TestWeightsReplaced: a session of the old weights says so, and a new one computes with the new ones.
func TestWeightsReplaced(t *testing.T) {
	s := nettest.Seed(t)
	d := gputest.Open(t)
	ctx := context.Background()
	n, other := small(s), small(s+1)
	old := compile(t, d, n)
	before := questions(t, n, s, 1)[0]
	wantAnswer(t, old, before)
	if err := weights.Apply(n.Graph, other.Graph.Weights); err != nil {
		t.Fatal(err)
	}
	_, errRun := old.Run(ctx, before.x)
	_, errAll := old.RunAll(ctx, before.x)
	errInto := old.RunInto(ctx, before.x, tensor.New(old.Outputs()[0]))
	for name, err := range map[string]error{"Run": errRun, "RunAll": errAll, "RunInto": errInto} {
		if !errors.Is(err, run.ErrWeightsChanged) {
			t.Errorf("%s: error is %v, want ErrWeightsChanged", name, err)
		}
	}
	after := questions(t, n, s, 1)[0]
	if nettest.CloseTo(after.want, before.want, 1e-3) == nil {
		t.Fatal("the answers are alike: old weights would not show")
	}
	fresh := compile(t, d, n)
	wantAnswer(t, fresh, after)
	_, buffers, bytes := run.Stored(d, n.Graph)
	if err := old.Close(); err != nil {
		t.Error(err)
	}
	wantStored(t, "after the old session was closed", d, n.Graph, buffers, bytes)
	wantAnswer(t, fresh, after)

	// A node more is another graph, too.
	n.Graph.Outputs = []graph.Value{n.Graph.Add("relu", graph.ReLU{}, n.Graph.Outputs[0])}
	if _, err := fresh.Run(ctx, after.x); !errors.Is(err, run.ErrWeightsChanged) {
		t.Errorf("with another node: error is %v, want ErrWeightsChanged", err)
	}
	if err := fresh.Close(); err != nil {
		t.Error(err)
	}
	wantStored(t, "after all were closed", d, n.Graph, 0, 0)
}

// TestWeightsDropped: once compiled, a session needs the graph's weights no more.
func TestWeightsDropped(t *testing.T) {
	s := nettest.Seed(t)
	d := gputest.Open(t)
	ctx := context.Background()
	for _, n := range []nettest.Network{small(s), nettest.Find(t, "odds and ends")} {
		session := compile(t, d, n)
		q := questions(t, n, s, 1)[0]
		for name, dropped := range map[string]map[string]tensor.Array{"nil": nil, "empty": {}} {
			n.Graph.Weights = dropped
			for range 2 {
				wantAnswer(t, session, q)
			}
			if _, err := run.Compile(ctx, d, n.Graph, n.Input, run.Options{}); err == nil || !strings.Contains(err.Error(), "missing") {
				t.Errorf("%s, weights %s: Compile's error is %v, want one that says what is missing", n.Name, name, err)
			}
			wantAnswer(t, session, q)
		}
		// Tracing fills the memory anew, but for constants.
		if _, err := session.Trace(ctx, q.x, func(run.StepTrace) error { return nil }); err != nil {
			t.Errorf("%s: Trace without weights: %v", n.Name, err)
		}
		wantAnswer(t, session, q)
	}
}

// TestAbandonedWeights: a session that waits for weights which another packs is not to fail because that one's context ended.
func TestAbandonedWeights(t *testing.T) {
	s := nettest.Seed(t)
	d := gputest.Open(t)
	n := small(s)
	probe := compile(t, d, n)
	step := probe.Plan().Steps()[0]
	_, buffers, bytes := run.Stored(d, n.Graph)
	if err := probe.Close(); err != nil {
		t.Fatal(err)
	}
	give := make(chan struct{})
	end, users := run.Abandon(d, n.Graph, step, give)
	compiled := func(ctx context.Context, ready chan<- *run.Session, failed chan<- error) {
		session, err := run.Compile(ctx, d, n.Graph, n.Input, run.Options{Kernels: run.KernelsDefault})
		if err != nil {
			failed <- err
			return
		}
		ready <- session
	}
	ready, failed := make(chan *run.Session), make(chan error)
	// One leaves while it waits, for a reason of its own.
	mine := errors.New("no time for that")
	ctx, cancel := context.WithCancelCause(context.Background())
	go compiled(ctx, ready, failed)
	waiting := func() {
		for users() < 2 {
			time.Sleep(time.Millisecond)
		}
	}
	waiting()
	cancel(mine)
	select {
	case err := <-failed:
		if !errors.Is(err, mine) || !strings.Contains(err.Error(), "waiting for the weights of step") {
			t.Errorf("error is %v, want the context's cause", err)
		}
	case <-ready:
		t.Fatal("compiled without weights")
	}
	go compiled(context.Background(), ready, failed)
	waiting()
	close(give)
	var session *run.Session
	select {
	case session = <-ready:
	case err := <-failed:
		t.Fatal(err)
	}
	wantAnswer(t, session, questions(t, n, s, 1)[0])
	if err := end(); err != nil {
		t.Error(err)
	}
	wantStored(t, "with one session", d, n.Graph, buffers, bytes)
	if err := session.Close(); err != nil {
		t.Error(err)
	}
	wantStored(t, "after all were closed", d, n.Graph, 0, 0)
}
