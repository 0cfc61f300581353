package run_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"inceptiongl/cpuref/verify"
	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// blocks is what a device does that binds that many bytes at once.
func blocks(bytes int) func(*gpu.Limits) {
	return func(l *gpu.Limits) { l.MaxStorageBlock = bytes }
}

// rows compares images of ys, the outputs for x, with those of the same image alone, bit by bit.
func rows(t *testing.T, d *gpu.Device, n nettest.Network, x *tensor.Tensor, ys []*tensor.Tensor, every int) {
	t.Helper()
	in := n.Input
	in.N = 1
	one, err := run.Compile(context.Background(), d, n.Graph, in, run.Options{Kernels: forAnyBatch(d)})
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	for i := 0; i < x.N; i += every {
		alone, err := one.RunAll(context.Background(), &tensor.Tensor{Shape: in, Data: x.Data[i*in.Len():][:in.Len()]})
		if err != nil {
			t.Fatal(err)
		}
		for k, want := range alone {
			if ys[k].N != x.N*want.N {
				t.Fatalf("%s: output %d is %v, want %d times %v", n.Name, k, ys[k].Shape, x.N, want.Shape)
			}
			got := &tensor.Tensor{Shape: want.Shape, Data: ys[k].Data[i*want.Len():][:want.Len()]}
			if !sameBits(got, want) {
				t.Errorf("%s: output %d of image %d of %d differs from the same image's alone", n.Name, k, i, x.N)
				return
			}
		}
	}
}

// outputOf is the size of the output for one image, the largest tensor of a module, in bytes.
func outputOf(n nettest.Network) int {
	return 16 * (88 / 4) * n.Input.H * n.Input.W
}

// twoOutOfOne makes two images of each: its second output has twice as many as the input.
func twoOutOfOne() nettest.Network {
	g, x := graph.New("two_out_of_one", 4)
	half := nettest.Conv(g, "b", g.Add("halves", graph.Reshape{C: 2, H: 3, W: 5}, nettest.Conv(g, "a", x, 4, 4, 3)), 2, 3, 3)
	whole := g.Add("whole", graph.Reshape{C: 6, H: 3, W: 5}, half)
	g.Outputs = []graph.Value{whole, half}
	inception.InitHe(g, 1)
	return nettest.Of(g.Name, g, nettest.Shape(7, 4, 3, 5))
}

