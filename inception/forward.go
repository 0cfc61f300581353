package inception

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"inceptiongl/gpu"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// forward is what ForwardGPU keeps between calls: a convenience needs somewhere to keep the device. All else in this
// package takes its state as arguments.
var forward runtime

// runtime is a device with the sessions that were compiled on it.
type runtime struct {
	mu       sync.Mutex
	dev      *gpu.Device
	tuner    *Tuner
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
	session *Session      // guarded by turn
	used    int           // runtime.clock at the last use
	users   int
	dropped bool // to be closed by its last user
}

// maxSessions bounds the cache; the least recently used session goes first.
const maxSessions = 16

// ForwardGPU computes g for x on the default device (see gpu.Options.Device for the environment variable that chooses
// it). The device is opened at the first call and kept, and so is one compiled session for each (graph, input shape);
// a graph is known by its pointer and must not be changed after its first run. For control over device, lifetime
// and options use gpu.Open, Compile and Session.Run. Errors: gpu.ErrNoDevice and those of Compile and Run; it never
// falls back to the CPU.
func ForwardGPU(ctx context.Context, g *graph.Graph, x *tensor.Tensor) (*tensor.Tensor, error) {
	return forward.run(ctx, g, x)
}

// CloseDefault frees the device that ForwardGPU keeps. A later ForwardGPU opens it again.
func CloseDefault() error { return forward.close() }

func (r *runtime) run(ctx context.Context, g *graph.Graph, x *tensor.Tensor) (*tensor.Tensor, error) {
	if g == nil {
		return nil, errors.New("no graph to run")
	}
	if err := x.Check(); err != nil {
		return nil, fmt.Errorf("running %s: input: %w", g.Name, err)
	}
	dev, tuner, e, err := r.acquire(ctx, sessionKey{g, x.Shape})
	if err != nil {
		return nil, err
	}
	defer r.releaseEntry(e)
	select {
	case <-e.turn:
	case <-ctx.Done():
		return nil, fmt.Errorf("running %s: waiting for it to be compiled: %w", g.Name, context.Cause(ctx))
	}
	if e.session == nil {
		e.session, err = Compile(ctx, dev, g, x.Shape, Options{Tuner: tuner})
	}
	session := e.session
	e.turn <- struct{}{}
	var y *tensor.Tensor
	if err == nil {
		y, err = session.Run(ctx, x)
	}
	if errors.Is(err, gpu.ErrContextLost) || errors.Is(err, gpu.ErrOutOfMemory) {
		r.forget(dev) // the next call starts with a fresh context
	}
	return y, err
}

// acquire opens the device if need be and finds or makes the entry for a key.
func (r *runtime) acquire(ctx context.Context, k sessionKey) (*gpu.Device, *Tuner, *entry, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dev == nil {
		dev, err := gpu.Open(ctx, gpu.Options{})
		if err != nil {
			return nil, nil, nil, err
		}
		r.dev, r.tuner, r.sessions = dev, &Tuner{}, map[sessionKey]*entry{}
	}
	e := r.sessions[k]
	if e == nil {
		e = &entry{turn: make(chan struct{}, 1)}
		e.turn <- struct{}{}
		r.sessions[k] = e
	}
	r.clock++
	e.used = r.clock
	e.users++
	r.evict()
	return r.dev, r.tuner, e, nil
}

// evict drops the least recently used entry where there are too many.
func (r *runtime) evict() {
	for len(r.sessions) > maxSessions {
		var oldest sessionKey
		var found *entry
		for k, e := range r.sessions {
			if found == nil || e.used < found.used {
				oldest, found = k, e
			}
		}
		delete(r.sessions, oldest)
		r.drop(found)
	}
}

// drop closes an entry now, or leaves that to its last user. r.mu is held.
func (r *runtime) drop(e *entry) {
	e.dropped = true
	if e.users == 0 && e.session != nil {
		e.session.Close()
	}
}

func (r *runtime) releaseEntry(e *entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.users--
	if e.dropped {
		r.drop(e)
	}
}

// forget closes a device that failed, with all its sessions, unless another call did so already.
func (r *runtime) forget(dev *gpu.Device) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dev == dev {
		r.dev, r.tuner, r.sessions = nil, nil, nil
		dev.Close()
	}
}

func (r *runtime) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dev == nil {
		return nil
	}
	err := r.dev.Close()
	r.dev, r.tuner, r.sessions = nil, nil, nil
	return err
}
