// Package gputest gives tests a GPU, or fails them: a test that quietly skips
// where there is no GPU proves nothing.
package gputest

import (
	"context"
	"os"
	"sync"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/gpu/internal/seam"
)

// NoGPU names the environment variable that, set to 1, skips GPU tests.
const NoGPU = "INCEPTIONGL_NO_GPU"

// Plain names the environment variable that, set to 1, has every device of the tests be one that is neither in debug mode nor robust: what
// drivers do without their own checks.
const Plain = "INCEPTIONGL_PLAIN"

func init() { seam.Plain = os.Getenv(Plain) == "1" }

// shared is the device of this test process. Opening one per test would cost
// more than most tests do, and lose the compiled programs.
var shared struct {
	sync.Mutex
	dev *gpu.Device
}

// Open returns a debug device for t. All tests of a process share it, so do not
// close it; it ends with the process. Without OpenGL 4.3 the test fails, unless
// INCEPTIONGL_NO_GPU=1 says to skip it. If a test loses the context, the next
// one gets a new device.
func Open(t testing.TB) *gpu.Device {
	t.Helper()
	Need(t)
	shared.Lock()
	defer shared.Unlock()
	if shared.dev != nil && shared.dev.Err() == nil {
		Case()
		return shared.dev
	}
	shared.dev = New(t, gpu.Options{Debug: true}, false)
	return shared.dev
}

// New opens a device of the test's own; closed at the end of the test if own.
func New(t testing.TB, o gpu.Options, own bool) *gpu.Device {
	t.Helper()
	Need(t)
	o.Debug = o.Debug && !seam.Plain
	d, err := gpu.Open(context.Background(), o)
	if err != nil {
		t.Fatalf("%v\n  to skip the GPU tests knowingly, set %s=1", err, NoGPU)
	}
	if seam.Plain && d.Limits().RobustAccess {
		t.Fatalf("%s=1, and the context is robust", Plain)
	}
	Case()
	if own {
		t.Cleanup(func() {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	return d
}

// Need skips t if the user said that there is no GPU here.
func Need(t testing.TB) {
	t.Helper()
	if os.Getenv(NoGPU) == "1" {
		t.Skipf("%s=1: GPU tests skipped by choice", NoGPU)
	}
}
