package classify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/classify"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// recorded answers with the digits' ten numbers, the first of which is the input's first, and calls before it does.
func recorded(before func(ctx context.Context, x *tensor.Tensor) error) classify.Backend {
	return func(context.Context, *graph.Graph, tensor.Shape) (classify.Runner, error) {
		return runner{func(ctx context.Context, x *tensor.Tensor) ([]*tensor.Tensor, error) {
			if err := before(ctx, x); err != nil {
				return nil, err
			}
			y := tensor.New(tensor.Shape{N: x.N, C: 10, H: 1, W: 1})
			for i := range x.N {
				y.Data[10*i] = x.Data[i*28*28]
			}
			return []*tensor.Tensor{y}, nil
		}}, nil
	}
}

// levels are grey pictures, the i-th of level i.
func levels(n int) []classify.Picture {
	all := make([]classify.Picture, n)
	for i := range all {
		all[i].Load = func() (image.Image, error) {
			m := image.NewGray(image.Rect(0, 0, 28, 28))
			for k := range m.Pix {
				m.Pix[k] = uint8(i)
			}
			return m, nil
		}
	}
	return all
}

// level is the level of the picture that an answer of recorded is for.
func level(r classify.Result) int {
	i := slices.IndexFunc(r.Classes, func(c classify.Class) bool { return c.Index == 0 })
	return int(r.Classes[i].Score*255 + 0.5)
}

// TestAhead: while one batch is computed the next has begun its run and no third has, and answers keep the pictures' order though
// the runs don't.
func TestAhead(t *testing.T) {
	var now, most, runs atomic.Int32
	second := make(chan struct{})
	c := open(t, digitsModel(t), recorded(func(context.Context, *tensor.Tensor) error {
		n := now.Add(1)
		defer now.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		if runs.Add(1) == 2 {
			close(second)
			return nil
		}
		select {
		case <-second: // the first run ends after the second has begun
			time.Sleep(5 * time.Millisecond)
			return nil
		case <-time.After(10 * time.Second):
			return errors.New("no second batch came while the first was computed")
		}
	}), classify.Options{Batch: 4, Top: 10})
	seen := 0
	for r, err := range c.Each(context.Background(), levels(30)) {
		if err != nil || r.Err != nil {
			t.Fatal(err, r.Err)
		}
		if r.Index != seen || level(r) != seen {
			t.Errorf("answer %d is for picture %d, of level %d", seen, r.Index, level(r))
		}
		seen++
	}
	if seen != 30 || runs.Load() != 8 || most.Load() != 2 {
		t.Errorf("%d answers of %d runs, %d at once; want 30, 8, 2", seen, runs.Load(), most.Load())
	}
}

// TestLastBatch: the last batch has the pictures that are left, but where pictures depend on each other it is filled
// up.
func TestLastBatch(t *testing.T) {
	fixed := digitsModel(t)
	four := fixed.Graph.Add("four pictures as one", graph.Reshape{C: 40, H: 1, W: 1}, fixed.Graph.Outputs[0])
	fixed.Graph.Outputs = []graph.Value{fixed.Graph.Add("and back", graph.Reshape{C: 10, H: 1, W: 1}, four)}
	for _, x := range []struct {
		name  string
		model *classify.Model
		want  []int
	}{
		{"free", digitsModel(t), []int{4, 4, 2}},
		{"fixed", fixed, []int{4, 4, 4}},
	} {
		var mu sync.Mutex
		var sizes []int
		c := open(t, x.model, recorded(func(_ context.Context, x *tensor.Tensor) error {
			mu.Lock()
			defer mu.Unlock()
			sizes = append(sizes, x.N)
			return nil
		}), classify.Options{Batch: 4, Top: 10})
		seen := 0
		for r, err := range c.Each(context.Background(), levels(10)) {
			if err != nil || r.Index != seen || level(r) != seen {
				t.Errorf("%s: answer %d: %+v, %v", x.name, seen, r, err)
			}
			seen++
		}
		slices.Sort(sizes)
		slices.Sort(x.want)
		if seen != 10 || !slices.Equal(sizes, x.want) {
			t.Errorf("%s: %d answers, batches of %v; want 10, %v", x.name, seen, sizes, x.want)
		}
	}
}

