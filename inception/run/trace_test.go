//go:build cgo && (linux || windows)

package run_test

import (
	"context"
	"errors"
	"testing"

	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/run"
)

// TestTraceLeavesConstants: wherever a trace is cancelled, the next run has the graph's constants; and one of a session that took the
// graph's weights has them, too.
func TestTraceLeavesConstants(t *testing.T) {
	seed := nettest.Seed(t)
	d := gputest.Open(t)
	n := nettest.Find(t, "odds and ends")
	want := questions(t, n, seed, 1)[0]
	for _, take := range []bool{false, true} { // the last: nothing of the graph is left
		s, err := run.Compile(context.Background(), d, n.Graph, n.Input, run.Options{Kernels: run.KernelsDefault, TakeWeights: take})
		if err != nil {
			t.Fatal(err)
		}
		visit := func(run.StepTrace) error { return nil }
		for k := 1; ; k++ {
			_, err := s.Trace(&countdown{Context: context.Background(), left: k, done: make(chan struct{})}, want.x, visit)
			wantAnswer(t, s, want)
			if !errors.Is(err, context.Canceled) {
				if err != nil || k < 5 {
					t.Errorf("taken %v: cancelled in %d places, then %v", take, k-1, err)
				}
				break
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
