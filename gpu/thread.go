package gpu

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

// job is one closure for the GL thread. done has room for the answer, so the
// thread never waits for a caller.
type job struct {
	f    func() error
	done chan error
}

// onThread starts f on an operating-system thread of its own. The goroutine
// never unlocks it, so Go ends the thread with f and no GL state outlives it.
func onThread(f func()) {
	go func() {
		runtime.LockOSThread()
		f()
	}()
}

// serve runs jobs until Close. It is the only code that touches d.drv.
func (d *Device) serve() {
	defer close(d.gone)
	defer d.drv.close()
	for {
		select {
		case <-d.quit:
			return
		case j := <-d.jobs:
			if lost := d.lost.Load(); lost != nil {
				j.done <- *lost
				continue
			}
			err := j.f()
			if losesContext(err) {
				lost := fmt.Errorf("%w: close the device and open it again (first error: %v)", ErrContextLost, err)
				d.lost.Store(&lost)
			}
			j.done <- err
		}
	}
}

// do runs f on the GL thread and returns its error. It gives up on ctx only
// while f has not started: f may use the caller's memory until it returns.
// f must not call do.
func (d *Device) do(ctx context.Context, f func() error) error {
	if d.closed() {
		return fmt.Errorf("gpu: device: %w", ErrClosed)
	}
	if err := ended(ctx); err != nil {
		return fmt.Errorf("gpu: before the call: %w", err)
	}
	j := job{f: f, done: make(chan error, 1)}
	select {
	case d.jobs <- j:
		return <-j.done
	case <-d.quit:
		return fmt.Errorf("gpu: device: %w", ErrClosed)
	case <-ctx.Done():
		return fmt.Errorf("gpu: waiting for the device: %w", ended(ctx))
	}
}

// ended is nil while ctx lasts, and then says why it ended: the cause, and beside
// it ctx.Err() where the cause is something else, so that errors.Is finds both.
func ended(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		return nil
	}
	cause := context.Cause(ctx)
	switch {
	case cause == nil:
		return err
	case errors.Is(cause, err):
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}

func (d *Device) closed() bool {
	select {
	case <-d.quit:
		return true
	default:
		return false
	}
}
