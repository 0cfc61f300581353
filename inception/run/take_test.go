package run_test

import (
	"context"
	"runtime"
	"testing"
	"weak"

	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/run"
)

// TestTakeWeights: the answers are the same, and of the graph's weights nothing is left, nor held by anybody.
func TestTakeWeights(t *testing.T) {
	seed := nettest.Seed(t)
	d := gputest.Open(t)
	for _, n := range []nettest.Network{nettest.Find(t, "odds and ends"), small(seed)} {
		want := questions(t, n, seed, 1)[0]
		var held []weak.Pointer[float32]
		for _, a := range n.Graph.Weights {
			if len(a.Data) > 3 { // smaller ones may share memory with others
				held = append(held, weak.Make(&a.Data[0]))
			}
		}
		s, err := run.Compile(context.Background(), d, n.Graph, n.Input, run.Options{Kernels: run.KernelsDefault, TakeWeights: true})
		if err != nil {
			t.Fatalf("%s: %v", n.Name, err)
		}
		if len(n.Graph.Weights) != 0 {
			t.Errorf("%s: %d of the graph's weights are left", n.Name, len(n.Graph.Weights))
		}
		runtime.GC()
		for _, p := range held {
			if p.Value() != nil {
				t.Errorf("%s: somebody holds an array of the graph's weights", n.Name)
				break
			}
		}
		wantAnswer(t, s, want)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestTakeWhileOthersRun: a session's runs look at the graph's weights, which another may be taking. (Only the race detector tells.)
func TestTakeWhileOthersRun(t *testing.T) {
	seed := nettest.Seed(t)
	d := gputest.Open(t)
	n := nettest.Find(t, "odds and ends")
	want := questions(t, n, seed, 1)[0]
	first := compile(t, d, n)
	defer first.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 20 {
			wantAnswer(t, first, want)
		}
	}()
	second, err := run.Compile(context.Background(), d, n.Graph, n.Input, run.Options{Kernels: run.KernelsDefault, TakeWeights: true})
	if err != nil {
		t.Fatal(err)
	}
	<-done
	wantAnswer(t, second, want)
	if err := second.Close(); err != nil {
		t.Error(err)
	}
}
