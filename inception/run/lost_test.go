//go:build cgo && (linux || windows)

package run_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/gpu/gputest/glfault"
	"inceptiongl/inception"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/run"
)

// TestContextLoss: before whichever dispatch, transfer or wait the context is lost, of compiling or of a run, and however the driver tells, the
// answer is ErrContextLost and never numbers; a session on a new device gives the right ones.
func TestContextLoss(t *testing.T) {
	gputest.Need(t)
	seed := nettest.Seed(t)
	n := small(seed)
	x := inception.RandomInput(n.Input, seed)
	before := idle(t)
	for _, staged := range []bool{false, true} {
		o := gpu.Options{Staged: staged}
		glfault.Clean(t)
		probe := cycle(n, x, nil, o)
		if probe.err != nil {
			t.Fatal(probe.err)
		}
		glfault.LoseContext(0, glfault.Loud)
		again := cycle(n, x, probe.dev, o)
		if again.err != nil {
			t.Fatal(again.err)
		}
		total, step, tried := again.works, stride(probe.dev), 0
		if err := probe.dev.Close(); err != nil {
			t.Fatal(err)
		}
		for _, how := range []glfault.Loss{glfault.Loud, glfault.Quiet} {
			for k := 1 + int(seed%uint64(step)); k <= total; k += step {
				at := fmt.Sprintf("staged %v, way %d: lost at work %d of %d", staged, how, k, total)
				d := gputest.New(t, o, false)
				glfault.LoseContext(k, how)
				a := cycle(n, x, d, o)
				glfault.Reset()
				if a.err == nil && a.works < k && sameBits(a.y, probe.y) {
					_ = d.Close() // a wait fewer than the time before: it was never lost
					continue
				}
				if !errors.Is(a.err, gpu.ErrContextLost) || a.y != nil {
					t.Errorf("%s: the answer is %v, error %v", at, a.y, a.err)
				}
				if err := d.Err(); !errors.Is(err, gpu.ErrContextLost) {
					t.Errorf("%s: the device has %v", at, err)
				}
				if a = cycle(n, x, d, o); !errors.Is(a.err, gpu.ErrContextLost) {
					t.Errorf("%s: the device goes on: %v", at, a.err)
				}
				if err := d.Close(); err != nil {
					t.Errorf("%s: %v", at, err)
				}
				gputest.Case()
				if tried++; tried%8 != 1 {
					continue
				}
				a = cycle(n, x, nil, o)
				if a.err != nil || !sameBits(a.y, probe.y) {
					t.Errorf("%s: built anew: %v, or another answer", at, a.err)
				}
				if a.dev != nil {
					_ = a.dev.Close()
				}
			}
		}
		gputest.Tell(t, "staged %v: lost %d times, at %d dispatches, transfers and waits, in two ways", staged, tried, total)
		if total < 10 {
			t.Errorf("%d dispatches, transfers and waits: does the fault reach GL?", total)
		}
	}
	if now := goroutines(before); now > before {
		t.Errorf("%d goroutines, before %d", now, before)
	}
}

// TestLossInFlight: runs of several goroutines at once all end with ErrContextLost or the right answer.
func TestLossInFlight(t *testing.T) {
	gputest.Need(t)
	seed := nettest.Seed(t)
	n := small(seed)
	x := inception.RandomInput(n.Input, seed)
	for _, how := range []glfault.Loss{glfault.Loud, glfault.Quiet} {
		glfault.Clean(t)
		d := gputest.New(t, gpu.Options{Staged: true}, false)
		s, err := run.Compile(context.Background(), d, n.Graph, n.Input, run.Options{Kernels: run.KernelsDefault})
		if err != nil {
			t.Fatal(err)
		}
		want, err := s.Run(context.Background(), x)
		if err != nil {
			t.Fatal(err)
		}
		glfault.LoseContext(60, how)
		errs := make(chan error)
		for range 8 {
			go func() {
				for {
					y, err := s.Run(context.Background(), x)
					if err == nil && sameBits(y, want) {
						continue
					}
					if err == nil {
						err = errors.New("another answer")
					}
					errs <- err
					return
				}
			}()
		}
		for range 8 {
			if err := <-errs; !errors.Is(err, gpu.ErrContextLost) {
				t.Errorf("way %d: %v, want ErrContextLost", how, err)
			}
		}
		if err := errors.Join(s.Close(), d.Close()); err != nil {
			t.Error(err)
		}
	}
}
