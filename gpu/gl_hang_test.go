//go:build cgo && (linux || windows)

package gpu

import (
	"context"
	"errors"
	"testing"
	"time"

	"inceptiongl/gpu/gputest/glfault"
)

// hangs are calls that wait for the GPU.
func hangs(t *testing.T, d *Device) map[string]func(context.Context) error {
	t.Helper()
	pass := longPass(t, d, 10)
	b := pass.Waves[0][0].Storage[0].Buffer
	down := *pass
	down.Time = false
	down.Downloads = []Transfer{{Buffer: b, Data: make([]float32, 4)}}
	timed := *pass
	queued := down
	queued.Queued = func() {}
	run := func(p *Pass) func(context.Context) error {
		return func(ctx context.Context) error { _, err := d.Run(ctx, p); return err }
	}
	return map[string]func(context.Context) error{
		"a pass by the wall clock": run(&timed), "a pass": run(&Pass{Waves: pass.Waves}), "with a download": run(&down), "with a download, queued": run(&queued),
		"a buffer": func(ctx context.Context) error { _, err := d.NewBuffer(ctx, "b", 16); return err },
	}
}

// TestHang: where the GPU passes no fence, a call ends with its context, and without one when the device's patience does, as
// ErrContextLost; the device says so from then on.
func TestHang(t *testing.T) {
	ran := 0
	for _, staged := range []bool{false, true} {
		for _, name := range []string{"a pass", "a pass by the wall clock", "with a download", "with a download, queued", "a buffer"} {
			glfault.Clean(t)
			d, g := openReal(t, Options{Staged: staged})
			call := hangs(t, d)[name]
			g.lim.Timestamps = false // seen by the next job
			glfault.Hang()
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
			begin := time.Now()
			err := call(ctx)
			cancel()
			if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrContextLost) || took > 2*time.Second {
				t.Errorf("%s, staged %v: %v after %v, want the context's error after 30 ms", name, staged, err, took)
			}
			g.patience = 50 * time.Millisecond
			if err := call(context.Background()); !errors.Is(err, ErrContextLost) || !errors.Is(d.Err(), ErrContextLost) {
				t.Errorf("%s, staged %v: %v, and the device has %v; want ErrContextLost", name, staged, err, d.Err())
			}
			glfault.Reset()
			if err := call(context.Background()); !errors.Is(err, ErrContextLost) {
				t.Errorf("%s, staged %v: once more: %v, want ErrContextLost", name, staged, err)
			}
			ran++
		}
	}
	t.Logf("%d calls that hung", ran)
}
