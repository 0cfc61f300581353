package classify_test

import (
	"context"
	"errors"
	"image"
	"sync/atomic"
	"testing"
	"time"

	"inceptiongl/inception/classify"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// counted are pictures that count how often they are loaded; from the third on they say so.
func counted(n int) (pictures []classify.Picture, loads *atomic.Int32, third chan struct{}) {
	loads, third = new(atomic.Int32), make(chan struct{})
	pictures = levels(n)
	for i := range pictures {
		load := pictures[i].Load
		pictures[i].Load = func() (image.Image, error) {
			if loads.Add(1) == 3 {
				close(third)
			}
			return load()
		}
	}
	return pictures, loads, third
}

// awaiting is a backend that takes until c is closed to compile.
func awaiting(c <-chan struct{}, err error) classify.Backend {
	ready := recorded(func(context.Context, *tensor.Tensor) error { return nil })
	return func(ctx context.Context, g *graph.Graph, in tensor.Shape) (classify.Runner, error) {
		select {
		case <-c:
		case <-time.After(10 * time.Second):
			return nil, errors.New("nothing was loaded while the network was compiled")
		}
		if err != nil {
			return nil, err
		}
		return ready(ctx, g, in)
	}
}

// TestPictures: pictures that are known are loaded while the network is compiled, once, and no more than a batch takes; the
// answers are theirs. What Each has besides is as ever.
func TestPictures(t *testing.T) {
	pictures, loads, third := counted(30)
	c := open(t, digitsModel(t), awaiting(third, nil), classify.Options{Batch: 8, Top: 10, Pictures: pictures})
	time.Sleep(20 * time.Millisecond)
	if n := loads.Load(); n > 8+1 {
		t.Errorf("%d pictures were loaded for a batch of 8", n)
	}
	for i, list := range [][]classify.Picture{levels(5), pictures, pictures, pictures[:4], nil} {
		seen := 0
		for r, err := range c.Each(context.Background(), list) {
			if err != nil || r.Err != nil {
				t.Fatal(err, r.Err)
			}
			if r.Index != seen || level(r) != seen {
				t.Errorf("list %d: answer %d is for picture %d, of level %d", i, seen, r.Index, level(r))
			}
			seen++
		}
		if seen != len(list) {
			t.Errorf("list %d: %d answers for %d pictures", i, seen, len(list))
		}
	}
	if n := loads.Load(); n != 30+30+4 {
		t.Errorf("pictures were loaded %d times, want 64", n)
	}
}

// TestPicturesInVain: where the network can't be compiled, nobody asks, or the caller leaves, no more are loaded than had been begun.
func TestPicturesInVain(t *testing.T) {
	ended := func(name string, loads *atomic.Int32) {
		t.Helper()
		time.Sleep(20 * time.Millisecond)
		if n := loads.Load(); n > 8+3 {
			t.Errorf("%s: %d pictures were loaded", name, n)
		}
	}
	broken := errors.New("broken")
	pictures, loads, third := counted(30)
	if _, err := classify.New(context.Background(), digitsModel(t), awaiting(third, broken), classify.Options{Batch: 8, Pictures: pictures}); !errors.Is(err, broken) {
		t.Error(err)
	}
	ended("a network that can't be compiled", loads)

	pictures, loads, third = counted(30)
	c, err := classify.New(context.Background(), digitsModel(t), awaiting(third, nil), classify.Options{Batch: 8, Pictures: pictures})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	ended("nobody asked", loads)

	pictures, loads, third = counted(30)
	c = open(t, digitsModel(t), awaiting(third, nil), classify.Options{Batch: 8, Pictures: pictures})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for r, err := range c.Each(ctx, pictures) {
		if !errors.Is(err, context.Canceled) {
			t.Error(r, err)
		}
	}
	ended("a context that had ended", loads)
}
