package run_test

import (
	"context"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// every says that a test is to be as long as it can be: make soak. Otherwise it takes a sample.
var every = os.Getenv("INCEPTIONGL_SOAK") == "1"

// asked is an input of a session with the answer that it has alone.
type asked struct {
	s    *run.Session
	x    *tensor.Tensor
	want *tensor.Tensor
}

// TestSoak: 64 goroutines on one session, and on six of other networks and batches that share a device, get to the bit the answers that
// they have alone, with transfers of both kinds.
func TestSoak(t *testing.T) {
	const goroutines = 64
	runs := 3
	if every {
		runs = 100
	}
	seed := nettest.Seed(t)
	for _, staged := range []bool{false, true} {
		d := gputest.New(t, gpu.Options{Staged: staged}, true)
		var all []asked
		for i := range 6 {
			n := small(seed + uint64(i/2)) // two sessions of each share weights
			n.Input.N = 1 + i%2*2
			s := compile(t, d, n)
			for k := range 3 {
				x := inception.RandomInput(n.Input, seed+uint64(10*i+k))
				y, err := s.Run(context.Background(), x)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, asked{s, x, y})
			}
			if i == 0 {
				storm(t, all, goroutines, runs, seed)
			}
		}
		storm(t, all, goroutines, runs, seed)
	}
}

// storm has goroutines run what was asked, each in an order of its own.
func storm(t *testing.T, all []asked, goroutines, runs int, seed uint64) {
	t.Helper()
	var wrong, done atomic.Int64
	var group sync.WaitGroup
	for g := range uint64(goroutines) {
		group.Add(1)
		go func() {
			defer group.Done()
			rng := rand.New(rand.NewPCG(seed, g))
			for range runs {
				q := all[rng.IntN(len(all))]
				y, err := q.s.Run(context.Background(), q.x)
				if err != nil {
					t.Error(err)
					return
				}
				if !sameBits(y, q.want) {
					wrong.Add(1)
				}
				done.Add(1)
			}
		}()
	}
	group.Wait()
	if n := wrong.Load(); n > 0 {
		t.Errorf("%d of %d answers are others than alone", n, done.Load())
	}
	gputest.Case()
	gputest.Tell(t, "%d goroutines × %d runs over %d questions: %d answers", goroutines, runs, len(all), done.Load())
}
