package inception

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"inceptiongl/gpu"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// fakeDevice and fakeSession stand in for what needs a GPU.
type fakeDevice struct {
	mu     sync.Mutex
	err    error
	closed int
}

func (d *fakeDevice) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed > 0 {
		return gpu.ErrClosed
	}
	return d.err
}

func (d *fakeDevice) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed++
	return nil
}

// fail makes the device say what a lost one says.
func (d *fakeDevice) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = err
}

type fakeSession struct {
	dev    *fakeDevice
	bytes  int64
	mu     sync.Mutex
	closed int
}

func (s *fakeSession) Bytes() int64 { return s.bytes }

func (s *fakeSession) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed++
	return nil
}

func (s *fakeSession) closes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// fakeCache has counted devices and sessions.
type fakeCache struct {
	*sessionCache[*fakeDevice, *fakeSession]
	mu       sync.Mutex
	opened   []*fakeDevice
	compiled []sessionKey
	bytes    int64                                                     // of each session
	compile  func(ctx context.Context, d *fakeDevice, width int) error // fails instead; may be nil
}

func newFakeCache() *fakeCache {
	f := &fakeCache{}
	f.sessionCache = newSessionCache(
		func(context.Context) (*fakeDevice, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			d := &fakeDevice{}
			f.opened = append(f.opened, d)
			return d, nil
		},
		func(ctx context.Context, d *fakeDevice, g *graph.Graph, in tensor.Shape, _ run.Options) (*fakeSession, error) {
			if f.compile != nil {
				if err := f.compile(ctx, d, in.W); err != nil {
					return nil, err
				}
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			f.compiled = append(f.compiled, keyOf(g, in))
			return &fakeSession{dev: d, bytes: f.bytes}, nil
		})
	return f
}

func (f *fakeCache) counts() (opened, compiled int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.opened), len(f.compiled)
}

var noGraph = &graph.Graph{Name: "none"}

func ofWidth(w int) sessionKey { return keyOf(noGraph, tensor.Shape{N: 1, C: 1, H: 1, W: w}) }

