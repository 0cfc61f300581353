package batch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"inceptiongl/inception/tensor"
)

// Size is a number of images that a model is compiled for.
type Size struct {
	Images int
	Cost   time.Duration // of a run; it is kept up to date
}

// LaneOptions describe a model to the scheduler.
type LaneOptions struct {
	Name    string
	Sizes   []Size // at least one
	Whole   bool   // images of a batch depend on each other: requests have exactly a size, and share no run
	Limit   int    // images that may wait
	Run     Run
	OnBatch func(device, images, size int, busy time.Duration) // may be nil
}

// Lane is one model's queue. Requests are served in the order in which they came.
type Lane struct {
	s *Scheduler
	o LaneOptions

	// Guarded by the scheduler's lock:
	sizes    []Size // by images
	tried    []int  // the last batch of each size, of
	taken    int    // all
	queue    []*item
	queued   int           // images in the queue
	admitted int           // images that have a place: queued ones, and those that are being decoded
	places   int           // given and not yet given back
	virtual  time.Duration // the devices' time that the lane has had, on the scheduler's scale
	closed   bool
}

// item is one request, or a part of a large one.
type item struct {
	place   *Place
	ctx     context.Context
	x       *tensor.Tensor
	arrived time.Time
	done    chan answer // has room for one
}

type answer struct {
	Answer
	err error
}

// Answer is what became of a request.
type Answer struct {
	Outputs []*tensor.Tensor // the caller's; their images are those of the request
	Waited  time.Duration    // in the queue, the longest of its parts
	Ran     time.Duration    // from the batch's start to its end, likewise
	Batch   int              // images in the run
}

// NewLane adds a model. The lane must be closed.
func (s *Scheduler) NewLane(o LaneOptions) *Lane {
	l := &Lane{s: s, o: o, sizes: slices.Clone(o.Sizes), tried: make([]int, len(o.Sizes))}
	slices.SortFunc(l.sizes, func(a, b Size) int { return a.Images - b.Images })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lanes = append(s.lanes, l)
	l.virtual = s.virtual
	return l
}

// Close lets in no more requests, and waits for those that are in.
func (l *Lane) Close() {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	l.closed = true
	for l.places > 0 {
		l.s.left.Wait()
	}
	l.s.lanes = slices.DeleteFunc(l.s.lanes, func(m *Lane) bool { return m == l })
}

// Closed reports that the lane lets in no more requests.
func (l *Lane) Closed() bool {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	return l.closed
}

// Limit is how many images may wait: no request has more.
func (l *Lane) Limit() int { return l.o.Limit }

// Waiting is how many images wait.
func (l *Lane) Waiting() int {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	return l.admitted
}

// Full is the *FullError that Enter gives where not even one image has a place; else nil.
func (l *Lane) Full() error {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	if full := l.full(1, l.estimate()); full != nil {
		return fmt.Errorf("%s: %w", l.o.Name, full)
	}
	return nil
}

// full says that some images have no place behind those that wait, which take so long; nil where they have one.
func (l *Lane) full(images int, wait time.Duration) *FullError {
	long := l.s.o.MaxWait > 0 && wait > l.s.o.MaxWait && l.admitted >= l.most()
	if !long && l.admitted+images <= l.o.Limit {
		return nil
	}
	return &FullError{Waiting: l.admitted, After: wait}
}

// Sizes are the sizes with what their runs cost by now.
func (l *Lane) Sizes() []Size {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	return slices.Clone(l.sizes)
}

// Place is a request's right to wait. It must be left.
type Place struct {
	l       *Lane
	images  int
	waiting int // of them, not yet in a run
	left    bool
}

// Enter gives a place for some images, at once or not at all: a *FullError says that too many wait, or that ctx's deadline would pass.
func (l *Lane) Enter(ctx context.Context, images int) (*Place, error) {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	if l.closed || l.s.closed {
		return nil, fmt.Errorf("%s: %w", l.o.Name, ErrClosed)
	}
	after := l.estimate()
	if full := l.full(images, after); full != nil {
		return nil, fmt.Errorf("%s: %w", l.o.Name, full)
	}
	if deadline, ok := ctx.Deadline(); ok && l.admitted > 0 && time.Until(deadline) < after {
		return nil, fmt.Errorf("%s: %w", l.o.Name, &FullError{Waiting: l.admitted, After: after, Late: true})
	}
	l.admitted += images
	l.places++
	return &Place{l: l, images: images, waiting: images}, nil
}

// estimate is how long it takes until the images that wait had their turn: until a device is done with what is on its way, and then
// all of them, at this lane's share of the devices.
func (l *Lane) estimate() time.Duration {
	now, free, lanes := time.Now(), time.Duration(-1), 1
	for i := range l.s.devices {
		if left := l.s.devices[i].left(now); free < 0 || left < free {
			free = left
		}
	}
	for _, m := range l.s.lanes {
		if m != l && len(m.queue) > 0 {
			lanes++
		}
	}
	best := l.sizes[0].Cost
	for _, s := range l.sizes {
		best = min(best, s.Cost/time.Duration(s.Images))
	}
	return free + best*time.Duration(l.admitted*lanes)/time.Duration(len(l.s.devices))
}

// Leave gives the place back. Leaving twice is fine.
func (p *Place) Leave() {
	p.l.s.mu.Lock()
	defer p.l.s.mu.Unlock()
	if p.left {
		return
	}
	p.left = true
	p.l.admitted -= p.waiting
	p.l.places--
	if p.l.closed {
		p.l.s.left.Broadcast()
	}
}

// Run waits for the answer for x, whose images are as many as the place is for; more than the largest size go in parts. When ctx ends, what
// is still in the queue leaves it. A place is for one Run.
func (p *Place) Run(ctx context.Context, x *tensor.Tensor) (Answer, error) {
	if x.N != p.images {
		return Answer{}, fmt.Errorf("%s: %d images, the place is for %d", p.l.o.Name, x.N, p.images)
	}
	var parts []*item
	most := p.l.most()
	for n := 0; n < x.N; n += most {
		parts = append(parts, &item{place: p, ctx: ctx, x: images(x, n, min(most, x.N-n)), done: make(chan answer, 1)})
	}
	if err := p.enqueue(parts); err != nil {
		return Answer{}, err
	}
	var all []Answer
	for _, it := range parts {
		select {
		case a := <-it.done:
			if a.err != nil {
				p.withdraw(parts)
				return Answer{}, a.err
			}
			all = append(all, a.Answer)
		case <-ctx.Done():
			p.withdraw(parts)
			return Answer{}, fmt.Errorf("%s: waiting for a run: %w", p.l.o.Name, context.Cause(ctx))
		}
	}
	return join(all), nil
}

func (p *Place) enqueue(parts []*item) error {
	s := p.l.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("%s: %w", p.l.o.Name, ErrClosed)
	}
	now, idle := time.Now(), len(p.l.queue) == 0
	for _, it := range parts {
		it.arrived = now
		p.l.queue = append(p.l.queue, it)
		p.l.queued += it.x.N
	}
	if idle || p.l.queued >= p.l.most() { // else a worker has set its alarm, or all are busy
		s.change.Broadcast()
	}
	return nil
}

// withdraw takes what is still queued out.
func (p *Place) withdraw(parts []*item) {
	p.l.s.mu.Lock()
	defer p.l.s.mu.Unlock()
	p.l.queue = slices.DeleteFunc(p.l.queue, func(it *item) bool {
		if !slices.Contains(parts, it) {
			return false
		}
		p.l.queued -= it.x.N
		return true
	})
}