// TestNothingLeftRunning: after the loop ends, early or by an error, no run of it goes on.
func TestNothingLeftRunning(t *testing.T) {
	var now, runs atomic.Int32
	broken := errors.New("broken")
	c := open(t, digitsModel(t), recorded(func(ctx context.Context, _ *tensor.Tensor) error {
		now.Add(1)
		defer now.Add(-1)
		if runs.Add(1)%5 == 0 {
			return broken
		}
		time.Sleep(time.Millisecond)
		return ctx.Err()
	}), classify.Options{Batch: 2})
	for _, stop := range []int{1, 3, 1000} {
		seen := 0
		var last error
		for _, err := range c.Each(context.Background(), levels(100)) {
			last = err
			if seen++; seen == stop {
				break
			}
		}
		if n := now.Load(); n != 0 {
			t.Errorf("left after %d answers: %d runs go on", seen, n)
		}
		if stop == 1000 && !errors.Is(last, broken) {
			t.Errorf("error is %v", last)
		}
	}
}

// BenchmarkEach is of 64 pictures that take 5 ms each to load, on a device that takes 10 ms for each and no time of the processor.
// What it reports is the share of the device's own rate.
func BenchmarkEach(b *testing.B) {
	const load, compute = 5 * time.Millisecond, 10 * time.Millisecond
	m, err := classify.Digits()
	if err != nil {
		b.Fatal(err)
	}
	for _, batch := range []int{1, 8} {
		b.Run(fmt.Sprint("batch ", batch), func(b *testing.B) {
			var device sync.Mutex
			c, err := classify.New(context.Background(), m, recorded(func(_ context.Context, x *tensor.Tensor) error {
				device.Lock()
				defer device.Unlock()
				time.Sleep(time.Duration(x.N) * compute)
				return nil
			}), classify.Options{Batch: batch})
			if err != nil {
				b.Fatal(err)
			}
			pictures := levels(64)
			for i, p := range pictures {
				pictures[i].Load = func() (image.Image, error) {
					time.Sleep(load)
					return p.Load()
				}
			}
			for b.Loop() {
				for r, err := range c.Each(context.Background(), pictures) {
					if err != nil || r.Err != nil {
						b.Fatal(err, r.Err)
					}
				}
			}
			b.ReportMetric(float64(len(pictures)*b.N)*compute.Seconds()/b.Elapsed().Seconds(), "of-device")
		})
	}
}

// TestWeightsGo: on a device the classifier needs no weights of the host's, and leaves those of its model alone.
func TestWeightsGo(t *testing.T) {
	var given *graph.Graph
	device := classify.GPU(gputest.Open(t), inception.Options{})
	m := digitsModel(t)
	c := open(t, m, func(ctx context.Context, g *graph.Graph, in tensor.Shape) (classify.Runner, error) {
		given = g
		return device(ctx, g, in)
	}, classify.Options{})
	if len(given.Weights) != 0 || len(m.Graph.Weights) == 0 {
		t.Errorf("the classifier has %d weights, its model %d", len(given.Weights), len(m.Graph.Weights))
	}
	again := open(t, m, device, classify.Options{})
	clear(m.Graph.Weights)
	for i, s := range samples(t)[10:] {
		for _, c := range []*classify.Classifier{c, again} {
			r, err := c.ClassifyEncoded(context.Background(), bytes.NewReader(s.PNG))
			if err != nil || r[0].Classes[0].Index != s.Label && i == 0 {
				t.Fatalf("sample %d: %+v, %v", 10+i, r, err)
			}
		}
	}
}

// TestNotFiniteAlone: of a batch, the picture has the error whose values aren't finite, and the others their answers.
func TestNotFiniteAlone(t *testing.T) {
	m := digitsModel(t)
	c := open(t, m, recorded(func(_ context.Context, x *tensor.Tensor) error {
		for _, v := range x.Data {
			if v > 1.5/255 {
				return fmt.Errorf("running: %w", graph.ErrNotFinite)
			}
		}
		return nil
	}), classify.Options{Batch: 4})
	seen := 0
	for r, err := range c.Each(context.Background(), levels(4)) {
		if bad := errors.Is(r.Err, graph.ErrNotFinite); err != nil || bad != (r.Index >= 2) || !bad && (r.Err != nil || level(r) != r.Index) {
			t.Errorf("picture %d: %v, %v", r.Index, r.Err, err)
		}
		seen++
	}
	if seen != 4 {
		t.Errorf("%d answers", seen)
	}
}
