package models

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"inceptiongl/cmd/internal/cli"
	"inceptiongl/cmd/serve/internal/batch"
	"inceptiongl/cmd/serve/internal/v2"
)

// Options of a Repository.
type Options struct {
	Specs    []Spec
	Folder   string // in Triton's layout; "": none
	Devices  []Open // at least one
	MaxDelay time.Duration
	MaxWait  time.Duration // see batch.Options
	Queue    int           // images of a model that may wait
	Decoder  *Decoder
	Log      *slog.Logger
	OnBatch  func(model string, images, size int, busy time.Duration) // may be nil
}

// Repository is the models that a server has. Its methods may be called by any number of goroutines.
type Repository struct {
	o         Options
	devices   []*Device
	scheduler *batch.Scheduler

	mu      sync.RWMutex
	entries map[string]*entry
	started bool // all models were tried once
}

// entry is a model's place.
type entry struct {
	turn    sync.Mutex // of whoever loads or unloads it
	model   *Model     // what follows is guarded by the repository's lock
	state   v2.State
	version string
	reason  string
}

// inFlight is how many batches of a device are on their way at once: one runs, another's numbers are converted.
const inFlight = 2

// NewRepository opens the devices. No model is loaded yet. It must be closed.
func NewRepository(ctx context.Context, o Options) (*Repository, error) {
	r := &Repository{o: o, entries: map[string]*entry{}}
	for _, open := range o.Devices {
		d, err := openDevice(ctx, open, o.Log)
		if err != nil {
			return nil, errors.Join(err, r.closeDevices())
		}
		r.devices = append(r.devices, d)
	}
	r.scheduler = batch.New(batch.Options{MaxDelay: o.MaxDelay, MaxWait: o.MaxWait, Devices: len(r.devices), InFlight: inFlight})
	return r, nil
}

// Close ends what runs and frees the devices.
func (r *Repository) Close() error {
	r.scheduler.Close()
	return r.closeDevices()
}

func (r *Repository) closeDevices() error {
	var errs []error
	for _, d := range r.devices {
		errs = append(errs, d.Close())
	}
	return errors.Join(errs...)
}