// TestBatchInParts: a batch that the device can't take at once is computed in parts, and each image comes out as it does alone.
func TestBatchInParts(t *testing.T) {
	d := gputest.Open(t)
	ctx := context.Background()
	seed := nettest.Seed(t)
	small := small(seed)
	googLeNet := nettest.Of("GoogLeNet", inception.NetworkOptions{WidthDivisor: 16}.GoogLeNet(10), nettest.Shape(7, 3, 64, 48))
	inception.InitHe(googLeNet.Graph, seed)
	for _, c := range []struct {
		network     nettest.Network
		images      int
		block       int // bytes
		most, every int // images at once; which are compared
	}{
		{small, 5000, 1 << 30, 5000, 97}, // as the device is
		{small, 5000, 1 << 20, 1000, 97},
		{small, 3, outputOf(small), 1, 1},      // merged steps don't fit: their destinations lie apart
		{small, 1, outputOf(small), 1, 1},      // the same for the smallest batch
		{googLeNet, 7, 4 * 16 * 64 * 48, 4, 1}, // four inputs; the second part overlaps the first
		{googLeNet, 7, 7*16*64*48 - 16, 4, 1},  // one texel too little
		{twoOutOfOne(), 7, 4 * 16 * 15 * 2, 4, 1},
	} {
		n := c.network
		n.Input.N = c.images
		s, err := run.Compile(ctx, d, n.Graph, n.Input, run.Options{Kernels: forAnyBatch(d)}.WithLimits(func(l *gpu.Limits) {
			l.MaxStorageBlock = min(l.MaxStorageBlock, c.block)
		}))
		if err != nil {
			t.Errorf("%s: %v", n.Name, err)
			continue
		}
		each := s.Plan().Input.Shape.N
		if each > c.most || c.most < c.images && each == c.images || s.Input() != n.Input {
			t.Errorf("%s: %v in parts of %d images, want %v, at most %d", n.Name, s.Input(), each, n.Input, c.most)
		}
		t.Logf("%s: %d images in parts of %d", n.Name, c.images, each)
		x := inception.RandomInput(n.Input, seed)
		ys, err := s.RunAll(ctx, x)
		if err != nil {
			t.Fatalf("%s: %v", n.Name, err)
		}
		shapes, err := n.Graph.Shapes(n.Input)
		if err != nil {
			t.Fatal(err)
		}
		for k, o := range n.Graph.Outputs {
			if ys[k].Shape != shapes[o] || s.Outputs()[k] != shapes[o] {
				t.Fatalf("%s: output %d is %v, declared %v, want %v", n.Name, k, ys[k].Shape, s.Outputs()[k], shapes[o])
			}
		}
		rows(t, d, n, x, ys, c.every)
		if c.images < 100 { // every step of every part, and the same answer
			y, reports, err := verify.Session(ctx, s, x)
			if err == nil {
				err = verify.Failed(reports)
			}
			if err != nil || !sameBits(y, ys[0]) {
				t.Errorf("%s, traced: %v, or it differs", n.Name, err)
			}
			timed(t, s, x)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestImagesThatDependOnEachOther: a batch that can't be taken apart is refused, with the limit that it exceeds as a whole.
func TestImagesThatDependOnEachOther(t *testing.T) {
	d := gputest.Open(t)
	pairs, x := graph.New("pairs", 4)
	pairs.Outputs = []graph.Value{pairs.Add("relu", graph.ReLU{}, pairs.Add("pairs", graph.Reshape{C: 8, H: 3, W: 5}, x))}
	fixed, x := graph.New("constant", 4)
	c := fixed.Add("c", graph.Constant{Shape: nettest.Shape(8, 4, 3, 5), Value: "c"})
	fixed.Outputs = []graph.Value{fixed.Add("sum", graph.Binary{}, x, c)}
	inception.InitHe(fixed, 1)
	in := nettest.Shape(8, 4, 3, 5)
	for _, g := range []*graph.Graph{pairs, fixed} {
		n := nettest.Of(g.Name, g, in)
		compile(t, d, n) // as it is, it runs
		_, err := run.Compile(context.Background(), d, g, in, run.Options{}.WithLimits(blocks(16*8*15-1)))
		if !errors.Is(err, gpu.ErrLimit) || !strings.Contains(err.Error(), "takes 1920 bytes, the device binds 1919 at once") {
			t.Errorf("%s: error is %v, want gpu.ErrLimit for the whole batch", g.Name, err)
		}
	}
	// Images that are too large one by one: the error is the whole batch's.
	alone, x := graph.New("alone", 4)
	alone.Outputs = []graph.Value{alone.Add("relu", graph.ReLU{}, x)}
	_, err := run.Compile(context.Background(), d, alone, in, run.Options{}.WithLimits(blocks(16*15-1)))
	if !errors.Is(err, gpu.ErrLimit) || !strings.Contains(err.Error(), "takes 1920 bytes, the device binds 239 at once") {
		t.Errorf("%s: error is %v, want gpu.ErrLimit for the whole batch", alone.Name, err)
	}
	n := small(1)
	if _, err := run.Compile(context.Background(), d, n.Graph, n.Input, run.Options{}.WithLimits(blocks(1024))); !errors.Is(err, gpu.ErrLimit) {
		t.Errorf("one image: error is %v, want gpu.ErrLimit", err)
	}
}

// TestLargeLayerInParts: weights that exceed what the device binds are computed in ranges of outputs, bit for bit as at once.
func TestLargeLayerInParts(t *testing.T) {
	d := gputest.Open(t)
	ctx := context.Background()
	seed := nettest.Seed(t)
	n := nettest.Of("fc", inception.PointwiseStack(66, 67), nettest.Shape(3, 66, 1, 1))
	inception.InitHe(n.Graph, seed)
	s, err := run.Compile(ctx, d, n.Graph, n.Input, run.Options{Kernels: run.KernelsDefault}.WithLimits(blocks(4096)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if steps := s.Plan().Steps(); len(steps) < 5 || s.Plan().Input.Shape != n.Input {
		t.Errorf("%d steps for 18 KB of weights in blocks of 4, for %v at once", len(steps), s.Plan().Input.Shape)
	}
	x := inception.RandomInput(n.Input, seed)
	y, reports, err := verify.Session(ctx, s, x)
	if err == nil {
		err = verify.Failed(reports)
	}
	if err != nil {
		t.Error(err)
	}
	whole, err := compile(t, d, n).Run(ctx, x)
	if err != nil || !sameBits(whole, y) {
		t.Errorf("the layer in one step gives another answer: %v", err)
	}
}

// TestFewerImages: a session serves any batch up to its own, bit for bit; where images depend on each other it refuses.
func TestFewerImages(t *testing.T) {
	d := gputest.Open(t)
	ctx := context.Background()
	for _, c := range []struct {
		network       nettest.Network
		images, block int
	}{{small(1), 5, 1 << 30}, {twoOutOfOne(), 7, 1 << 30}, {twoOutOfOne(), 7, 4 * 16 * 15 * 2}} {
		n := c.network
		n.Input.N = c.images
		s, err := run.Compile(ctx, d, n.Graph, n.Input, run.Options{Kernels: forAnyBatch(d)}.WithLimits(func(l *gpu.Limits) {
			l.MaxStorageBlock = min(l.MaxStorageBlock, c.block)
		}))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for images := c.images; images > 0; images-- { // after a larger batch, whose numbers are still there
			in := n.Input
			in.N = images
			x := inception.RandomInput(in, uint64(images))
			ys, err := s.RunAll(ctx, x)
			if err != nil {
				t.Fatalf("%s, %d images of %d: %v", n.Name, images, c.images, err)
			}
			rows(t, d, n, x, ys, 1)
			into := tensor.New(ys[0].Shape)
			if err := s.RunInto(ctx, x, into); err != nil || !sameBits(into, ys[0]) {
				t.Errorf("%s, %d images of %d, into the caller's memory: %v", n.Name, images, c.images, err)
			}
		}
		more := n.Input
		more.N++
		if _, err := s.RunAll(ctx, tensor.New(more)); err == nil {
			t.Errorf("%s: %d images of %d: no error", n.Name, more.N, c.images)
		}
	}
	g, x := graph.New("together", 4)
	g.Outputs = []graph.Value{g.Add("all", graph.Reshape{C: 3 * 4, H: 2, W: 2}, x)} // one image of three
	s, err := run.Compile(ctx, d, g, nettest.Shape(3, 4, 2, 2), run.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Run(ctx, tensor.New(nettest.Shape(2, 4, 2, 2))); err == nil {
		t.Error("images that depend on each other: fewer are accepted")
	}
	if y, err := s.Run(ctx, inception.RandomInput(nettest.Shape(3, 4, 2, 2), 1)); err != nil || y.Shape != nettest.Shape(1, 12, 2, 2) {
		t.Errorf("all of them: %v", err)
	}
}
