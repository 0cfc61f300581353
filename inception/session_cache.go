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

// sessionCache is a device, opened at first use, with the sessions that were compiled on it.
type sessionCache struct {
	open    func(context.Context) (*gpu.Device, error)
	compile func(context.Context, *gpu.Device, *graph.Graph, tensor.Shape, run.Options) (*run.Session, error)
	opening chan struct{} // holds one token: whoever opens the device takes it

	mu       sync.Mutex // of what follows; held for no call that may take long
	dev      *gpu.Device
	sessions map[sessionKey]*entry
	clock    int
}

type sessionKey struct {
	graph *graph.Graph
	shape tensor.Shape
}

// entry is a session in the cache.
type entry struct {
	turn    chan struct{} // holds one token; who compiles takes it, so that two callers don't compile the same twice
	session *run.Session  // guarded by turn

	// Guarded by the cache's lock:
	used    int // sessionCache.clock at the last use
	users   int
	bytes   int64
	dropped bool // to be closed by its last user
}

func newSessionCache(open func(context.Context) (*gpu.Device, error),
	compile func(context.Context, *gpu.Device, *graph.Graph, tensor.Shape, run.Options) (*run.Session, error)) *sessionCache {
	c := &sessionCache{open: open, compile: compile, opening: make(chan struct{}, 1), sessions: map[sessionKey]*entry{}}
	c.opening <- struct{}{}
	return c
}

// use calls f with the session for k, compiled if need be. Where memory runs out, what nobody uses is freed and it is tried
// once more; where the graph's weights were replaced, the session is compiled anew.
func (c *sessionCache) use(ctx context.Context, k sessionKey, f func(*run.Session) error) error {
	for try := 0; ; try++ {
		dev, err := c.device(ctx)
		if err != nil {
			return err
		}
		e := c.acquire(dev, k)
		err = c.run(ctx, dev, k, e, f)
		again := false
		switch {
		case dev.Err() != nil && errors.Is(dev.Err(), gpu.ErrContextLost):
			c.forget(dev) // the next call starts with a fresh context
		case errors.Is(err, run.ErrWeightsChanged):
			c.discard(k, e)
			again = true
		case errors.Is(err, gpu.ErrOutOfMemory):
			again = true
		}
		c.release(e)
		if !again || try > 0 {
			return err
		}
		if errors.Is(err, gpu.ErrOutOfMemory) {
			c.evict(func(*entry, int, int64) bool { return true })
		}
	}
}

// run compiles the entry's session if nobody has, and calls f.
func (c *sessionCache) run(ctx context.Context, dev *gpu.Device, k sessionKey, e *entry, f func(*run.Session) error) error {
	select {
	case <-e.turn:
	case <-ctx.Done():
		return fmt.Errorf("running %s: waiting for it to be compiled: %w", k.graph.Name, context.Cause(ctx))
	}
	var err error
	if e.session == nil {
		if e.session, err = c.compile(ctx, dev, k.graph, k.shape, run.Options{}); err == nil {
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

// device is the open device.
func (c *sessionCache) device(ctx context.Context) (*gpu.Device, error) {
	current := func() *gpu.Device {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.dev
	}
	if d := current(); d != nil {
		return d, nil
	}
	select {
	case <-c.opening:
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for the device to be opened: %w", context.Cause(ctx))
	}
	defer func() { c.opening <- struct{}{} }()
	if d := current(); d != nil {
		return d, nil
	}
	d, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dev = d
	return d, nil
}

// acquire finds or makes the entry for k, unless the device is another by now: then the entry is the caller's alone.
func (c *sessionCache) acquire(dev *gpu.Device, k sessionKey) *entry {
	c.mu.Lock()
	e := c.sessions[k]
	if c.dev != dev {
		e = nil
	}
	if e == nil {
		e = &entry{turn: make(chan struct{}, 1)}
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

// trim drops the least recently used entries where there are too many or they hold too much.
func (c *sessionCache) trim() {
	c.evict(func(_ *entry, kept int, bytes int64) bool { return kept > maxSessions || bytes > maxBytes })
}

// evict drops entries, the least recently used first, as long as full says so of the number and the bytes of those that are
// left. What is in use is closed by its last user, and the last used entry stays.
func (c *sessionCache) evict(full func(oldest *entry, kept int, bytes int64) bool) {
	var closing []*run.Session
	c.mu.Lock()
	for {
		var oldest sessionKey
		var found *entry
		var bytes int64
		for k, e := range c.sessions {
			bytes += e.bytes
			if e.used != c.clock && (found == nil || e.used < found.used) {
				oldest, found = k, e
			}
		}
		if found == nil || !full(found, len(c.sessions), bytes) {
			break
		}
		delete(c.sessions, oldest)
		closing = append(closing, found.drop()...)
	}
	c.mu.Unlock()
	closeAll(closing)
}

// drop marks an entry that is no longer in the cache and lists what is to be closed now. The cache's lock is held.
func (e *entry) drop() []*run.Session {
	e.dropped = true
	if e.users > 0 || e.session == nil {
		return nil
	}
	return []*run.Session{e.session}
}

// discard drops one entry.
func (c *sessionCache) discard(k sessionKey, e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sessions[k] == e {
		delete(c.sessions, k)
	}
	e.dropped = true
}

// release is the end of an acquire.
func (c *sessionCache) release(e *entry) {
	var closing []*run.Session
	c.mu.Lock()
	e.users--
	if e.dropped {
		closing = e.drop()
	}
	c.mu.Unlock()
	closeAll(closing)
}

// closeAll closes sessions that nobody uses. What can go wrong is the device's to report, at its next use.
func closeAll(sessions []*run.Session) {
	for _, s := range sessions {
		_ = s.Close()
	}
}

// forget closes a device that failed, with all its sessions, unless another call did so already.
func (c *sessionCache) forget(dev *gpu.Device) {
	c.mu.Lock()
	mine := c.dev == dev
	if mine {
		c.dev, c.sessions = nil, map[sessionKey]*entry{}
	}
	c.mu.Unlock()
	if mine {
		_ = dev.Close()
	}
}

func (c *sessionCache) close() error {
	c.mu.Lock()
	dev := c.dev
	c.dev, c.sessions = nil, map[sessionKey]*entry{}
	c.mu.Unlock()
	if dev == nil {
		return nil
	}
	return dev.Close()
}
