//go:build cgo && (linux || windows)

package run_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/gpu/gputest/glfault"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/run"
)

// leastDevice is a real device that offers what GL 4.3 demands and refuses more.
func leastDevice(t *testing.T) *gpu.Device {
	t.Helper()
	gputest.Need(t)
	glfault.Clean(t)
	if err := glfault.Least(); err != nil {
		t.Fatal(err)
	}
	d := gputest.New(t, gpu.Options{Debug: true}, true)
	if l := d.Limits(); l.MaxStorageBlock != least.MaxStorageBlock || l.MaxTexelBuffer != least.MaxTexelBuffer || l.MaxGroups != least.MaxGroups ||
		l.MaxComputeImages != least.MaxComputeImages || l.StorageAlign != 256 {
		t.Fatalf("the device has %+v", l)
	}
	return d
}

// TestLeastDevice: every network is right, step by step, on a device that offers no more than GL 4.3 demands.
func TestLeastDevice(t *testing.T) {
	d := leastDevice(t)
	seed := nettest.Seed(t)
	all := nettest.Networks(seed)
	if !every { // compiling takes most of the time
		all = slices.DeleteFunc(all, func(nettest.Network) bool { seed++; return seed%4 != 0 })
	}
	all = append(all,
		nettest.Of("a batch of 24 MiB", inception.PointwiseStack(64, 8), nettest.Shape(8, 64, 110, 111)),
		nettest.Of("views of more than 65536 texels", inception.PointwiseStack(16, 9), nettest.Shape(1, 16, 150, 151)),
		nettest.Of("64 MiB of weights", inception.PointwiseStack(4096, 4096), nettest.Shape(1, 4096, 1, 1)))
	for _, n := range all[len(all)-3:] {
		inception.InitHe(n.Graph, seed)
	}
	if every {
		all = append(all, nettest.Of("GoogLeNet", inception.GoogLeNet(1000), nettest.Shape(1, 3, 224, 224)))
		inception.InitHe(all[len(all)-1].Graph, seed)
	}
	for _, n := range all {
		x := inception.RandomInput(n.Input, seed)
		agreeOn(t, d, n, x, nettest.Reference(t, n, x), run.Options{Kernels: run.KernelsDefault})
		gputest.Case()
	}
	if n := glfault.Violations(); n > 0 {
		t.Errorf("%d calls went beyond a limit", n)
	}
	gputest.Tell(t, "%d networks", len(all))
}

// TestLeastDeviceRefuses: what can't be done is gpu.ErrLimit when it is compiled, and says what was too large.
func TestLeastDeviceRefuses(t *testing.T) {
	d := leastDevice(t)
	wide, x := graph.New("wide", 4)
	wide.Outputs = []graph.Value{wide.Add("relu", graph.ReLU{}, x)}
	refused := 0
	for _, n := range []nettest.Network{
		nettest.Of("an image of 17 MiB", wide, nettest.Shape(1, 4, 1024, 1088)),
		nettest.Of("an output of 20 MiB", inception.PointwiseStack(3, 80), nettest.Shape(1, 3, 256, 256)),
	} {
		inception.InitHe(n.Graph, 1)
		s, err := run.Compile(context.Background(), d, n.Graph, n.Input, run.Options{Kernels: run.KernelsDefault})
		if !errors.Is(err, gpu.ErrLimit) {
			t.Errorf("%s: error is %v, want gpu.ErrLimit", n.Name, err)
		}
		if s != nil {
			_ = s.Close()
		}
		if err != nil {
			t.Logf("%s: %v", n.Name, err)
			refused++
		}
	}
	gputest.Tell(t, "%d networks refused", refused)
}
