package run_test

import (
	"context"
	"math"
	"testing"

	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/run"
	"inceptiongl/shaders"
)

// TestLongDispatches: a batch whose largest step would multiply too much at once runs in parts, with the same answer; a single image runs
// whatever it takes.
func TestLongDispatches(t *testing.T) {
	d := gputest.Open(t)
	seed := nettest.Seed(t)
	n := small(seed)
	n.Input.N = 5
	x := inception.RandomInput(n.Input, seed)
	values := nettest.Reference(t, n, x)
	one := int64(0) // what the largest step multiplies for an image
	whole := compile(t, d, n)
	for _, step := range whole.Plan().Steps() {
		one = max(one, step.MACs/5)
	}
	for _, c := range []struct {
		most   int64
		images int // of a pass: 5, halved until they fit
	}{{5 * one, 5}, {4 * one, 3}, {3 * one, 3}, {2 * one, 2}, {one, 1}, {1, 1}} {
		s, err := run.Compile(context.Background(), d, n.Graph, n.Input, run.Options{Kernels: run.KernelsDefault}.WithWork(c.most))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Plan().Input.Shape.N; got != c.images {
			t.Errorf("%d multiplications: %d images a pass, want %d", c.most, got, c.images)
		}
		ys, err := s.RunAll(context.Background(), x)
		if err == nil {
			err = nettest.CheckAnswer(n.Graph, ys, values)
		}
		if err != nil {
			t.Errorf("%d images a pass: %v", c.images, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestMostWork: at least what a small GPU does in half a second, more on a large one, anything on a software driver.
func TestMostWork(t *testing.T) {
	for _, c := range []struct {
		target shaders.Target
		want   int64
	}{
		{shaders.Target{}, 20e9}, {shaders.Target{Multiprocessors: 3}, 20e9}, {shaders.Target{Multiprocessors: 132}, 660e9},
		{shaders.Target{Software: true}, math.MaxInt64},
	} {
		if got := run.MostWork(c.target); got != c.want {
			t.Errorf("%+v: %d, want %d", c.target, got, c.want)
		}
	}
}
