package run_test

import (
	"context"
	"slices"
	"testing"

	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// TestInceptionV3Batch8 runs the whole network at full size and batch 8 within the 128 MiB that software drivers allow a
// buffer. Every image must come out bit for bit as it does alone: the same kernels do the same sums.
func TestInceptionV3Batch8(t *testing.T) {
	ctx := context.Background()
	d := gputest.Open(t)
	g := inception.InceptionV3(1000)
	inception.InitHe(g, 1)
	o := run.Options{Kernels: forAnyBatch(d)}
	compile := func(n int) *run.Session {
		s, err := run.Compile(ctx, d, g, tensor.Shape{N: n, C: 3, H: 299, W: 299}, o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	eight, one := compile(8), compile(1)
	if bytes := 16 * eight.Plan().ArenaTexels; bytes > 128<<20 {
		t.Errorf("activations take %d bytes", bytes)
	}
	x := inception.RandomInput(eight.Plan().Input.Shape, nettest.Seed(t))
	y, err := eight.Run(ctx, x)
	if err != nil {
		t.Fatal(err)
	}
	if i := tensor.FirstNonFinite(y.Data); i >= 0 {
		t.Fatalf("element %d is %v", i, y.Data[i])
	}
	in, out := x.Len()/8, y.Len()/8
	for n := range 8 {
		alone, err := one.Run(ctx, &tensor.Tensor{Shape: one.Plan().Input.Shape, Data: x.Data[n*in:][:in]})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(alone.Data, y.Data[n*out:][:out]) {
			t.Errorf("image %d differs from the same image alone", n)
		}
	}
}
