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
	f    func() (rest, error)
	done chan error
}

// rest is what is left of a job once the GPU has all that it needs: it waits for a
// moment at most, and says whether the job is done. nil: it is.
type rest func() (done bool, err error)

// onThread starts f on an operating-system thread of its own. The goroutine
// never unlocks it, so Go ends the thread with f and no GL state outlives it.
func onThread(f func()) {
	go func() {
		runtime.LockOSThread()
		f()
	}()
}

// serve runs jobs until Close. It is the only code that touches d.drv. While the
// GPU works on jobs that have only to be collected, it hands it more.
func (d *Device) serve() {
	defer close(d.gone)
	defer d.drv.close()
	var left []leftover // oldest first, as the GPU does them
	for {
		if len(left) == 0 {
			select {
			case <-d.quit:
				return
			case j := <-d.jobs:
				left = d.begin(j, left)
			}
			continue
		}
		select {
		case j := <-d.jobs:
			left = d.begin(j, left)
		default:
			left = d.collect(left)
		}
	}
}

// leftover is a job that was begun.
type leftover struct {
	rest rest
	done chan error
}

// begin runs a job, and adds to left what is left of it.
func (d *Device) begin(j job, left []leftover) []leftover {
	if lost := d.lost.Load(); lost != nil {
		j.done <- *lost
		return left
	}
	rest, err := j.f()
	if err == nil && rest != nil {
		return append(left, leftover{rest, j.done})
	}
	j.done <- d.noted(err)
	return left
}

// collect goes on with the oldest.
func (d *Device) collect(left []leftover) []leftover {
	done, err := left[0].rest()
	if !done {
		return left
	}
	left[0].done <- d.noted(err)
	return left[1:]
}

// noted remembers an error that loses the context.
func (d *Device) noted(err error) error {
	if losesContext(err) && d.lost.Load() == nil {
		lost := fmt.Errorf("%w: close the device and open it again (first error: %v)", ErrContextLost, err)
		d.lost.Store(&lost)
	}
	return err
}

// do runs f on the GL thread and returns its error. It gives up on ctx only
// while f has not started: f may use the caller's memory until it returns.
// f must not call do.
func (d *Device) do(ctx context.Context, f func() error) error {
	return d.doInParts(ctx, func() (rest, error) { return nil, f() })
}

// doInParts is do for what may have a rest.
func (d *Device) doInParts(ctx context.Context, f func() (rest, error)) error {
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
