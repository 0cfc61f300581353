//go:build cgo && (linux || windows)

package run_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/gpu/gputest/glfault"
	"inceptiongl/inception"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// store keeps programs in memory.
type store struct {
	sync.Mutex
	m map[string][]byte
}

func (s *store) Get(key string) ([]byte, bool) {
	s.Lock()
	defer s.Unlock()
	b, ok := s.m[key]
	return b, ok
}

func (s *store) Put(key string, b []byte) {
	s.Lock()
	defer s.Unlock()
	s.m[key] = b
}

// attempt is a device with what becomes of one session on it.
type attempt struct {
	dev *gpu.Device // nil where it did not open
	y   *tensor.Tensor
	err error

	works int // dispatches, transfers and waits, up to the answer
}

// cycle compiles, runs and closes a session on d, which it opens where there is none.
func cycle(n nettest.Network, x *tensor.Tensor, d *gpu.Device, o gpu.Options) attempt {
	ctx := context.Background()
	if d == nil {
		var err error
		if d, err = gpu.Open(ctx, o); err != nil {
			return attempt{err: err}
		}
	}
	a := attempt{dev: d}
	s, err := run.Compile(ctx, d, n.Graph, n.Input, run.Options{Kernels: run.KernelsDefault})
	if err != nil {
		a.err = err
		return a
	}
	a.y, a.err = s.Run(ctx, x)
	a.works = glfault.Works()
	a.err = errors.Join(a.err, s.Close())
	return a
}

// idle is how many goroutines there are with no device open. GLFW keeps one from the first device on.
func idle(t *testing.T) int {
	t.Helper()
	before := runtime.NumGoroutine()
	if err := gputest.New(t, gpu.Options{}, false).Close(); err != nil {
		t.Fatal(err)
	}
	return goroutines(before + 1)
}

// goroutines waits until there are no more than before, and returns how many there are.
func goroutines(before int) int {
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	return runtime.NumGoroutine()
}

// slow says that opening a device, compiling or running takes long: GLFW makes a window, zink's shaders go by way of SPIR-V, and softpipe
// interprets them.
func slow(d *gpu.Device) bool {
	name := d.Info().Renderer
	return strings.Contains(name, "zink") || strings.Contains(name, "softpipe") || d.Info().Backend == "glfw"
}

// stride is how far apart the faults are: all are tried, except where that takes long.
func stride(d *gpu.Device) int {
	if slow(d) && !every {
		return 7
	}
	return 1
}

// typed reports an error that tells the caller what happened.
func typed(err error) bool {
	return errors.Is(err, gpu.ErrOutOfMemory) || errors.Is(err, gpu.ErrContextLost) || errors.Is(err, gpu.ErrNoDevice)
}

// TestAllocationFailure: whichever call of GL's runs out of memory, from opening the device to the answer, the caller gets a typed
// error or the right answer; what was made is freed; and the next session gives the right answer, on the same device if that lives.
func TestAllocationFailure(t *testing.T) {
	gputest.Need(t)
	seed := nettest.Seed(t)
	n := small(seed)
	x := inception.RandomInput(n.Input, seed)
	for _, c := range []struct {
		name    string
		options gpu.Options
		again   bool // on a device that has its programs
	}{
		{"fresh", gpu.Options{}, false},
		{"staged, with stored programs", gpu.Options{Staged: true, Programs: &store{m: map[string][]byte{}}}, false},
		{"again", gpu.Options{}, true},
		{"again, staged", gpu.Options{Staged: true, Debug: true}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			glfault.Clean(t)
			before := idle(t)
			open := func() (*gpu.Device, glfault.Objects) {
				if !c.again {
					return nil, glfault.Live()
				}
				live := glfault.Live()
				a := cycle(n, x, nil, c.options)
				if a.err != nil {
					t.Fatal(a.err)
				}
				return a.dev, live
			}
			d, live := open()
			glfault.Reset()
			good := cycle(n, x, d, c.options)
			total := glfault.Allocations()
			if good.err != nil || total == 0 {
				t.Fatalf("%d allocations, %v", total, good.err)
			}
			want, steady := good.y, glfault.Live().Since(live)                     // what a device keeps
			if steady.Shaders != 0 || steady.Textures != 0 || steady.Buffers > 2 { // those of staging
				t.Errorf("with its session closed a device keeps %+v", steady)
			}
			if err := good.dev.Close(); err != nil {
				t.Fatal(err)
			}
			step := stride(good.dev)
			tried, failed, survived := 0, 0, 0
			d = nil
			for k := 1 + int(seed%uint64(step)); k <= total; k += step {
				if d == nil {
					d, live = open()
				}
				glfault.FailAllocations(k, k)
				a := cycle(n, x, d, c.options)
				glfault.Reset()
				tried++
				at := fmt.Sprintf("allocation %d of %d", k, total)
				switch {
				case a.err == nil && !sameBits(a.y, want):
					t.Errorf("%s: another answer", at)
				case a.err != nil && !typed(a.err):
					t.Errorf("%s: %v", at, a.err)
				case a.err != nil:
					failed++
				}
				if d = a.dev; d != nil && d.Err() == nil {
					survived++
					if a = cycle(n, x, d, c.options); a.err != nil || !sameBits(a.y, want) {
						t.Errorf("%s: the next run gave %v, or another answer", at, a.err)
					}
					if kept := glfault.Live().Since(live); kept.Most(steady) != steady {
						t.Errorf("%s: the device keeps %+v, without the failure %+v", at, kept, steady)
					}
				}
				if d != nil && (d.Err() != nil || !c.again) {
					if err := d.Close(); err != nil {
						t.Errorf("%s: %v", at, err)
					}
					d = nil
				}
				if d == nil {
					if now := goroutines(before); now > before {
						t.Errorf("%s: %d goroutines, before %d", at, now, before)
					}
				}
				gputest.Case()
			}
			if d != nil {
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			}
			gputest.Tell(t, "%d of %d allocations failed: %d typed errors, %d right answers; the device lived on %d times", tried, total, failed, tried-failed, survived)
			if failed == 0 || survived == 0 {
				t.Error("nothing failed, or no device lived on: does the fault reach GL?")
			}
		})
	}
}
