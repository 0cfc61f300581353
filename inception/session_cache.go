package inception

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"inceptiongl/gpu"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// What the cache keeps at most, sessions in use aside. The least recently used goes first.
const (
	maxSessions = 16
	maxBytes    = 1 << 30 // of activations and parameters
)

// device and session are what the cache needs to know of a *gpu.Device and a *run.Session: tests have others.
type (
	device interface {
		comparable
		Err() error
		Close() error
	}
	session interface {
		Bytes() int64
		Close() error
	}
)

// sessionCache is a device, opened at first use, with the sessions that were compiled on it.
type sessionCache[D device, S session] struct {
	open    func(context.Context) (D, error)
	compile func(context.Context, D, *graph.Graph, tensor.Shape, run.Options) (S, error)
	opening chan struct{} // holds one token: whoever opens the device takes it

	mu       sync.Mutex // of what follows; held for no call that may take long
	dev      D          // the zero value where none is open
	sessions map[sessionKey]*entry[S]
	clock    int
	closes   int // calls of close
}

type sessionKey struct {
	graph  *graph.Graph
	shape  tensor.Shape
	output graph.Value // the first, which may be another for the next call
}

// keyOf is the key of a graph as it is now.
func keyOf(g *graph.Graph, shape tensor.Shape) sessionKey {
	k := sessionKey{graph: g, shape: shape}
	if len(g.Outputs) > 0 { // else compiling says so
		k.output = g.Outputs[0]
	}
	return k
}

// entry is a session in the cache.
type entry[S session] struct {
	turn     chan struct{} // holds one token; who compiles takes it, so that two callers don't compile the same twice
	session  S             // guarded by turn, as is the next
	compiled bool

	// Guarded by the cache's lock:
	used    int // sessionCache.clock at the last use
	users   int
	bytes   int64
	dropped bool // to be closed by its last user
}

func newSessionCache[D device, S session](open func(context.Context) (D, error),
	compile func(context.Context, D, *graph.Graph, tensor.Shape, run.Options) (S, error)) *sessionCache[D, S] {
	c := &sessionCache[D, S]{open: open, compile: compile, opening: make(chan struct{}, 1), sessions: map[sessionKey]*entry[S]{}}
	c.opening <- struct{}{}
	return c
}

// use calls f with the session for k, compiled if need be. It is tried once more, by compiling anew, where memory runs out,
// without what nobody uses; where the graph's weights were replaced; and where the device was lost, which another's call may
// be to blame for.
func (c *sessionCache[D, S]) use(ctx context.Context, k sessionKey, f func(S) error) error {
	for try := 0; ; try++ {
		dev, closes, err := c.device(ctx)
		if err != nil {
			return err
		}
		e := c.acquire(dev, k)
		err = c.run(ctx, dev, k, e, f)
		if errors.Is(dev.Err(), gpu.ErrContextLost) {
			c.forget(dev) // memory that ran out loses it, too
		}
		again := c.lost(dev, closes, err)
		switch {
		case errors.Is(err, run.ErrWeightsChanged):
			c.discard(k, e)
			again = true
		case errors.Is(err, gpu.ErrOutOfMemory):
			again = true
		}
		c.release(k, e)
		if !again || try > 0 {
			return err
		}
		if errors.Is(err, gpu.ErrOutOfMemory) {
			c.evictIdle(dev)
		}
	}
}