// Start loads all models. Those that don't load are reported, in the log and in Index; the others serve.
func (r *Repository) Start(ctx context.Context) {
	all := make([]string, 0, len(r.o.Specs))
	for _, s := range r.o.Specs {
		all = append(all, s.Name)
	}
	if r.o.Folder != "" {
		found, err := names(r.o.Folder)
		if err != nil {
			r.o.Log.Error("the folder of models can't be read", "error", err.Error())
		}
		all = append(all, found...)
	}
	slices.Sort(all)
	for _, name := range slices.Compact(all) {
		if ctx.Err() == nil {
			_ = r.Load(ctx, name) // logged, and in the index
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.started = true
}

// find is the spec of a model that the command line names, or that is in the folder by now.
func (r *Repository) find(name string) (Spec, error) {
	for _, s := range r.o.Specs {
		if s.Name == name {
			return s, nil
		}
	}
	if r.o.Folder != "" {
		list, err := names(r.o.Folder)
		if err != nil {
			return Spec{}, v2.Errorf(v2.Internal, "the folder of models can't be read: %v", err)
		}
		if i := slices.Index(list, name); i >= 0 {
			return fromFolder(r.o.Folder, list[i])
		}
	}
	return Spec{}, v2.Errorf(v2.NotFound, "no model %q in the repository", shorten(name))
}

// Load loads a model, or loads it anew: the old one answers until the new one can.
func (r *Repository) Load(ctx context.Context, name string) error {
	spec, err := r.find(name)
	var e *v2.Error
	if errors.As(err, &e) {
		return err
	}
	entry := r.entry(name)
	entry.turn.Lock()
	defer entry.turn.Unlock()
	r.set(entry, func() {
		if entry.model == nil {
			entry.state, entry.reason = v2.Loading, ""
		}
	})
	begin := time.Now()
	var m *Model
	if err == nil {
		m, err = newModel(ctx, spec, r)
	}
	if err != nil {
		reason := cli.Words(err.Error(), "an export with fixed extents")
		r.o.Log.Error("a model does not load", "model", name, "error", reason)
		r.set(entry, func() {
			entry.reason = reason
			if entry.model == nil {
				entry.state = v2.Unavailable
			}
		})
		return v2.Errorf(v2.Invalid, "model %q does not load: %s", name, reason)
	}
	var old *Model
	r.set(entry, func() {
		old, entry.model = entry.model, m
		entry.state, entry.version, entry.reason = v2.Ready, m.Version, ""
	})
	r.o.Log.Info("a model is ready", "model", name, "version", m.Version, "about", strings.Join(m.About(), "; "),
		"runs", fmt.Sprint(m.Sizes()), "took_s", time.Since(begin).Seconds())
	if old != nil {
		old.close()
	}
	return nil
}

// Unload frees a model. Requests that are in have their answers first.
func (r *Repository) Unload(name string) error {
	r.mu.RLock()
	entry := r.entries[name]
	r.mu.RUnlock()
	if entry == nil {
		return v2.Errorf(v2.NotFound, "no model %q in the repository", shorten(name))
	}
	entry.turn.Lock()
	defer entry.turn.Unlock()
	var old *Model
	r.set(entry, func() {
		old, entry.model = entry.model, nil
		entry.state, entry.reason = v2.Unloading, ""
	})
	if old != nil {
		old.close()
	}
	r.set(entry, func() { entry.state, entry.reason = v2.Unavailable, "unloaded" })
	r.o.Log.Info("a model is unloaded", "model", name)
	return nil
}

func (r *Repository) entry(name string) *entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.entries[name] == nil {
		r.entries[name] = &entry{state: v2.Loading}
	}
	return r.entries[name]
}

func (r *Repository) set(e *entry, f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

// Model is a model that answers. An empty version is the one that is served.
func (r *Repository) Model(name, version string) (*Model, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	e := r.entries[name]
	switch {
	case e == nil && !r.started: // it may be there in a moment: a client must not take it for gone
		return nil, &v2.Error{Code: v2.NotReady, Message: "models are being loaded", RetryAfter: time.Second}
	case e == nil:
		return nil, v2.Errorf(v2.NotFound, "no model %q is served", shorten(name))
	case e.model == nil && e.state == v2.Loading:
		return nil, &v2.Error{Code: v2.NotReady, Message: fmt.Sprintf("model %q is being loaded", name), RetryAfter: time.Second}
	case e.model == nil:
		return nil, v2.Errorf(v2.NotFound, "model %q is not served: %s", name, e.reason)
	case version != "" && version != e.model.Version:
		return nil, v2.Errorf(v2.NotFound, "model %q is served in version %s, not %q", name, e.model.Version, shorten(version))
	}
	return e.model, nil
}

// Index lists the models by name.
func (r *Repository) Index(readyOnly bool) []v2.IndexEntry {
	all := []v2.IndexEntry{}
	r.mu.RLock()
	for name, e := range r.entries {
		if !readyOnly || e.state == v2.Ready {
			all = append(all, v2.IndexEntry{Name: name, Version: e.version, State: e.state, Reason: e.reason})
		}
	}
	r.mu.RUnlock()
	if r.o.Folder != "" && !readyOnly {
		found, _ := names(r.o.Folder) // Start and find report what is wrong with it
		for _, name := range found {
			if !slices.ContainsFunc(all, func(e v2.IndexEntry) bool { return e.Name == name }) {
				all = append(all, v2.IndexEntry{Name: name, State: v2.Unavailable, Reason: "not loaded"})
			}
		}
	}
	slices.SortFunc(all, func(a, b v2.IndexEntry) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Models are those that answer, by name.
func (r *Repository) Models() []*Model {
	var all []*Model
	r.mu.RLock()
	for _, e := range r.entries {
		if e.model != nil {
			all = append(all, e.model)
		}
	}
	r.mu.RUnlock()
	slices.SortFunc(all, func(a, b *Model) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Ready is nil once all models were loaded, or tried, unless none of them answers, and as long as all devices are there.
func (r *Repository) Ready() error {
	for _, d := range r.devices {
		if s := d.Stats(); !s.Ready {
			return v2.Errorf(v2.NotReady, "device %s is being opened again", s.Name)
		}
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if !r.started {
		return v2.Errorf(v2.NotReady, "models are being loaded")
	}
	failed := ""
	for name, e := range r.entries {
		if e.model != nil {
			return nil
		}
		if e.reason != "" && e.reason != "unloaded" {
			failed = fmt.Sprintf("model %q does not load: %s", name, e.reason)
		}
	}
	if failed != "" {
		return v2.Errorf(v2.NotReady, "%s", failed)
	}
	return nil
}

// Devices are the devices' figures.
func (r *Repository) Devices() []Stats {
	var all []Stats
	for _, d := range r.devices {
		all = append(all, d.Stats())
	}
	return all
}

// shorten keeps what a stranger sent from filling a log.
func shorten(s string) string {
	if len(s) > 100 {
		return s[:100] + "…"
	}
	return s
}
