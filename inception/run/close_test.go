//go:build cgo && (linux || windows)

package run_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/gpu/gputest/glfault"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/internal/nettest"
	"inceptiongl/inception/plan"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// countdown is a context that ends when it is asked for the k-th time whether it has.
type countdown struct {
	context.Context
	mu   sync.Mutex
	left int
	done chan struct{}
}

func (c *countdown) Done() <-chan struct{} { return c.done }

func (c *countdown) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left > 0 {
		if c.left--; c.left == 0 {
			close(c.done)
		}
	}
	if c.left == 0 {
		return context.Canceled
	}
	return nil
}

// TestCancelledCompile: wherever compiling is cancelled, nothing stays on the device.
func TestCancelledCompile(t *testing.T) {
	glfault.Clean(t)
	d := gputest.New(t, gpu.Options{}, true)
	n := small(nettest.Seed(t))
	if err := compile(t, d, n).Close(); err != nil { // programs stay
		t.Fatal(err)
	}
	before := glfault.Live()
	for k := 1; ; k++ {
		s, err := run.Compile(&countdown{Context: context.Background(), left: k, done: make(chan struct{})}, d, n.Graph, n.Input, run.Options{Kernels: run.KernelsDefault})
		if err == nil {
			gputest.Tell(t, "cancelled in %d places", k-1)
			if k < 10 {
				t.Errorf("only %d places", k-1)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			return
		}
		if kept := glfault.Live().Since(before); !errors.Is(err, context.Canceled) || kept != (glfault.Objects{}) {
			t.Errorf("cancelled at place %d: %v; the device keeps %+v", k, err, kept)
		}
	}
}

// TestCloseTwiceShared: closing a session again takes nothing from another of the same graph.
func TestCloseTwiceShared(t *testing.T) {
	d := gputest.New(t, gpu.Options{}, true)
	seed := nettest.Seed(t)
	n := small(seed)
	first, second := compile(t, d, n), compile(t, d, n)
	for range 3 {
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if versions, _, bytes := run.Stored(d, n.Graph); versions != 1 || bytes != second.WeightsBytes() {
		t.Errorf("%d versions of the weights, %d bytes; the session that is open has %d", versions, bytes, second.WeightsBytes())
	}
	wantAnswer(t, second, questions(t, n, seed, 1)[0])
}

// TestWinogradSession: a step of three dispatches, with two ranges of scratch.
func TestWinogradSession(t *testing.T) {
	seed := nettest.Seed(t)
	n := winogradNetwork(seed)
	x := inception.RandomInput(n.Input, seed)
	o := run.Options{Choose: func(step *plan.Step, fit []shaders.Key) shaders.Key {
		if i := slices.IndexFunc(fit, func(k shaders.Key) bool { return k.Kernel == shaders.Winograd }); i >= 0 {
			return fit[i]
		}
		t.Errorf("step %s: Winograd is none of its candidates", step.Name)
		return fit[0]
	}}
	agree(t, n, x, nettest.Reference(t, n, x), o)
}

func winogradNetwork(seed uint64) nettest.Network {
	g, x := graph.New("winograd", 96)
	g.Outputs = []graph.Value{nettest.Conv(g, "b", nettest.Conv(g, "a", x, 96, 96, 3), 96, 96, 3)}
	inception.InitHe(g, seed)
	return nettest.Of("winograd", g, nettest.Shape(2, 96, 15, 17))
}

// TestFitWorkgroups: a kernel is refused from one workgroup too many on.
func TestFitWorkgroups(t *testing.T) {
	p := planFor(t, inception.PointwiseStack(8, 8), tensor.Shape{N: 1, C: 8, H: 33, W: 35})
	step := p.Steps()[0]
	key, err := step.PlainKey(shaders.Target{Software: true})
	if err != nil {
		t.Fatal(err)
	}
	params := step.ParamsFor(key)
	for i, n := range key.Workgroups(&params) {
		for _, c := range []struct {
			most int
			fits bool
		}{{n, true}, {n - 1, false}} {
			l := roomy
			l.MaxGroups[i] = c.most
			if _, err := run.Candidates(p, l, true); (err == nil) != c.fits || err != nil && !errors.Is(err, gpu.ErrLimit) {
				t.Errorf("%d workgroups in dimension %d, the limit is %d: %v", n, i, c.most, err)
			}
		}
	}
}

// TestDependentImagesStayWhole: a batch whose images depend on each other is not run in parts where it is too large, but refused; and so are
// fewer images. It counts where the images are, not how many.
func TestDependentImagesStayWhole(t *testing.T) {
	d := gputest.Open(t)
	ctx := context.Background()
	of := func(axes ...int) (list []graph.Axis) {
		for _, i := range axes {
			list = append(list, graph.Axis{Of: i})
		}
		return list
	}
	for name, build := range map[string]func(g *graph.Graph, x graph.Value) graph.Value{
		"images become channels": func(g *graph.Graph, x graph.Value) graph.Value {
			return g.Add("turn", graph.Move{To: [4][]graph.Axis{of(1), of(0), of(2), of(3)}}, x)
		},
		"channels become images, in front": func(g *graph.Graph, x graph.Value) graph.Value {
			return g.Add("turn", graph.Move{To: [4][]graph.Axis{of(1, 0), nil, of(2), of(3)}}, x)
		},
		"the batch once more, behind": func(g *graph.Graph, x graph.Value) graph.Value {
			return g.Add("tile", graph.Move{To: [4][]graph.Axis{append([]graph.Axis{{Of: graph.Repeat, Count: 2}}, of(0)...), of(1), of(2), of(3)}}, x)
		},
		"a product with images that repeat": func(g *graph.Graph, x graph.Value) graph.Value {
			twice := g.Add("halves", graph.Reshape{C: 8, H: 16, W: 1}, g.Add("one", graph.Reshape{C: 256, H: 1, W: 1}, x))
			return g.Add("product", graph.MatMul{}, twice, g.Add("other", graph.Reshape{C: 32, H: 8, W: 1}, x))
		},
	} {
		g, x := graph.New("mixed", 4)
		g.Outputs = []graph.Value{build(g, x)}
		in := nettest.Shape(8, 4, 8, 8)
		o := run.Options{}.WithLimits(func(l *gpu.Limits) { l.MaxStorageBlock = 5000 })
		s, err := run.Compile(ctx, d, g, in, o)
		if !errors.Is(err, gpu.ErrLimit) {
			t.Errorf("%s: got a session %v, error %v; want gpu.ErrLimit", name, s != nil, err)
		}
		if s, err = run.Compile(ctx, d, g, in, run.Options{}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		fewer := in
		fewer.N = 3
		if _, err := s.Run(ctx, tensor.New(fewer)); err == nil {
			t.Errorf("%s: a session for %v takes %v", name, in, fewer)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		gputest.Case()
	}
}
