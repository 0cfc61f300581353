package models

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"inceptiongl/cmd/serve/internal/v2"
	"inceptiongl/gpu"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// Device is a GPU with the sessions of all models. When its context is lost, it is opened anew, and what was compiled is compiled again;
// runs wait for that.
type Device struct {
	open Open
	log  *slog.Logger
	ctx  context.Context // ends with the device
	stop context.CancelFunc

	compiling sync.Mutex // held while sessions are made, so that a rebuilt device has all models

	mu         sync.Mutex
	name       string
	about      string
	backend    Backend
	generation int
	sessions   map[*Model]map[int]Session // by images
	rebuilding chan struct{}              // closed at its end; nil where all is well
	rebuilds   int
	spent      time.Duration // by runs
}

func openDevice(ctx context.Context, open Open, log *slog.Logger) (*Device, error) {
	b, err := open(ctx)
	if err != nil {
		return nil, err
	}
	d := &Device{open: open, log: log, backend: b, name: b.Name(), about: b.About(), sessions: map[*Model]map[int]Session{}}
	d.ctx, d.stop = context.WithCancel(context.Background())
	return d, nil
}

// Close frees the device.
func (d *Device) Close() error {
	d.stop()
	d.compiling.Lock() // a rebuild has ended then
	defer d.compiling.Unlock()
	d.mu.Lock()
	b := d.backend
	d.backend = nil
	d.mu.Unlock()
	if b == nil {
		return nil
	}
	return b.Close()
}

// Stats are a device's figures.
type Stats struct {
	Name, About        string
	Ready              bool
	Rebuilds           int
	Busy               time.Duration // spent on runs
	Activations, Bytes int64         // memory: of activations, and with the weights
}

// Stats are the figures by now.
func (d *Device) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := Stats{Name: d.name, About: d.about, Ready: d.rebuilding == nil, Rebuilds: d.rebuilds, Busy: d.spent}
	for _, sizes := range d.sessions {
		var weights int64 // shared by a model's sessions
		for _, session := range sizes {
			s.Activations += session.Bytes()
			weights = max(weights, session.WeightsBytes())
		}
		s.Bytes += weights
	}
	s.Bytes += s.Activations
	return s
}

// run computes a batch. Where the context is lost, it is tried once more on a new one.
func (d *Device) run(ctx context.Context, m *Model, size int, x *tensor.Tensor) ([]*tensor.Tensor, time.Duration, error) {
	for try := 0; ; try++ {
		s, generation, err := d.session(ctx, m, size)
		if err != nil {
			return nil, 0, err
		}
		ys, t, err := s.RunAllTimed(ctx, x)
		if err == nil {
			d.mu.Lock()
			d.spent += busy(t)
			d.mu.Unlock()
			return ys, busy(t), nil
		}
		if !lost(err) {
			return nil, 0, err
		}
		d.rebuild(generation, err)
		if try > 0 {
			return nil, 0, v2.Errorf(v2.NotReady, "the GPU was lost twice in a row: %v", err)
		}
	}
}

// lost reports a context that is gone, or was closed because another run had found it so.
func lost(err error) bool {
	return errors.Is(err, gpu.ErrContextLost) || errors.Is(err, gpu.ErrClosed)
}

// session is a model's, once the device is there.
func (d *Device) session(ctx context.Context, m *Model, size int) (Session, int, error) {
	for {
		if _, err := d.there(ctx); err != nil {
			return nil, 0, err
		}
		d.mu.Lock()
		s, generation, rebuilding := d.sessions[m][size], d.generation, d.rebuilding
		d.mu.Unlock()
		switch {
		case rebuilding != nil: // lost again meanwhile
		case s != nil:
			return s, generation, nil
		default:
			return nil, 0, v2.Errorf(v2.NotReady, "model %q is no longer on the device", m.Name)
		}
	}
}

// rebuild opens the device again, unless that is done or under way.
func (d *Device) rebuild(generation int, why error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.generation != generation || d.rebuilding != nil || d.ctx.Err() != nil {
		return
	}
	d.rebuilding = make(chan struct{})
	d.rebuilds++
	d.log.Error("the GPU's context is lost: opening it again", "device", d.name, "error", why.Error())
	go d.reopen()
}

