package run_test

import (
	"context"
	"testing"

	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// TestHostOrder: a device that converts from and to the host's order gives the same bits as the host's conversion, of whole
// batches and of fewer images; every step is right.
func TestHostOrder(t *testing.T) {
	d, s := gputest.Open(t), nettest.Seed(t)
	ctx := context.Background()
	twice := nettest.Of("an output twice", inception.InceptionA(16), nettest.Shape(2, 16, 6, 8))
	twice.Graph.Outputs = append(twice.Graph.Outputs, 0, twice.Graph.Outputs[0])
	alone, x := graph.New("alone", 4)
	alone.Outputs = []graph.Value{x}
	compiled := func(n nettest.Network, o run.Options) *run.Session {
		t.Helper()
		s, err := run.Compile(ctx, d, n.Graph, n.Input, o)
		if err != nil {
			t.Fatalf("%s: %v", n.Name, err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	article := nettest.Of("article, batch 3", inception.InceptionA(192), nettest.Shape(3, 192, 28, 28))
	host, device := run.Options{Kernels: run.KernelsDefault}, run.Options{Kernels: run.KernelsDefault}.WithHostOrder(1)
	converted := 0
	for _, n := range append(nettest.Networks(s), article, twice, nettest.Of("no step", alone, nettest.Shape(2, 4, 3, 5))) {
		inception.InitHe(n.Graph, s)
		x := inception.RandomInput(n.Input, s)
		agree(t, n, x, nettest.Reference(t, n, x), device)
		sessions := map[string]*run.Session{"device": compiled(n, device)}
		if sessions["device"].Plan().Input.InOrder() {
			converted++
		}
		if n.Name == article.Name {
			sessions["small blocks"] = compiled(n, device.WithLimits(blocks(2*16*48*28*28))) // less than all images
			if sessions["small blocks"].Plan().Input.InOrder() {
				t.Error("a device that can't write the input converts it")
			}
		}
		want := compiled(n, host)
		for name, s := range sessions {
			for _, images := range []int{n.Input.N, 1} {
				x := &tensor.Tensor{Shape: n.Input, Data: x.Data[:n.Input.Len()/n.Input.N*images]}
				x.N = images
				ys, errWant := want.RunAll(ctx, x)
				got, err := s.RunAll(ctx, x)
				if (err == nil) != (errWant == nil) {
					t.Fatalf("%s, %s, %d images: %v; by the host: %v", n.Name, name, images, err, errWant)
				}
				for k := range ys {
					if !sameBits(got[k], ys[k]) {
						t.Errorf("%s, %s, %d images: output %d differs from what the host's conversion gives", n.Name, name, images, k)
					}
				}
			}
		}
	}
	if converted < 10 {
		t.Errorf("only %d networks had their input converted on the device", converted)
	}
}
