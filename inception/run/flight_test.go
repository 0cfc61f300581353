package run_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/run"
)

// TestRunsInFlight: with transfers as on hardware, runs of several goroutines are on the GPU at once, in parts or not, and each has
// to the bit the answer that it has alone; beside them a session of another batch runs, and one closes.
func TestRunsInFlight(t *testing.T) {
	seed := nettest.Seed(t)
	d := gputest.New(t, gpu.Options{Debug: true, Staged: true}, true)
	ctx := context.Background()
	n := small(seed)
	one := compile(t, d, n)
	batch := n
	batch.Input.N = 3
	three := compile(t, d, batch)
	parts, err := run.Compile(ctx, d, n.Graph, batch.Input, run.Options{Kernels: run.KernelsDefault}.WithLimits(func(l *gpu.Limits) {
		l.MaxStorageBlock = min(l.MaxStorageBlock, 30<<10)
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer parts.Close()
	if parts.Plan().Input.Shape.N == 3 {
		t.Fatal("the batch fits at once: nothing runs in parts")
	}
	type asked struct {
		s *run.Session
		question
	}
	var questions []asked
	for _, s := range []*run.Session{one, three, parts} {
		for i := range 6 {
			x := inception.RandomInput(s.Input(), seed+uint64(i))
			y, err := s.Run(ctx, x)
			if err != nil {
				t.Fatal(err)
			}
			questions = append(questions, asked{s, question{x, y}})
		}
	}
	var all sync.WaitGroup
	for _, q := range questions {
		all.Add(1)
		go func() {
			defer all.Done()
			for range 5 {
				y, err := q.s.Run(ctx, q.x)
				if err != nil {
					t.Error(err)
					return
				}
				if !slices.Equal(y.Data, q.want.Data) {
					t.Errorf("a batch of %d: another answer than alone", q.x.N)
				}
			}
		}()
	}
	for range 5 {
		brief, err := run.Compile(ctx, d, n.Graph, n.Input, run.Options{Kernels: run.KernelsDefault})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := brief.Run(ctx, inception.RandomInput(n.Input, seed)); err != nil {
			t.Error(err)
		}
		if err := brief.Close(); err != nil {
			t.Error(err)
		}
	}
	all.Wait()
}
