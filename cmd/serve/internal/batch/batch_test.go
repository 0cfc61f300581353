package batch

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"inceptiongl/inception/tensor"
)

// TestAnswers: many callers, requests of all sizes, each gets its own answer; batches are shared and none is too large.
func TestAnswers(t *testing.T) {
	f := &fake{took: 200 * time.Microsecond}
	s, l := setup(t, f, Options{MaxDelay: time.Millisecond, Devices: 2, InFlight: 2}, LaneOptions{Limit: 1 << 20})
	var wrong, images atomic.Int64
	var all sync.WaitGroup
	for range 32 {
		all.Add(1)
		go func() {
			defer all.Done()
			for range 30 {
				x := numbers(1 + rand.IntN(20))
				images.Add(int64(x.N))
				if a, err := ask(context.Background(), l, x); err != nil || !right(a, x) {
					wrong.Add(1)
				}
			}
		}()
	}
	all.Wait()
	_, batches := f.seen()
	sum := 0
	for _, n := range batches {
		sum += n
	}
	if wrong.Load() > 0 || int64(sum) != images.Load() || slices.Max(batches) != 8 {
		t.Errorf("%d wrong answers; %d images in runs, %d asked; largest batch %d", wrong.Load(), sum, images.Load(), slices.Max(batches))
	}
	if l.Waiting() != 0 || l.queued != 0 || l.places != 0 || len(s.lanes) != 1 {
		t.Errorf("%d wait, %d queued, %d places", l.Waiting(), l.queued, l.places)
	}
}

// TestGather: what waits shares a run as soon as the largest size is full; a single request goes after the delay, and not before.
func TestGather(t *testing.T) {
	f := &fake{}
	const delay = 50 * time.Millisecond
	_, l := setup(t, f, Options{MaxDelay: delay}, LaneOptions{})
	begin := time.Now()
	a, err := ask(context.Background(), l, numbers(1))
	if took := time.Since(begin); err != nil || took < delay || a.Waited < delay || a.Batch != 1 {
		t.Errorf("alone: %v after %v, %+v", err, took, a)
	}
	var full sync.WaitGroup
	begin = time.Now()
	for range 8 {
		full.Add(1)
		go func() {
			defer full.Done()
			if a, err := ask(context.Background(), l, numbers(1)); err != nil || a.Batch != 8 {
				t.Errorf("one of eight: %v, %+v", err, a)
			}
		}()
	}
	full.Wait()
	if took := time.Since(begin); took > delay {
		t.Errorf("a full batch waited %v", took)
	}
}

// TestSize: the size is the one that makes a run cheapest for each image that waits.
func TestSize(t *testing.T) {
	for name, c := range map[string]struct {
		sizes []Size
		queue []int
		want  []int // requests in each batch
		size  []int
	}{
		"linear: no padding":      {[]Size{{1, 10}, {4, 40}, {16, 160}}, []int{1, 1, 1, 1, 1}, []int{4, 1}, []int{4, 1}},
		"large ones cost nothing": {[]Size{{1, 10}, {4, 11}, {16, 12}}, []int{1, 1, 1, 1, 1}, []int{5}, []int{16}},
		"in between":              {[]Size{{1, 10}, {4, 20}, {16, 50}}, []int{1, 1, 1, 1, 1, 1}, []int{4, 2}, []int{4, 4}},
		"whole requests":          {[]Size{{1, 10}, {4, 40}, {16, 160}}, []int{3, 3, 1}, []int{1, 2}, []int{4, 4}},
		"the first fits one only": {[]Size{{1, 1}, {16, 160}}, []int{9, 9}, []int{1, 1}, []int{16, 16}},
		"one size":                {[]Size{{4, 40}}, []int{1, 2, 2}, []int{2, 1}, []int{4, 4}},
	} {
		s := New(Options{})
		l := s.NewLane(LaneOptions{Name: "m", Sizes: c.sizes, Limit: 100})
		for _, n := range c.queue {
			p, err := l.Enter(context.Background(), n)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.enqueue([]*item{{place: p, x: numbers(n)}}); err != nil {
				t.Fatal(err)
			}
		}
		var got, size []int
		for len(l.queue) > 0 {
			b := s.take(l, time.Now(), &device{})
			got, size = append(got, len(b.items)), append(size, b.size)
		}
		if !slices.Equal(got, c.want) || !slices.Equal(size, c.size) {
			t.Errorf("%s: batches of %v in sizes %v, want %v in %v", name, got, size, c.want, c.size)
		}
		l.queue = nil
		s.Close()
	}
}

