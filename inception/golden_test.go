package inception_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
	"inceptiongl/inception/weights"
)

var kernelPolicies = []run.Kernels{run.KernelsPlain, run.KernelsDefault, run.KernelsMeasured}

// TestGoldens: PyTorch's weights and input give PyTorch's float64 answer, on the GPU.
func TestGoldens(t *testing.T) {
	d := gputest.Open(t)
	ctx := context.Background()
	for _, c := range []struct {
		name string
		cin  int
	}{
		{"inception_a_1x192x28x28", 192},
		{"inception_a_2x5x13x7", 5},
	} {
		base := filepath.Join("testdata", "golden", c.name)
		state, err := weights.LoadSafetensors(base + ".safetensors")
		if err != nil {
			t.Fatal(err)
		}
		g := inception.InceptionA(c.cin)
		if err := weights.Apply(g, state); err != nil {
			t.Fatal(err)
		}
		if unused := weights.Unused(g, state); len(unused) != 0 {
			t.Errorf("%s: PyTorch's module has weights that ours lacks: %q", c.name, unused)
		}
		x := readTensor(t, base+"_in.npy")
		dims, want, err := weights.ReadNpy64(base + "_out64.npy")
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range kernelPolicies {
			s, err := run.Compile(ctx, d, g, x.Shape, run.Options{Kernels: k})
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			y, err := s.Run(ctx, x)
			s.Close()
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if !slices.Equal(dims, []int{y.N, y.C, y.H, y.W}) {
				t.Fatalf("%s: output %v, want %v", c.name, y.Shape, dims)
			}
			e, err := cpuref.RelL2(y.Data, want)
			t.Logf("%s, kernels %d: relative L2 error %.3g", c.name, k, e)
			if err != nil || !(e <= 1e-6) {
				t.Errorf("%s, kernels %d: relative error %.3g, %v; want at most 1e-6", c.name, k, e, err)
			}
		}
	}
}

func readTensor(t *testing.T, path string) *tensor.Tensor {
	t.Helper()
	a, err := weights.ReadNpy(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Dims) != 4 {
		t.Fatalf("%s has dimensions %v, want 4", path, a.Dims)
	}
	x, err := tensor.FromData(nettest.Shape(a.Dims[0], a.Dims[1], a.Dims[2], a.Dims[3]), a.Data)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return x
}
