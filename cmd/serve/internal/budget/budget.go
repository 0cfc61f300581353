// Package budget bounds the memory that requests may take in all.
package budget

import (
	"sync/atomic"
	"time"

	"inceptiongl/cmd/serve/internal/v2"
)

// Budget is a number of bytes to share. A nil one is without limit.
type Budget struct {
	all  int64
	used atomic.Int64
}

// New makes a budget.
func New(bytes int64) *Budget { return &Budget{all: bytes} }

// Used is how much is taken.
func (b *Budget) Used() int64 {
	if b == nil {
		return 0
	}
	return b.used.Load()
}

// Claim is what one request holds of a budget. It must be closed.
type Claim struct {
	b    *Budget
	held int64
}

// Claim holds nothing yet.
func (b *Budget) Claim() *Claim { return &Claim{b: b} }

// Take takes some bytes at once or not at all: nobody waits with memory in hand. The error is for the client.
func (c *Claim) Take(bytes int64) error {
	if c.b == nil {
		return nil
	}
	if bytes > c.b.all-c.held {
		return v2.Errorf(v2.TooLarge, "the request takes more than the %d MiB of memory that are allowed", c.b.all>>20)
	}
	if c.b.used.Add(bytes) > c.b.all {
		c.b.used.Add(-bytes)
		return &v2.Error{Code: v2.Full, Message: "other requests hold all memory that is allowed", RetryAfter: time.Second}
	}
	c.held += bytes
	return nil
}

// Close gives the memory back.
func (c *Claim) Close() {
	if c.b != nil {
		c.b.used.Add(-c.held)
		c.held = 0
	}
}
