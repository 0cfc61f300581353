//go:build cgo && (linux || windows)

package inception_test

import (
	"context"
	"testing"

	"inceptiongl/gpu/gputest"
	"inceptiongl/gpu/gputest/glfault"
	"inceptiongl/inception"
	"inceptiongl/inception/internal/nettest"
)

// TestForwardGPUAfterFaults: a context that is lost during a call, and memory that runs out once, are mended by the call itself: on a new
// device, or without what nobody uses.
func TestForwardGPUAfterFaults(t *testing.T) {
	freshDefault(t)
	seed := nettest.Seed(t)
	n := small(seed)
	x := inception.RandomInput(n.Input, seed)
	want, err := inception.ForwardGPU(context.Background(), n.Graph, x)
	if err != nil {
		t.Fatal(err)
	}
	glfault.Clean(t)
	mended := 0
	for k := 1; k <= 7; k += 3 {
		for name, fail := range map[string]func(){
			"lost, loudly":  func() { glfault.LoseContext(k, glfault.Loud) },
			"lost, quietly": func() { glfault.LoseContext(k, glfault.Quiet) },
			"memory":        func() { glfault.FailAllocations(k, k) },
		} {
			if k == 7 { // the call opens and compiles, too
				if err := inception.CloseDefault(); err != nil {
					t.Fatal(err)
				}
			}
			fail()
			y, err := inception.ForwardGPU(context.Background(), n.Graph, x)
			glfault.Reset()
			if err != nil || !sameBits(y, want) {
				t.Errorf("%s at call %d of GL: %v, or another answer", name, k, err)
			}
			mended++
			gputest.Case()
		}
	}
	gputest.Tell(t, "%d faults mended", mended)
}
