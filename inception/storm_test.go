package inception_test

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/tensor"
)

// sameBits reports equal shapes and numbers.
func sameBits(a, b *tensor.Tensor) bool {
	return a.Shape == b.Shape && slices.EqualFunc(a.Data, b.Data, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// TestEvictionUnderLoad: goroutines ask for more shapes than sessions are kept, so that sessions are closed, and compiled again, all the
// time; every answer is the one of the first time.
func TestEvictionUnderLoad(t *testing.T) {
	freshDefault(t)
	goroutines, runs := 16, 6
	if os.Getenv("INCEPTIONGL_SOAK") == "1" {
		goroutines, runs = 64, 100
	}
	seed := nettest.Seed(t)
	n := small(seed)
	type asked struct{ x, want *tensor.Tensor }
	var all []asked
	for i := range 24 {
		x := inception.RandomInput(nettest.Shape(1+i%2, 5, 3+i/2, 7), seed+uint64(i))
		y, err := inception.ForwardGPU(context.Background(), n.Graph, x)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, asked{x, y})
	}
	var done, wrong atomic.Int64
	var group sync.WaitGroup
	for g := range uint64(goroutines) {
		group.Add(1)
		go func() {
			defer group.Done()
			rng := rand.New(rand.NewPCG(seed, g))
			for range runs {
				q := all[rng.IntN(len(all))]
				y, err := inception.ForwardGPU(context.Background(), n.Graph, q.x)
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
	gputest.Case()
	gputest.Tell(t, "%d goroutines × %d runs over %d shapes: %d answers", goroutines, runs, len(all), done.Load())
	if w, kept := wrong.Load(), inception.CachedSessions(); w > 0 || kept > 16 {
		t.Errorf("%d answers are others than the first time; %d sessions are kept", w, kept)
	}
}
