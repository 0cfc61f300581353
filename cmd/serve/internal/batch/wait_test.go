package batch

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"inceptiongl/inception/tensor"
)

// TestBusy: while the device has a batch, the next one gathers until that is about to end; a full one goes on its way at once.
func TestBusy(t *testing.T) {
	f := &fake{hold: make(chan struct{}, 100)}
	s, l := setup(t, f, Options{InFlight: 2}, LaneOptions{Sizes: []Size{{1, time.Hour}, {4, time.Hour}}})
	var all sync.WaitGroup
	more := func(n int) {
		for range n {
			all.Add(1)
			go func() {
				defer all.Done()
				if _, err := ask(context.Background(), l, numbers(1)); err != nil {
					t.Error(err)
				}
			}()
		}
	}
	more(1)
	until(t, "the device is busy", func() bool { return taken(l) })
	more(3)
	until(t, "three wait", func() bool { return l.Waiting() == 3 })
	time.Sleep(20 * time.Millisecond)
	if n := l.Waiting(); n != 3 {
		t.Errorf("%d wait: the others went before they had to", n)
	}
	more(1)
	until(t, "four go together", func() bool { return l.Waiting() == 0 })
	more(2)
	until(t, "two wait", func() bool { return l.Waiting() == 2 })
	for range 10 {
		f.hold <- struct{}{}
	}
	all.Wait()
	if _, batches := f.seen(); len(batches) != 3 || batches[0]+batches[1] != 5 || batches[2] != 2 {
		t.Errorf("batches of %v, want 1 and 4, then 2", batches)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.devices[0].batches != 0 {
		t.Errorf("%d batches are still on their way", s.devices[0].batches)
	}
}

// TestMaxWait: who would wait longer than is allowed is told so at once, by what runs cost by now; what a run has room for may always wait.
func TestMaxWait(t *testing.T) {
	for name, c := range map[string]struct {
		max, cost time.Duration // of a run of 4
		want      int           // images that are let in
	}{
		"no limit":    {0, 4 * time.Second, 64},
		"ten seconds": {10 * time.Second, 4 * time.Second, 11},
		"a slow run":  {time.Second, 40 * time.Second, 4},
	} {
		s := New(Options{MaxWait: c.max})
		l := s.NewLane(LaneOptions{Name: "m", Sizes: []Size{{1, 10 * c.cost}, {4, c.cost}}, Limit: 64})
		var err error
		var places []*Place
		for err == nil {
			var p *Place
			if p, err = l.Enter(context.Background(), 1); err == nil {
				places = append(places, p)
			}
		}
		var full *FullError
		if !errors.As(err, &full) || full.Late || full.After < c.max || len(places) != c.want || l.Full() == nil {
			t.Errorf("%s: %d were let in, then %v", name, len(places), err)
		}
		for _, p := range places {
			p.Leave()
		}
		if err := l.Full(); err != nil {
			t.Errorf("%s, and all have left: %v", name, err)
		}
		s.Close()
	}
}

// TestTriedAgain: a size that was dear once is tried again, and what it costs now counts.
func TestTriedAgain(t *testing.T) {
	s := New(Options{})
	defer s.Close()
	l := s.NewLane(LaneOptions{Name: "m", Sizes: []Size{{1, 10}, {4, 400}}, Limit: 8})
	const rounds = 50 * again
	four := 0
	for range rounds {
		for l.queued < 4 {
			p, err := l.Enter(context.Background(), 1)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.enqueue([]*item{{place: p, x: numbers(1)}}); err != nil {
				t.Fatal(err)
			}
		}
		b := s.take(l, time.Now(), &device{})
		l.learn(b.size, 10)
		if b.size == 4 {
			four++
		}
	}
	if four < rounds/2 {
		t.Errorf("%d of %d batches were of the size that is cheapest by now", four, rounds)
	}
	l.queue = nil
}

// TestIdleDevice: whoever comes while one device is busy goes to the other, whichever workers slept last.
func TestIdleDevice(t *testing.T) {
	f := &fake{hold: make(chan struct{}, 100)}
	_, l := setup(t, f, Options{Devices: 2, InFlight: 3}, LaneOptions{Sizes: []Size{{1, time.Hour}, {8, time.Hour}}})
	answers := make(chan error, 3)
	for range 20 {
		for n := range 2 {
			go func() { _, err := ask(context.Background(), l, numbers(1)); answers <- err }()
			until(t, "it runs", func() bool { l.s.mu.Lock(); defer l.s.mu.Unlock(); return l.places == n+1 && l.admitted == 0 })
		}
		go func() { _, err := ask(context.Background(), l, numbers(8)); answers <- err }()
		for range 3 {
			f.hold <- struct{}{}
		}
		for range 3 {
			if err := <-answers; err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestCost: what a size costs is the time from run to run, not only the device's.
func TestCost(t *testing.T) {
	f := &fake{took: 2 * time.Millisecond}
	_, l := setup(t, f, Options{InFlight: 2}, LaneOptions{Sizes: []Size{{1, time.Microsecond}}})
	l.o.Run = func(ctx context.Context, device, size int, x *tensor.Tensor) ([]*tensor.Tensor, time.Duration, error) {
		ys, busy, err := f.run("m")(ctx, device, size, x)
		time.Sleep(time.Millisecond)
		return ys, busy, err
	}
	for range 30 {
		if _, err := ask(context.Background(), l, numbers(1)); err != nil {
			t.Fatal(err)
		}
	}
	if c := l.Sizes()[0].Cost; c < 2900*time.Microsecond || c > 4*time.Millisecond {
		t.Errorf("a run of 2 ms, and one between: %v", c)
	}
	l.ran(0, 1, time.Now().Add(-time.Hour), 2*time.Millisecond)
	if c := l.Sizes()[0].Cost; c > 4*time.Millisecond {
		t.Errorf("after a run that had to wait for an hour: %v", c)
	}
}