// TestFull: what doesn't fit is told so at once, and when to come again; what is in gets its answer.
func TestFull(t *testing.T) {
	f := &fake{hold: make(chan struct{})}
	_, l := setup(t, f, Options{}, LaneOptions{Limit: 5, Sizes: []Size{{4, 4 * time.Second}}})
	answers := make(chan error, 6)
	request := func() { _, err := ask(context.Background(), l, numbers(1)); answers <- err }
	go request()
	until(t, "a batch runs", func() bool { return taken(l) })
	for range 5 {
		go request()
	}
	until(t, "5 wait", func() bool { return l.Waiting() == 5 })
	begin := time.Now()
	_, err := l.Enter(context.Background(), 1)
	var full *FullError
	if !errors.As(err, &full) || full.Waiting != 5 || full.Late || full.After < 5*time.Second || full.After > 9*time.Second || time.Since(begin) > time.Second {
		t.Errorf("%v after %v", err, time.Since(begin))
	}
	if err := l.Full(); !errors.As(err, &full) || full.Waiting != 5 {
		t.Errorf("full: %v", err)
	}
	close(f.hold)
	for range cap(answers) {
		if err := <-answers; err != nil {
			t.Errorf("one that was in: %v", err)
		}
	}
	until(t, "none wait", func() bool { return l.Waiting() == 0 })
	if err := l.Full(); err != nil {
		t.Errorf("not full: %v", err)
	}
	if _, err := ask(context.Background(), l, numbers(1)); err != nil {
		t.Error(err)
	}
}

// TestDeadline: who would come too late is told at once; who leaves makes room; the others of the queue have their answers.
func TestDeadline(t *testing.T) {
	f := &fake{hold: make(chan struct{}, 100)}
	_, l := setup(t, f, Options{}, LaneOptions{Sizes: []Size{{1, time.Second}}})
	busy := make(chan error, 1)
	go func() { _, err := ask(context.Background(), l, numbers(1)); busy <- err }()
	until(t, "the device is busy", func() bool { return taken(l) })
	ctx, cancel := context.WithCancel(context.Background())
	gone, stays := make(chan error, 1), make(chan error, 1)
	go func() { _, err := ask(ctx, l, numbers(1)); gone <- err }()
	until(t, "one waits", func() bool { return l.Waiting() == 1 })
	go func() { _, err := ask(context.Background(), l, numbers(1)); stays <- err }()
	until(t, "two wait", func() bool { return l.Waiting() == 2 })
	late, cancelLate := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancelLate()
	var full *FullError
	if _, err := l.Enter(late, 1); !errors.As(err, &full) || !full.Late {
		t.Errorf("a deadline of half a second, with two seconds of work before: %v", err)
	}
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) || l.Waiting() != 1 {
		t.Errorf("gone: %v; %d wait", err, l.Waiting())
	}
	f.hold <- struct{}{}
	f.hold <- struct{}{}
	if err := errors.Join(<-busy, <-stays); err != nil {
		t.Error(err)
	}
	if _, batches := f.seen(); len(batches) != 2 {
		t.Errorf("%d runs, want 2: what had left must not be computed", len(batches))
	}
}

// TestFair: a lane with few requests isn't kept waiting by one with many, nor by one whose runs are long.
func TestFair(t *testing.T) {
	f := &fake{hold: make(chan struct{}, 1000)}
	s := New(Options{Devices: 1})
	defer s.Close()
	lane := func(name string, cost time.Duration) *Lane {
		return s.NewLane(LaneOptions{Name: name, Sizes: []Size{{1, cost}}, Limit: 1000, Run: f.run(name)})
	}
	greedy, heavy, light := lane("greedy", 10), lane("heavy", 40), lane("light", 10)
	var all sync.WaitGroup
	fill := func(l *Lane, n int) {
		for range n {
			all.Add(1)
			go func() { defer all.Done(); _, _ = ask(context.Background(), l, numbers(1)) }()
		}
		until(t, "they wait", func() bool { return l.Waiting() >= n-1 })
	}
	fill(greedy, 100)
	fill(heavy, 20)
	for range 50 {
		f.hold <- struct{}{}
	}
	until(t, "50 ran", func() bool { r, _ := f.seen(); return len(r) == 50 })
	fill(light, 20)
	for range 90 {
		f.hold <- struct{}{}
	}
	all.Wait()
	runs, _ := f.seen()
	count := func(list []string, name string) (n int) {
		for _, r := range list {
			if r == name {
				n++
			}
		}
		return n
	}
	// Each lane's share of the time is equal: a heavy one's runs are a quarter as many.
	if n := count(runs[10:50], "heavy"); n < 6 || n > 10 {
		t.Errorf("%d of 40 runs were the heavy lane's, want 8", n)
	}
	// The newcomer gets its third at once, though the others have waited long.
	if n := count(runs[51:60], "light"); n < 3 || n > 5 {
		t.Errorf("%d of 9 runs were the newcomer's, want 4: %v", n, runs[51:60])
	}
}

