package classify_test

import (
	"context"
	"errors"
	"image"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"inceptiongl/gpu"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception"
	"inceptiongl/inception/classify"
)

// TestBounded: however many pictures wait and callers there are, few are loaded at a time.
func TestBounded(t *testing.T) {
	c := open(t, digitsModel(t), zeros, classify.Options{Batch: 8})
	var now, most atomic.Int32
	picture := classify.Picture{Load: func() (image.Image, error) {
		n := now.Add(1)
		defer now.Add(-1)
		for {
			if old := most.Load(); n <= old || most.CompareAndSwap(old, n) {
				break
			}
		}
		time.Sleep(time.Millisecond)
		return image.NewGray(image.Rect(0, 0, 28, 28)), nil
	}}
	pictures := make([]classify.Picture, 50)
	for i := range pictures {
		pictures[i] = picture
	}
	var wg sync.WaitGroup
	for range 6 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			seen := 0
			for r, err := range c.Each(context.Background(), pictures) {
				if r.Err != nil || err != nil || r.Index != seen {
					t.Error(r, err)
				}
				seen++
			}
			if seen != len(pictures) {
				t.Errorf("%d results", seen)
			}
		}()
	}
	wg.Wait()
	if n := most.Load(); n < 1 || n > 4 {
		t.Errorf("%d pictures were loaded at once", n)
	}
}

// TestStop: leaving the loop and cancelling end a call soon, and later calls go on.
func TestStop(t *testing.T) {
	c := open(t, digitsModel(t), zeros, classify.Options{})
	var loaded atomic.Int32
	pictures := make([]classify.Picture, 1000)
	for i := range pictures {
		pictures[i].Load = func() (image.Image, error) {
			loaded.Add(1)
			return image.NewGray(image.Rect(0, 0, 28, 28)), nil
		}
	}
	for range c.Each(context.Background(), pictures) {
		break
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	reason := errors.New("the user has left")
	defer cancel(reason)
	var last error
	results := 0
	for r, err := range c.Each(ctx, pictures) {
		if results++; results == 3 {
			cancel(reason)
		}
		if r.Err != nil {
			t.Errorf("picture %d: %v", r.Index, r.Err)
		}
		last = err
	}
	if !errors.Is(last, reason) && !errors.Is(last, context.Canceled) {
		t.Errorf("error is %v", last)
	}
	if n := loaded.Load(); n > 100 {
		t.Errorf("%d pictures were loaded", n)
	}
	if _, err := c.Classify(ctx, image.NewGray(image.Rect(0, 0, 28, 28))); !errors.Is(err, reason) {
		t.Errorf("error is %v", err)
	}
	if _, err := c.Classify(context.Background(), image.NewGray(image.Rect(0, 0, 28, 28))); err != nil {
		t.Error(err)
	}
}

func TestClosed(t *testing.T) {
	c, err := classify.New(context.Background(), digitsModel(t), classify.GPU(gputest.Open(t), inception.Options{}), classify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.Classify(context.Background(), image.NewGray(image.Rect(0, 0, 28, 28))); !errors.Is(err, gpu.ErrClosed) {
		t.Errorf("error is %v", err)
	}
}
