package gpu

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
)

const eglLibrary = "libEGL.so.1"

// found is a candidate that has been opened once, or could not be.
type found struct {
	info DeviceInfo
	cand candidate
}

func open(ctx context.Context, o Options, w ways) (*Device, error) {
	want := o.Device
	if want == "" {
		want = os.Getenv("INCEPTIONGL_DEVICE")
	}
	if w.backend = o.Backend; w.backend == "" {
		w.backend = os.Getenv("INCEPTIONGL_BACKEND")
	}
	if err := w.check(); err != nil {
		return nil, err
	}
	if want == "" {
		d, err := start(ctx, func() (*Device, error) {
			cands, failed := candidates(w)
			return bestOf(cands, failed, o)
		})
		return d, explain(err, w.root)
	}
	list, err := devices(ctx, w)
	if err != nil {
		return nil, err
	}
	f, err := pick(list, want)
	if err != nil {
		return nil, explain(err, w.root)
	}
	d, err := start(ctx, func() (*Device, error) {
		drv, err := f.cand.open(o.Debug)
		if err != nil {
			return nil, noDevice([]attempt{{f.cand.name, err}})
		}
		return newDevice(drv, f.info.Name, f.info.Index, o), nil
	})
	return d, explain(err, w.root)
}

func (w ways) check() error {
	switch w.backend {
	case "", "egl", "glfw":
		return nil
	}
	return fmt.Errorf("gpu: unknown backend %q: want egl, glfw or nothing: %w", w.backend, ErrNoDevice)
}

// start runs mk on a new thread, which then serves the device that mk returns.
func start(ctx context.Context, mk func() (*Device, error)) (*Device, error) {
	type result struct {
		d   *Device
		err error
	}
	if err := ended(ctx); err != nil {
		return nil, fmt.Errorf("gpu: opening a device: %w", err)
	}
	ch := make(chan result, 1)
	onThread(func() {
		d, err := mk()
		ch <- result{d, err}
		if err == nil {
			d.serve()
		}
	})
	select {
	case r := <-ch:
		return r.d, r.err
	case <-ctx.Done():
		go func() { // nobody waits for it any more
			if r := <-ch; r.err == nil {
				_ = r.d.Close()
			}
		}()
		return nil, fmt.Errorf("gpu: opening a device: %w", ended(ctx))
	}
}

// bestOf opens the first candidate that is hardware, else the first that
// opens. A device listed as hardware may open as software where its driver is
// missing, so what opened decides, not what was promised.
func bestOf(cands []candidate, failed []attempt, o Options) (*Device, error) {
	fallback := -1
	for i, c := range cands {
		if fallback >= 0 && !(c.enumerated && !c.software) {
			continue // cannot be better
		}
		drv, err := c.open(o.Debug)
		if err != nil {
			failed = append(failed, attempt{c.name, err})
			continue
		}
		if !drv.info().Software || (fallback < 0 && !hardwareAfter(cands[i+1:])) {
			return newDevice(drv, c.name, 0, o), nil
		}
		drv.close()
		if fallback < 0 {
			fallback = i
		}
	}
	if fallback < 0 {
		return nil, noDevice(failed)
	}
	c := cands[fallback]
	drv, err := c.open(o.Debug)
	if err != nil {
		return nil, noDevice(append(failed, attempt{c.name, err}))
	}
	return newDevice(drv, c.name, 0, o), nil
}

func hardwareAfter(cands []candidate) bool {
	for _, c := range cands {
		if c.enumerated && !c.software {
			return true
		}
	}
	return false
}

// devices opens every candidate for a moment.
func devices(ctx context.Context, w ways) ([]found, error) {
	type result struct {
		list []found
		err  error
	}
	if w.backend == "" {
		w.backend = os.Getenv("INCEPTIONGL_BACKEND")
	}
	if err := w.check(); err != nil {
		return nil, err
	}
	ch := make(chan result, 1)
	onThread(func() {
		cands, failed := candidates(w)
		var list []found
		for _, c := range cands {
			if ctx.Err() != nil {
				break
			}
			drv, err := c.open(false)
			if err != nil {
				failed = append(failed, attempt{c.name, err})
				list = append(list, found{DeviceInfo{Backend: c.backend, Err: err.Error()}, c})
				continue
			}
			list = append(list, found{drv.info(), c})
			drv.close()
		}
		list = arrange(list)
		if len(list) == 0 || list[0].info.Err != "" {
			ch <- result{list, noDevice(failed)}
			return
		}
		ch <- result{list, nil}
	})
	select {
	case r := <-ch:
		if err := ended(ctx); err != nil {
			return nil, fmt.Errorf("gpu: listing devices: %w", err)
		}
		return r.list, explain(r.err, w.root)
	case <-ctx.Done():
		return nil, fmt.Errorf("gpu: listing devices: %w", ended(ctx))
	}
}

// arrange drops the second way to the same renderer, sorts and numbers. Two
// enumerated devices always stay apart: they may be two cards of one model.
func arrange(list []found) []found {
	type id struct{ vendor, renderer, version string }
	seen := map[id]bool{}
	var kept []found
	for _, f := range list {
		k := id{f.info.Vendor, f.info.Renderer, f.info.Version}
		if f.info.Err == "" && !f.cand.enumerated && seen[k] {
			continue
		}
		seen[k] = true
		f.info.Name = f.cand.name
		kept = append(kept, f)
	}
	rank := func(i DeviceInfo) int {
		switch {
		case i.Err != "":
			return 2
		case i.Software:
			return 1
		}
		return 0
	}
	sort.SliceStable(kept, func(i, j int) bool { return rank(kept[i].info) < rank(kept[j].info) })
	for i := range kept {
		kept[i].info.Index = i
	}
	return kept
}

// pick finds the device that the user named: by index, then by exact name, then
// the first whose name or renderer contains the text.
func pick(list []found, want string) (found, error) {
	if i, err := strconv.Atoi(want); err == nil && i >= 0 && i < len(list) {
		return list[i], nil
	}
	for _, f := range list {
		if f.info.Name == want {
			return f, nil
		}
	}
	low := strings.ToLower(want)
	for _, f := range list {
		if strings.Contains(strings.ToLower(f.info.Name+"\x00"+f.info.Renderer), low) {
			return f, nil
		}
	}
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "\n  %d  %s  %s%s", f.info.Index, f.info.Name, f.info.Renderer, f.info.Err)
	}
	return found{}, fmt.Errorf("gpu: no device %q: %w of that name; there are:%s", want, ErrNoDevice, b.String())
}

// noDevice lists what was tried, one attempt a line.
func noDevice(failed []attempt) error {
	var b strings.Builder
	for _, a := range failed {
		fmt.Fprintf(&b, "\n  %s: %v", a.name, a.err)
	}
	if hint := installHint(); hint != "" {
		fmt.Fprintf(&b, "\n  %s", hint)
	}
	err := fmt.Errorf("gpu: %w; tried:%s", ErrNoDevice, b.String())
	for _, a := range failed {
		if losesContext(a.err) {
			return errors.Join(err, a.err)
		}
	}
	return err
}
