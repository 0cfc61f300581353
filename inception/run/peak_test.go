//go:build linux && !race

// Not under the race detector: its own memory grows with what is read.

package run_test

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"testing"
	"time"

	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// resident is the process's memory in bytes.
func resident(t *testing.T) int {
	text, err := os.ReadFile("/proc/self/statm")
	var size, pages int
	if err == nil {
		_, err = fmt.Sscan(string(text), &size, &pages)
	}
	if err != nil {
		t.Error(err)
	}
	return pages * os.Getpagesize()
}

// TestPeakMemory: while 128 MiB of weights go to the device, whose memory is the process's own on a software driver, much less than that
// comes on top with TakeWeights, and little more than that without: they are packed in small pieces.
func TestPeakMemory(t *testing.T) {
	d := gputest.Open(t)
	const wide, layers = 2048, 8
	const weights = 4 * wide * wide * layers
	in := nettest.Shape(1, wide, 1, 1)
	for _, take := range []bool{true, false} {
		var channels []int
		for range layers + 1 {
			channels = append(channels, wide)
		}
		g := inception.PointwiseStack(channels...)
		g.Weights = map[string]tensor.Array{}
		for _, p := range g.Params() {
			a := tensor.Array{Dims: p.Dims, Data: make([]float32, wide)}
			if len(p.Dims) > 1 {
				a.Data = make([]float32, wide*wide)
			}
			for i := range a.Data {
				a.Data[i] = float32(i%7-3) / wide
			}
			g.Weights[p.Name] = a
		}
		debug.FreeOSMemory()
		before, stop, peak := resident(t), make(chan struct{}), make(chan int)
		go func() {
			most := 0
			for {
				most = max(most, resident(t))
				select {
				case <-stop:
					peak <- most
					return
				case <-time.After(time.Millisecond):
				}
			}
		}()
		s, err := run.Compile(context.Background(), d, g, in, run.Options{Kernels: run.KernelsDefault, TakeWeights: take})
		if err != nil {
			t.Fatal(err)
		}
		after := resident(t) - before
		close(stop)
		more := <-peak - before
		t.Logf("TakeWeights %v: %d MiB of weights; at most %d MiB more, and %d afterwards", take, weights>>20, more>>20, after>>20)
		limit := weights + weights/4
		if take {
			limit = weights / 2
		}
		if more > limit {
			t.Errorf("TakeWeights %v: compiling takes %d MiB more, want at most %d", take, more>>20, limit>>20)
		}
		if _, err := s.Run(context.Background(), inception.RandomInput(in, 1)); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