// lost reports that err says that dev is gone, though nobody asked for that.
func (c *sessionCache[D, S]) lost(dev D, closes int, err error) bool {
	if errors.Is(err, gpu.ErrContextLost) {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Is(err, gpu.ErrClosed) && c.dev != dev && c.closes == closes // another call forgot it
}

// run compiles the entry's session if nobody has, and calls f.
func (c *sessionCache[D, S]) run(ctx context.Context, dev D, k sessionKey, e *entry[S], f func(S) error) error {
	select {
	case <-e.turn:
	case <-ctx.Done():
		return fmt.Errorf("running %s: waiting for it to be compiled: %w", k.graph.Name, context.Cause(ctx))
	}
	var err error
	if !e.compiled {
		if e.session, err = c.compile(ctx, dev, k.graph, k.shape, run.Options{}); err == nil {
			e.compiled = true
			c.mu.Lock()
			e.bytes = e.session.Bytes()
			c.mu.Unlock()
			c.trim()
		}
	}
	session := e.session
	e.turn <- struct{}{}
	if err != nil {
		return err
	}
	return f(session)
}

// device is the open device, and how often close was called before.
func (c *sessionCache[D, S]) device(ctx context.Context) (dev D, closes int, err error) {
	var none D
	current := func() (D, int) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.dev, c.closes
	}
	if dev, closes = current(); dev != none {
		return dev, closes, nil
	}
	select {
	case <-c.opening:
	case <-ctx.Done():
		return none, 0, fmt.Errorf("waiting for the device to be opened: %w", context.Cause(ctx))
	}
	defer func() { c.opening <- struct{}{} }()
	if dev, closes = current(); dev != none {
		return dev, closes, nil
	}
	if dev, err = c.open(ctx); err != nil {
		return none, 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dev = dev
	return dev, c.closes, nil
}

// acquire finds or makes the entry for k, unless the device is another by now: then the entry is the caller's alone.
func (c *sessionCache[D, S]) acquire(dev D, k sessionKey) *entry[S] {
	c.mu.Lock()
	e := c.sessions[k]
	if c.dev != dev {
		e = nil
	}
	if e == nil {
		e = &entry[S]{turn: make(chan struct{}, 1)}
		e.turn <- struct{}{}
		if c.dev == dev {
			c.sessions[k] = e
		} else {
			e.dropped = true
		}
	}
	c.clock++
	e.used = c.clock
	e.users++
	c.mu.Unlock()
	c.trim()
	return e
}

// trim drops the least recently used entries where there are too many or they hold too much. What is in use is closed by its
// last user, and the last used entry stays.
func (c *sessionCache[D, S]) trim() {
	var closing []S
	c.mu.Lock()
	for {
		var oldest sessionKey
		var found *entry[S]
		var bytes int64
		for k, e := range c.sessions {
			bytes += e.bytes
			if e.used != c.clock && (found == nil || e.used < found.used) {
				oldest, found = k, e
			}
		}
		if found == nil || len(c.sessions) <= maxSessions && bytes <= maxBytes {
			break
		}
		delete(c.sessions, oldest)
		closing = append(closing, found.drop()...)
	}
	c.mu.Unlock()
	closeAll(closing)
}

// evictIdle drops all that nobody uses on dev.
func (c *sessionCache[D, S]) evictIdle(dev D) {
	var closing []S
	c.mu.Lock()
	for k, e := range c.sessions {
		if e.users == 0 && c.dev == dev {
			delete(c.sessions, k)
			closing = append(closing, e.drop()...)
		}
	}
	c.mu.Unlock()
	closeAll(closing)
}

// drop marks an entry that is no longer in the cache and lists what is to be closed now. The cache's lock is held.
func (e *entry[S]) drop() []S {
	e.dropped = true
	if e.users > 0 || !e.compiled {
		return nil
	}
	return []S{e.session}
}

// discard drops one entry.
func (c *sessionCache[D, S]) discard(k sessionKey, e *entry[S]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sessions[k] == e {
		delete(c.sessions, k)
	}
	e.dropped = true
}

// release is the end of an acquire.
func (c *sessionCache[D, S]) release(k sessionKey, e *entry[S]) {
	var closing []S
	c.mu.Lock()
	e.users--
	if e.users == 0 && !e.compiled && c.sessions[k] == e {
		delete(c.sessions, k) // a failure takes no session's place
	}
	if e.dropped {
		closing = e.drop()
	}
	c.mu.Unlock()
	closeAll(closing)
}

// closeAll closes sessions that nobody uses. What can go wrong is the device's to report, at its next use.
func closeAll[S session](sessions []S) {
	for _, s := range sessions {
		_ = s.Close()
	}
}

// forget closes a device that failed, with all its sessions, unless another call did so already.
func (c *sessionCache[D, S]) forget(dev D) {
	c.mu.Lock()
	mine := c.dev == dev
	if mine {
		c.empty()
	}
	c.mu.Unlock()
	if mine {
		_ = dev.Close()
	}
}

// empty has no device and no sessions. The cache's lock is held.
func (c *sessionCache[D, S]) empty() {
	var none D
	c.dev, c.sessions = none, map[sessionKey]*entry[S]{}
}

func (c *sessionCache[D, S]) close() error {
	var none D
	c.mu.Lock()
	dev := c.dev
	c.empty()
	c.closes++
	c.mu.Unlock()
	if dev == none {
		return nil
	}
	return dev.Close()
}
