// Package budget bounds the memory that requests may take in all.
package budget

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/semaphore"
)

// ErrTooLarge means that a request needs more than the whole budget: waiting doesn't help.
var ErrTooLarge = errors.New("more than the memory budget")

// Budget is a number of bytes to share. A nil one is without limit.
type Budget struct {
	all  int64
	used atomic.Int64
	left *semaphore.Weighted
}

// New makes a budget.
func New(bytes int64) *Budget { return &Budget{all: bytes, left: semaphore.NewWeighted(bytes)} }

// Acquire waits for some bytes, first come, first served.
func (b *Budget) Acquire(ctx context.Context, n int64) error {
	if b == nil {
		return nil
	}
	if n > b.all {
		return fmt.Errorf("%d MiB are needed, there are %d: %w", n>>20, b.all>>20, ErrTooLarge)
	}
	if err := b.left.Acquire(ctx, n); err != nil {
		return fmt.Errorf("waiting for memory: %w", context.Cause(ctx))
	}
	b.used.Add(n)
	return nil
}

// TryAcquire takes some bytes if they are there.
func (b *Budget) TryAcquire(n int64) bool {
	if b == nil {
		return true
	}
	ok := b.left.TryAcquire(n)
	if ok {
		b.used.Add(n)
	}
	return ok
}

// Release gives bytes back.
func (b *Budget) Release(n int64) {
	if b == nil {
		return
	}
	b.used.Add(-n)
	b.left.Release(n)
}

// Used is how much is taken.
func (b *Budget) Used() int64 {
	if b == nil {
		return 0
	}
	return b.used.Load()
}
