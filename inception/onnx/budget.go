package onnx

import (
	"errors"
	"fmt"
	"slices"

	"inceptiongl/inception/tensor"
)

// ErrMemory is what a model gives that takes more memory than its size allows: see Options.Memory.
var ErrMemory = errors.New("the model takes more memory to load than its size allows")

// What is counted.
const (
	defaultMemory = 256 << 20
	floatCost     = 4
	integerCost   = 16      // it may be a symbol
	placeCost     = 8       // of a list of places
	messageCost   = 360     // the largest of ONNX's messages, and a pointer to it
	scalarCost    = 16      // a string's header; a list of numbers that has grown
	nodeCost      = 1 << 10 // a node, its names and what it becomes
	defaultWork   = 1 << 28 // elements that constants are computed from, beside those of the model's own weights
)

// spendBytes takes bytes from what the model may need beyond its own size.
func (b *builder) spendBytes(bytes int) error {
	if bytes > b.folded {
		return fmt.Errorf("%w: %d MiB more than %d MiB beyond its own size (Options.Memory)", ErrMemory, (bytes-b.folded+1<<20-1)>>20, b.memory>>20)
	}
	b.folded -= bytes
	return nil
}

// lend takes bytes for as long as something is computed: until back is called.
func (b *builder) lend(bytes int) (back func(), err error) {
	if err := b.spendBytes(bytes); err != nil {
		return nil, err
	}
	return func() { b.folded += bytes }, nil
}

// spend takes n elements of constants that are computed, whatever their type.
func (b *builder) spend(n int) error { return b.spendBytes(integerCost * n) }

// allot counts the elements of a constant that is about to be computed, and spends them.
func (b *builder) allot(dims []int) (int, error) { return b.allotBytes(dims, integerCost) }

// allotLike is allot for a constant of c's type that is computed with that many lists of places.
func (b *builder) allotLike(c *constant, dims []int, lists int) (int, error) {
	if c.isInt {
		return b.allotBytes(dims, integerCost+lists*placeCost)
	}
	return b.allotBytes(dims, floatCost+lists*placeCost)
}

func (b *builder) allotBytes(dims []int, each int) (int, error) {
	if slices.Contains(dims, 0) && !slices.ContainsFunc(dims, func(d int) bool { return d < 0 }) {
		return 0, nil
	}
	size, err := count(dims, tensor.MaxElements)
	if err != nil {
		return 0, err
	}
	return size, b.spendBytes(each * size)
}

// own adds n elements that the model's file holds: as many may be computed of them.
func (b *builder) own(n int) {
	b.folded += (integerCost + placeCost) * n
	b.work += 8 * n
}

// compute takes what a node reads to become a constant: nodes by the thousand may read the same large one.
func (b *builder) compute(in []*value) error {
	for _, v := range in {
		if v == nil || v.con == nil {
			continue
		}
		if b.work -= v.con.len(); b.work < 0 {
			return fmt.Errorf("%w: constants are computed from too many elements", ErrMemory)
		}
	}
	return nil
}
