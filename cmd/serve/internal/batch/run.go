package batch

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"inceptiongl/inception/tensor"
)

// batch is what one run computes.
type batch struct {
	lane   *Lane
	size   int
	items  []*item
	images int
}

// most is the largest size.
func (l *Lane) most() int { return l.sizes[len(l.sizes)-1].Images }

// wait is how long the first request may still wait for others: 0 where nothing is gained by it. While the device is busy, waiting costs
// nothing.
func (l *Lane) wait(now time.Time, most time.Duration, d *device) time.Duration {
	if l.o.Whole || l.queued >= l.most() {
		return 0
	}
	return max(l.queue[0].arrived.Add(most).Sub(now), d.soon(now))
}

// again is after how many batches a size is tried again that looks expensive: what it cost once may have been chance.
const again = 100

// take removes the first requests from the queue: as many as make a run cheapest for each. The lock is held.
func (l *Lane) take() *batch {
	var best, bestSize int // requests, and the index of their size
	var cheapest float64
	l.taken++
	for i, s := range l.sizes {
		n, images := l.fitting(s.Images)
		if n == 0 {
			continue
		}
		if images == s.Images && l.taken-l.tried[i] > again {
			best, bestSize = n, i
			break
		}
		if cost := float64(s.Cost) / float64(images); best == 0 || cost <= cheapest {
			best, bestSize, cheapest = n, i, cost
		}
	}
	l.tried[bestSize] = l.taken
	b := &batch{lane: l, items: slices.Clone(l.queue[:best])}
	l.queue = slices.Delete(l.queue, 0, best)
	for _, it := range b.items {
		b.images += it.x.N
		it.place.waiting -= it.x.N
	}
	l.queued -= b.images
	l.admitted -= b.images
	b.size = l.smallest(b.images)
	return b
}

// fitting counts the first requests that a size has room for, and their images.
func (l *Lane) fitting(size int) (requests, images int) {
	for _, it := range l.queue {
		if images+it.x.N > size || l.o.Whole && (requests > 0 || it.x.N != size) {
			break
		}
		requests++
		images += it.x.N
	}
	return requests, images
}

// smallest is the smallest size with room for some images. None is too large for all.
func (l *Lane) smallest(images int) int {
	for i := range l.sizes { // without the lock: the numbers of images never change
		if n := l.sizes[i].Images; n >= images {
			return n
		}
	}
	return l.most()
}

// cost is a size's.
func (l *Lane) cost(size int) time.Duration {
	for _, s := range l.sizes {
		if s.Images == size {
			return s.Cost
		}
	}
	return 0
}

// ran takes a run into account that was begun then and has just ended: what it cost is the time since the run before it, with all that
// lies between two runs; but not that of opening a device again.
func (l *Lane) ran(device, size int, begin time.Time, busy time.Duration) {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	d, now := &l.s.devices[device], time.Now()
	if d.ended.After(begin) {
		begin = d.ended
	}
	d.ended = now
	l.learn(size, min(now.Sub(begin), 2*busy))
}

// learn has a size cost more like that. The lock is held.
func (l *Lane) learn(size int, cost time.Duration) {
	for i := range l.sizes {
		if s := &l.sizes[i]; s.Images == size {
			s.Cost += (cost - s.Cost) / 8
		}
	}
}

// compute runs a batch and deals out the answers. Requests whose callers have gone are left out.
func (l *Lane) compute(ctx context.Context, device int, b *batch) {
	b.items = slices.DeleteFunc(b.items, func(it *item) bool {
		gone := it.ctx.Err() != nil
		if gone {
			it.done <- answer{err: fmt.Errorf("%s: waiting for a run: %w", l.o.Name, context.Cause(it.ctx))}
			b.images -= it.x.N
		}
		return gone
	})
	if len(b.items) == 0 {
		return
	}
	begin, size := time.Now(), l.smallest(b.images)
	ys, busy, err := l.run(ctx, device, size, gather(b))
	ran := time.Since(begin)
	if err == nil {
		l.ran(device, size, begin, busy)
		if l.o.OnBatch != nil {
			l.o.OnBatch(device, b.images, size, busy)
		}
	}
	first := 0
	for _, it := range b.items {
		a := answer{err: err}
		if err == nil {
			a.Answer = Answer{Waited: begin.Sub(it.arrived), Ran: ran, Batch: b.images}
			for _, y := range ys {
				a.Outputs = append(a.Outputs, share(y, first, it.x.N, b.images))
			}
		}
		first += it.x.N
		it.done <- a
	}
}

// run is the lane's Run. A panic must not end all other requests.
func (l *Lane) run(ctx context.Context, device, size int, x *tensor.Tensor) (ys []*tensor.Tensor, busy time.Duration, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: the run panicked: %v\n%s", l.o.Name, r, debug.Stack())
		}
	}()
	return l.o.Run(ctx, device, size, x)
}

// gather is a batch's input.
func gather(b *batch) *tensor.Tensor {
	first := b.items[0].x
	if len(b.items) == 1 {
		return first
	}
	s := first.Shape
	s.N = b.images
	x, at := tensor.New(s), 0
	for _, it := range b.items {
		at += copy(x.Data[at:], it.x.Data)
	}
	return x
}

// images are n of x's images.
func images(x *tensor.Tensor, first, n int) *tensor.Tensor {
	each := x.Len() / x.N
	s := x.Shape
	s.N = n
	return &tensor.Tensor{Shape: s, Data: x.Data[first*each : (first+n)*each : (first+n)*each]}
}

// share is the part of an output that belongs to n of a batch's images. An output may have several for each, or none of its own.
func share(y *tensor.Tensor, first, n, of int) *tensor.Tensor {
	if n == of {
		return y
	}
	return images(y, first*y.N/of, n*y.N/of)
}

// join puts the answers of a request's parts together.
func join(all []Answer) Answer {
	if len(all) == 1 {
		return all[0]
	}
	var a Answer
	for i, part := range all {
		a.Waited, a.Ran, a.Batch = max(a.Waited, part.Waited), max(a.Ran, part.Ran), max(a.Batch, part.Batch)
		for k, y := range part.Outputs {
			if i == 0 {
				s := y.Shape
				s.N = 0
				a.Outputs = append(a.Outputs, &tensor.Tensor{Shape: s})
			}
			a.Outputs[k].N += y.N
			a.Outputs[k].Data = append(a.Outputs[k].Data, y.Data...)
		}
	}
	return a
}
