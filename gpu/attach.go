package gpu

import (
	"errors"
	"fmt"
	"io"
	"sync"
)

// attached is one value that a higher layer keeps with the device.
type attached struct {
	mu     sync.Mutex
	made   bool
	closed bool // the device is: what is made from now on is closed at once
	value  any
}

// get makes the value at the first call; others wait for it.
func (a *attached) get(make func() any) any {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.made {
		a.value, a.made = make(), true
		if a.closed {
			_ = closeValue(a.value) // nobody is left to tell
		}
	}
	return a.value
}

// close waits for make if it is at work.
func (a *attached) close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	return closeValue(a.value)
}

func closeValue(v any) error {
	if c, ok := v.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Attach returns the value kept with the device under key; make makes it, at the
// first call only. It is for what a higher layer shares for the life of the
// device, such as weights in buffers. As with context keys, key must be
// comparable and of an unexported type of the caller's package.
//
// A value that is an io.Closer is closed once, by Device.Close, in the reverse
// order of attaching: the device still works then, so it may close its buffers,
// but it must not call Device.Close. After Device.Close, Attach returns a value
// newly made and already closed. make must not attach under its own key.
func (d *Device) Attach(key any, make func() any) any {
	d.mu.Lock()
	if d.detached {
		d.mu.Unlock()
		return (&attached{closed: true}).get(make)
	}
	a := d.attach[key]
	if a == nil {
		a = &attached{}
		d.attach[key] = a
		d.order = append(d.order, a)
	}
	d.mu.Unlock()
	return a.get(make) // outside the lock: it may take long, or attach more
}

// detach closes all that is attached, and what is attached from now on.
func (d *Device) detach() error {
	d.mu.Lock()
	d.detached = true
	order := d.order
	d.attach, d.order = nil, nil
	d.mu.Unlock()
	var errs []error
	for i := len(order) - 1; i >= 0; i-- {
		if err := order[i].close(); err != nil {
			errs = append(errs, fmt.Errorf("gpu: closing what was attached to the device: %w", err))
		}
	}
	return errors.Join(errs...)
}
