// Package batch lets requests of several callers share runs. A Lane is a model's queue; a Scheduler has workers, some for each
// device, that take batches out of all lanes in turn. It knows neither GPUs nor protocols.
package batch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"inceptiongl/inception/tensor"
)

// ErrClosed means that the lane takes no more: its model was unloaded, or the server ends.
var ErrClosed = errors.New("no longer served")

// FullError means that a request would wait too long: the queue is full, or its deadline would pass before its turn.
type FullError struct {
	Waiting int           // images before it
	After   time.Duration // when to try again
	Late    bool          // the deadline is what it would miss
}

func (e *FullError) Error() string {
	if e.Late {
		return fmt.Sprintf("%d images wait: the deadline would pass before this one's turn", e.Waiting)
	}
	return fmt.Sprintf("the queue is full: %d images wait", e.Waiting)
}

// Run computes a batch of x.N images with what is compiled for size images, and says how long the device was busy.
type Run func(ctx context.Context, device, size int, x *tensor.Tensor) (ys []*tensor.Tensor, busy time.Duration, err error)

// Options of a Scheduler.
type Options struct {
	MaxDelay time.Duration // that a request waits for others at most; 0: none
	MaxWait  time.Duration // that a request is let in for, by what runs have cost; 0: any. What the largest size has room for may always wait
	Devices  int
	InFlight int // batches on their way to one device: while one is computed, another's numbers are converted
}

// Scheduler shares devices among lanes. A device takes the next batch as soon as it is free, so the least loaded is first.
type Scheduler struct {
	o    Options
	ctx  context.Context
	stop context.CancelFunc
	done sync.WaitGroup

	mu      sync.Mutex
	change  *sync.Cond // there may be a batch to take
	left    *sync.Cond // a place of a closed lane was given back
	lanes   []*Lane
	virtual time.Duration // start of the last batch, in devices' time: see Lane.virtual
	devices []device
	closed  bool
}

// device is what the scheduler knows of one.
type device struct {
	batches int       // on their way to it
	end     time.Time // when it should be done with them
	last    time.Duration
	ended   time.Time // when a run last was
}

// left is how long it should still be busy.
func (d *device) left(now time.Time) time.Duration { return max(d.end.Sub(now), 0) }

// done takes the end of a batch into account, which may have come before it should.
func (d *device) done(now time.Time) {
	d.batches--
	if end := now.Add(time.Duration(d.batches) * d.last); end.Before(d.end) {
		d.end = end
	}
}

// soon is how long until another batch should be on its way: when the last one is about to end. What comes until then can share it.
func (d *device) soon(now time.Time) time.Duration {
	if d.batches == 0 {
		return 0
	}
	return d.left(now) - d.last/4
}

// New starts the workers. The scheduler must be closed.
func New(o Options) *Scheduler {
	s := &Scheduler{o: o, devices: make([]device, max(o.Devices, 1))}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.change, s.left = sync.NewCond(&s.mu), sync.NewCond(&s.mu)
	for range max(o.InFlight, 1) {
		for device := range o.Devices {
			s.done.Add(1)
			go func() {
				defer s.done.Done()
				s.work(device)
			}()
		}
	}
	return s
}

// Close fails what waits with ErrClosed, ends the runs in progress and waits for the workers.
func (s *Scheduler) Close() {
	s.stop()
	s.mu.Lock()
	s.closed = true
	for _, l := range s.lanes {
		for _, it := range l.queue {
			it.done <- answer{err: ErrClosed}
		}
		l.queue, l.queued = nil, 0
	}
	s.change.Broadcast()
	s.mu.Unlock()
	s.done.Wait()
}

func (s *Scheduler) work(device int) {
	for {
		b := s.next(device)
		if b == nil {
			return
		}
		b.lane.compute(s.ctx, device, b)
		s.mu.Lock()
		s.devices[device].done(time.Now())
		s.mu.Unlock()
	}
}

// next waits for a batch for a device. It is nil at the end.
func (s *Scheduler) next(device int) *batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.closed {
		now := time.Now()
		var first *Lane // of those with a batch, the one that had least of the devices
		var soonest time.Duration
		for _, l := range s.lanes {
			if len(l.queue) == 0 {
				continue
			}
			if wait := l.wait(now, s.o.MaxDelay, &s.devices[device]); wait > 0 {
				if soonest == 0 || wait < soonest {
					soonest = wait
				}
			} else if first == nil || l.virtual < first.virtual {
				first = l
			}
		}
		if first != nil {
			return s.take(first, now, &s.devices[device])
		}
		var alarm *time.Timer
		if soonest > 0 {
			alarm = time.AfterFunc(soonest, s.wake)
		}
		s.change.Wait()
		if alarm != nil {
			alarm.Stop()
		}
	}
	return nil
}

// wake has the workers look again. With the lock, it comes after the wait of the worker whose alarm it is began.
func (s *Scheduler) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.change.Broadcast()
}

// take makes a batch of l's first requests and charges l for it. Lanes' shares are kept equal by start-time fair queueing: a lane that
// was idle begins where the others are.
func (s *Scheduler) take(l *Lane, now time.Time, d *device) *batch {
	b := l.take()
	cost := l.cost(b.size)
	s.virtual = max(s.virtual, l.virtual)
	l.virtual = s.virtual + cost
	d.end, d.last = now.Add(d.left(now)+cost), cost
	d.batches++
	if len(l.queue) > 0 {
		s.change.Broadcast()
	}
	return b
}
