package batch

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"inceptiongl/inception/tensor"
)

// fake is a device that adds one to every number, and takes the time that it is told. It can be held.
type fake struct {
	mu      sync.Mutex
	runs    []string // the lane's name of each
	batches []int
	hold    chan struct{} // if not nil, a run waits for a token
	fail    error
	took    time.Duration
}

func (f *fake) run(name string) Run {
	return func(ctx context.Context, device, size int, x *tensor.Tensor) ([]*tensor.Tensor, time.Duration, error) {
		if f.hold != nil {
			select {
			case <-f.hold:
			case <-ctx.Done():
				return nil, 0, ctx.Err()
			}
		}
		f.mu.Lock()
		f.runs, f.batches = append(f.runs, name), append(f.batches, x.N)
		fail := f.fail
		f.mu.Unlock()
		if x.N > size {
			panic("a batch larger than its size")
		}
		time.Sleep(f.took)
		y := tensor.New(tensor.Shape{N: 2 * x.N, C: 1, H: 1, W: 2}) // two for each image
		for i, v := range x.Data {
			y.Data[i] = v + 1
		}
		return []*tensor.Tensor{x, y}, f.took, fail
	}
}

func (f *fake) seen() ([]string, []int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.runs), slices.Clone(f.batches)
}

// numbers is an input of n images of 4 numbers each, which are different everywhere.
func numbers(n int) *tensor.Tensor {
	x := tensor.New(tensor.Shape{N: n, C: 1, H: 2, W: 2})
	for i := range x.Data {
		x.Data[i] = rand.Float32()
	}
	return x
}

// right reports whether an answer is that of fake for x.
func right(a Answer, x *tensor.Tensor) bool {
	if len(a.Outputs) != 2 || !slices.Equal(a.Outputs[0].Data, x.Data) || a.Outputs[0].Shape != x.Shape {
		return false
	}
	y := a.Outputs[1]
	if y.N != 2*x.N || y.Check() != nil {
		return false
	}
	for i, v := range x.Data {
		if y.Data[i] != v+1 {
			return false
		}
	}
	return true
}

func sizes(cost time.Duration, images ...int) []Size {
	var all []Size
	for _, n := range images {
		all = append(all, Size{n, cost * time.Duration(n+1)}) // larger ones are cheaper for each
	}
	return all
}

func setup(t *testing.T, f *fake, o Options, lo LaneOptions) (*Scheduler, *Lane) {
	t.Helper()
	if o.Devices == 0 {
		o.Devices = 1
	}
	s := New(o)
	t.Cleanup(s.Close)
	if lo.Sizes == nil {
		lo.Sizes = sizes(time.Millisecond, 1, 4, 8)
	}
	if lo.Limit == 0 {
		lo.Limit = 64
	}
	lo.Name = "m"
	lo.Run = f.run("m")
	return s, s.NewLane(lo)
}

// ask is one request, whole.
func ask(ctx context.Context, l *Lane, x *tensor.Tensor) (Answer, error) {
	p, err := l.Enter(ctx, x.N)
	if err != nil {
		return Answer{}, err
	}
	defer p.Leave()
	return p.Run(ctx, x)
}

// taken reports that one request is in, and not in the queue.
func taken(l *Lane) bool {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	return l.places == 1 && l.admitted == 0
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !ok(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			t.Fatalf("waited 5 s until %s", what)
		}
	}
}