// TestFailure: an error is told to all of its batch, a panic is one, and the next batch is fine.
func TestFailure(t *testing.T) {
	f := &fake{fail: errors.New("broken")}
	_, l := setup(t, f, Options{MaxDelay: 20 * time.Millisecond}, LaneOptions{Sizes: []Size{{8, 1}}})
	answers := make(chan error, 2)
	for range 2 {
		go func() { _, err := ask(context.Background(), l, numbers(1)); answers <- err }()
	}
	if a, b := <-answers, <-answers; a != f.fail || b != f.fail {
		t.Errorf("%v and %v", a, b)
	}
	f.mu.Lock()
	f.fail = nil
	f.mu.Unlock()
	l.o.Run = func(context.Context, int, int, *tensor.Tensor) ([]*tensor.Tensor, time.Duration, error) { panic("oh") }
	if _, err := ask(context.Background(), l, numbers(1)); err == nil || !strings.Contains(err.Error(), "panicked: oh") {
		t.Errorf("a panic: %v", err)
	}
	l.o.Run = f.run("m")
	if _, err := ask(context.Background(), l, numbers(9)); err != nil {
		t.Error(err)
	}
}

// TestNaN: numbers of one request that aren't any stay in its answer.
func TestNaN(t *testing.T) {
	f := &fake{}
	_, l := setup(t, f, Options{MaxDelay: 50 * time.Millisecond}, LaneOptions{Sizes: []Size{{8, 1}}})
	bad, good := numbers(1), numbers(1)
	bad.Data[0] = float32(math.NaN())
	done := make(chan bool)
	go func() {
		a, err := ask(context.Background(), l, bad)
		done <- err == nil && a.Batch == 2 && a.Outputs[1].Data[0] != a.Outputs[1].Data[0]
	}()
	a, err := ask(context.Background(), l, good)
	if err != nil || a.Batch != 2 || !right(a, good) || !<-done {
		t.Errorf("%v, %+v", err, a)
	}
}

// TestClose: a lane waits for its requests and takes no more; a scheduler fails what waits.
func TestClose(t *testing.T) {
	f := &fake{hold: make(chan struct{}, 100)}
	s, l := setup(t, f, Options{}, LaneOptions{})
	answer, closed := make(chan error, 1), make(chan struct{})
	go func() { _, err := ask(context.Background(), l, numbers(1)); answer <- err }()
	until(t, "it is in", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return l.places == 1 })
	go func() { l.Close(); close(closed) }()
	until(t, "the lane takes no more", func() bool {
		p, err := l.Enter(context.Background(), 1)
		if err == nil {
			p.Leave()
		}
		return errors.Is(err, ErrClosed)
	})
	select {
	case <-closed:
		t.Fatal("closed with a request inside")
	case <-time.After(10 * time.Millisecond):
	}
	f.hold <- struct{}{}
	if err := <-answer; err != nil {
		t.Error(err)
	}
	<-closed

	second := s.NewLane(LaneOptions{Name: "second", Sizes: sizes(1, 1), Limit: 10, Run: f.run("second")})
	for range 3 {
		go func() { _, err := ask(context.Background(), second, numbers(1)); answer <- err }()
	}
	until(t, "two wait", func() bool { return second.Waiting() == 2 })
	s.Close()
	for range 3 {
		select {
		case err := <-answer:
			if !errors.Is(err, ErrClosed) && !errors.Is(err, context.Canceled) {
				t.Errorf("waited at the end: %v", err)
			}
		case <-time.After(5 * time.Second):
			t.Fatal("a request is never answered")
		}
	}
}