// reopen tries until it succeeds, or the server ends.
func (d *Device) reopen() {
	d.compiling.Lock()
	defer d.compiling.Unlock()
	begin := time.Now()
	d.mu.Lock()
	old := d.backend
	d.backend = nil
	d.mu.Unlock()
	_ = old.Close() // what went wrong is known
	for pause := 50 * time.Millisecond; d.ctx.Err() == nil; pause = min(2*pause, 5*time.Second) {
		if err := d.tryReopen(); err != nil {
			d.log.Error("the GPU could not be opened again", "device", d.name, "error", err.Error(), "next_try_s", pause.Seconds())
			select {
			case <-time.After(pause):
			case <-d.ctx.Done():
			}
			continue
		}
		d.log.Info("the GPU is back", "device", d.name, "took_s", time.Since(begin).Seconds())
		return
	}
}

func (d *Device) tryReopen() error {
	b, err := d.open(d.ctx)
	if err != nil {
		return err
	}
	d.mu.Lock()
	sessions := map[*Model]map[int]Session{}
	for m, sizes := range d.sessions {
		sessions[m] = map[int]Session{}
		for size := range sizes {
			sessions[m][size] = nil
		}
	}
	d.mu.Unlock()
	for m, sizes := range sessions {
		for size := range sizes {
			if sizes[size], err = b.Compile(d.ctx, m.about.Graph, m.input(m.images(size))); err != nil {
				return errors.Join(err, b.Close())
			}
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.backend, d.sessions, d.name, d.about = b, sessions, b.Name(), b.About()
	d.generation++
	close(d.rebuilding)
	d.rebuilding = nil
	return nil
}

// compile makes a model's session for some images, and says what a run costs. Where the context is lost, it is tried once more on a new
// one.
func (d *Device) compile(ctx context.Context, m *Model, size int) (time.Duration, error) {
	for try := 0; ; try++ {
		generation, err := d.there(ctx)
		if err != nil {
			return 0, err
		}
		cost, err := d.compileNow(ctx, m, size)
		if err == nil || !lost(err) {
			return cost, err
		}
		d.rebuild(generation, err)
		if try > 0 {
			return 0, err
		}
	}
}

// there waits until the device is, and says which it is.
func (d *Device) there(ctx context.Context) (generation int, err error) {
	for {
		d.mu.Lock()
		generation, rebuilding := d.generation, d.rebuilding
		d.mu.Unlock()
		if rebuilding == nil {
			return generation, nil
		}
		select {
		case <-rebuilding:
		case <-ctx.Done():
			return 0, fmt.Errorf("waiting for the GPU to be opened again: %w", context.Cause(ctx))
		case <-d.ctx.Done():
			return 0, v2.Errorf(v2.NotReady, "the server ends")
		}
	}
}

func (d *Device) compileNow(ctx context.Context, m *Model, size int) (time.Duration, error) {
	d.compiling.Lock()
	defer d.compiling.Unlock()
	d.mu.Lock()
	b := d.backend
	d.mu.Unlock()
	if b == nil {
		return 0, v2.Errorf(v2.NotReady, "the GPU is not there")
	}
	in := m.input(m.images(size))
	s, err := b.Compile(ctx, m.about.Graph, in)
	if err != nil {
		return 0, err
	}
	var cost time.Duration
	for i := range 3 { // the first run pays for what drivers put off
		var t run.Timing
		if _, t, err = s.RunAllTimed(ctx, tensor.New(in)); err != nil {
			return 0, errors.Join(err, s.Close())
		}
		if i == 0 || busy(t) < cost {
			cost = busy(t)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sessions[m] == nil {
		d.sessions[m] = map[int]Session{}
	}
	d.sessions[m][size] = s
	return cost, nil
}

// drop frees a model's sessions.
func (d *Device) drop(m *Model) {
	d.compiling.Lock()
	defer d.compiling.Unlock()
	d.mu.Lock()
	sizes := d.sessions[m]
	delete(d.sessions, m)
	d.mu.Unlock()
	for _, s := range sizes {
		if err := s.Close(); err != nil && !lost(err) {
			d.log.Warn("freeing a session", "model", m.Name, "error", err.Error())
		}
	}
}