// get uses the session of a width for a moment, and returns it.
func (f *fakeCache) get(t *testing.T, width int) *fakeSession {
	t.Helper()
	var got *fakeSession
	err := f.use(context.Background(), ofWidth(width), func(s *fakeSession) error { got = s; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// hold uses the session of a width until the returned function is called.
func (f *fakeCache) hold(t *testing.T, width int) (s *fakeSession, release func()) {
	t.Helper()
	inside, leave, left := make(chan *fakeSession), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(left)
		err := f.use(context.Background(), ofWidth(width), func(s *fakeSession) error {
			inside <- s
			<-leave
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}()
	return <-inside, func() { close(leave); <-left }
}

// TestCacheCounts: the least recently used session goes, at a count and at a size, the last used one never.
func TestCacheCounts(t *testing.T) {
	for _, c := range []struct {
		bytes int64
		kept  int
	}{{0, maxSessions}, {maxBytes / 4, 4}, {maxBytes/4 + 1, 3}, {maxBytes + 1, 1}} {
		f := newFakeCache()
		f.bytes = c.bytes
		var all []*fakeSession
		for i := range maxSessions + 3 {
			all = append(all, f.get(t, 1+i))
			f.get(t, 1) // always in use, so it stays where there is room for two
		}
		kept := 0
		for i, s := range all {
			if s.closes() > 1 {
				t.Errorf("%d bytes each: session %d was closed %d times", c.bytes, i, s.closes())
			}
			if s.closes() == 0 {
				kept++
			}
		}
		if c.kept == 1 {
			kept = len(f.sessions) // the first was compiled again and again
		}
		if kept != c.kept || len(f.sessions) != c.kept {
			t.Errorf("%d bytes each: %d sessions open, %d in the cache, want %d", c.bytes, kept, len(f.sessions), c.kept)
		}
		if f.sessions[ofWidth(1)] == nil || c.kept > 1 && all[0].closes() != 0 {
			t.Errorf("%d bytes each: the last used session was dropped", c.bytes)
		}
	}
}

// TestEvictedWhileInUse: a session that is dropped during a run is closed by its last user, no earlier and no later.
func TestEvictedWhileInUse(t *testing.T) {
	f := newFakeCache()
	s, first := f.hold(t, 1)
	again, second := f.hold(t, 1)
	if s != again {
		t.Fatal("one key, two sessions")
	}
	for i := range maxSessions {
		f.get(t, 2+i)
	}
	if len(f.sessions) != maxSessions || f.sessions[ofWidth(1)] != nil {
		t.Fatalf("%d entries kept, the oldest among them: %v; want %d without it", len(f.sessions), f.sessions[ofWidth(1)] != nil, maxSessions)
	}
	first()
	if s.closes() != 0 {
		t.Fatal("closed with a user left")
	}
	second()
	if s.closes() != 1 {
		t.Errorf("the last user left and it was closed %d times", s.closes())
	}
	if f.get(t, 1) == s {
		t.Error("a dropped session came back")
	}
}

// TestFailuresTakeNoPlace: what can't be compiled leaves no entry behind that would push others out.
func TestFailuresTakeNoPlace(t *testing.T) {
	f := newFakeCache()
	broken := errors.New("broken")
	f.compile = func(_ context.Context, _ *fakeDevice, width int) error {
		if width >= 1000 {
			return broken
		}
		return nil
	}
	s := f.get(t, 1)
	for i := range 2 * maxSessions {
		if err := f.use(context.Background(), ofWidth(1000+i), func(*fakeSession) error { return nil }); !errors.Is(err, broken) {
			t.Fatal(err)
		}
	}
	if f.get(t, 1) != s || len(f.sessions) != 1 {
		t.Errorf("%d entries after failures", len(f.sessions))
	}
}

// TestOutOfMemory: what nobody uses is freed and the compilation tried once more; who runs keeps its session.
func TestOutOfMemory(t *testing.T) {
	f := newFakeCache()
	idle := []*fakeSession{f.get(t, 1), f.get(t, 2)}
	busy, release := f.hold(t, 3)
	tries := 0
	f.compile = func(_ context.Context, _ *fakeDevice, width int) error {
		if tries++; tries == 1 {
			return fmt.Errorf("a buffer: %w", gpu.ErrOutOfMemory)
		}
		for _, s := range idle {
			if s.closes() != 1 {
				t.Error("tried again before what nobody uses was freed")
			}
		}
		return nil
	}
	f.get(t, 4)
	if tries != 2 || busy.closes() != 0 {
		t.Errorf("%d tries, want 2; the session in use was closed %d times", tries, busy.closes())
	}
	f.compile = nil
	if f.get(t, 3) != busy {
		t.Error("the session in use was taken out of the cache")
	}
	release()
	if f.get(t, 3) != busy || busy.closes() != 0 {
		t.Error("the session in use was dropped when its user left")
	}
	if opened, _ := f.counts(); opened != 1 {
		t.Errorf("%d devices opened, want 1", opened)
	}

	// It is tried twice, not for ever.
	f.compile = func(context.Context, *fakeDevice, int) error { tries++; return gpu.ErrOutOfMemory }
	tries = 0
	if err := f.use(context.Background(), ofWidth(9), func(*fakeSession) error { return nil }); !errors.Is(err, gpu.ErrOutOfMemory) || tries != 2 {
		t.Errorf("error is %v after %d tries, want ErrOutOfMemory after 2", err, tries)
	}
}

// TestDeviceLost: memory that runs out takes the whole GL context with it. The one whose fault it is tries again on a fresh
// device, and so does everyone whose run it cut short.
func TestDeviceLost(t *testing.T) {
	f := newFakeCache()
	f.compile = func(_ context.Context, d *fakeDevice, width int) error {
		if opened, _ := f.counts(); width == 2 && opened == 1 {
			d.fail(fmt.Errorf("first error: memory: %w", gpu.ErrContextLost))
			return gpu.ErrOutOfMemory
		}
		return nil
	}
	inside, answer := make(chan struct{}, 2), make(chan error)
	begun, blocked := 0, make(chan struct{})
	for _, said := range []error{gpu.ErrContextLost, gpu.ErrClosed} { // before and after the device was closed
		go func() {
			answer <- f.use(context.Background(), ofWidth(1), func(s *fakeSession) error {
				if s.dev == f.device1() {
					inside <- struct{}{}
					<-blocked
					return fmt.Errorf("run: %w", said)
				}
				return s.dev.Err()
			})
		}()
		begun++
	}
	for range begun {
		<-inside
	}
	guilty := f.get(t, 2)
	if opened, _ := f.counts(); opened != 2 || f.opened[0].closed != 1 || guilty.dev != f.opened[1] {
		t.Errorf("%d devices opened, the first closed %d times; want 2, once", opened, f.opened[0].closed)
	}
	close(blocked)
	for range begun {
		if err := <-answer; err != nil {
			t.Errorf("a run that had nothing to do with it: %v", err)
		}
	}
	if opened, _ := f.counts(); opened != 2 || f.opened[1].closed != 0 {
		t.Errorf("%d devices opened, the second closed %d times; want 2, never", opened, f.opened[1].closed)
	}
}

func (f *fakeCache) device1() *fakeDevice {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.opened[0]
}

// TestClosedOnPurpose: a run during which the cache is closed says so; it doesn't open the device again.
func TestClosedOnPurpose(t *testing.T) {
	f := newFakeCache()
	err := f.use(context.Background(), ofWidth(1), func(s *fakeSession) error {
		if err := f.close(); err != nil {
			t.Error(err)
		}
		return s.dev.Err()
	})
	if opened, _ := f.counts(); !errors.Is(err, gpu.ErrClosed) || opened != 1 || f.opened[0].closed != 1 {
		t.Errorf("error is %v with %d devices opened, want ErrClosed with 1", err, opened)
	}
	f.get(t, 1)
	if opened, compiled := f.counts(); opened != 2 || compiled != 2 {
		t.Errorf("%d devices opened, %d sessions compiled; want 2, 2", opened, compiled)
	}
}

// TestWeightsChanged: the session of the old weights goes, and a new one is compiled, once for each call.
func TestWeightsChanged(t *testing.T) {
	f := newFakeCache()
	old := f.get(t, 1)
	calls := 0
	err := f.use(context.Background(), ofWidth(1), func(s *fakeSession) error {
		if calls++; s == old {
			return run.ErrWeightsChanged
		}
		return nil
	})
	if err != nil || calls != 2 || old.closes() != 1 || f.get(t, 1) == old {
		t.Errorf("error %v after %d calls, the old session closed %d times", err, calls, old.closes())
	}
	calls = 0
	err = f.use(context.Background(), ofWidth(1), func(*fakeSession) error { calls++; return run.ErrWeightsChanged })
	if !errors.Is(err, run.ErrWeightsChanged) || calls != 2 {
		t.Errorf("weights that change in every run: error %v after %d calls", err, calls)
	}
}

// TestOpenHoldsNoLock: while the device is being opened, others can close the cache, and leave when their time is up.
func TestOpenHoldsNoLock(t *testing.T) {
	inside, leave := make(chan struct{}), make(chan struct{})
	f := newFakeCache()
	open := f.open
	f.open = func(ctx context.Context) (*fakeDevice, error) {
		inside <- struct{}{}
		<-leave
		return open(ctx)
	}
	first := make(chan error)
	go func() { first <- f.use(context.Background(), ofWidth(1), func(*fakeSession) error { return nil }) }()
	<-inside
	mine := errors.New("no time for that")
	ctx, cancel := context.WithTimeoutCause(context.Background(), 5*time.Millisecond, mine)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := f.use(ctx, ofWidth(2), func(*fakeSession) error { return nil }); !errors.Is(err, mine) {
			t.Errorf("a second caller: error is %v, want its context's cause", err)
		}
		if err := f.close(); err != nil {
			t.Error(err)
		}
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("the cache is locked while the device is being opened")
	}
	close(leave)
	if err := <-first; err != nil {
		t.Error(err)
	}
	if opened, _ := f.counts(); opened != 1 {
		t.Errorf("%d devices opened, want 1", opened)
	}
}

// TestCompileHoldsNoLock: while a session is being compiled, others run, compile other ones, wait with a deadline, and close.
func TestCompileHoldsNoLock(t *testing.T) {
	f := newFakeCache()
	inside, leave := make(chan struct{}), make(chan struct{})
	f.compile = func(_ context.Context, _ *fakeDevice, width int) error {
		if width == 2 {
			inside <- struct{}{}
			<-leave
		}
		return nil
	}
	s := f.get(t, 1)
	first := make(chan error)
	go func() { first <- f.use(context.Background(), ofWidth(2), func(*fakeSession) error { return nil }) }()
	<-inside
	mine := errors.New("no time for that")
	ctx, cancel := context.WithTimeoutCause(context.Background(), 5*time.Millisecond, mine)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if f.get(t, 1) != s || f.get(t, 3) == nil {
			t.Error("another session is not to be had")
		}
		if err := f.use(ctx, ofWidth(2), func(*fakeSession) error { return nil }); !errors.Is(err, mine) {
			t.Errorf("waiting for the compilation: error is %v, want the context's cause", err)
		}
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("the cache is locked while a session is being compiled")
	}
	close(leave)
	if err := <-first; err != nil {
		t.Error(err)
	}
	if _, compiled := f.counts(); compiled != 3 {
		t.Errorf("%d sessions compiled, want 3", compiled)
	}
	if !slices.Contains(f.compiled, ofWidth(2)) {
		t.Error("the slow session is not among them")
	}
}
