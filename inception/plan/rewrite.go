package plan

import (
	"context"
	"slices"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Rewrite is one of the plan's transformations. Each can be switched off, and the answer stays the same.
type Rewrite uint

// The rewrites. The zero Options use them all.
const (
	FoldAffine      Rewrite = 1 << iota // batch norm and other per-channel scaling moves into the convolution beside it
	FoldPad                             // explicit zero padding moves into the convolution or average pool after it
	MergeMoves                          // elements that are moved twice are moved once
	FoldFlatten                         // flatten + fully connected becomes a convolution whose kernel covers the map
	FuseAdd                             // a sum of two tensors moves into the epilogue of the convolution that computes one of them
	FuseActivation                      // activations move into the epilogue of the operator before them
	SwapPool                            // conv1x1(avgpool(x)) + b becomes avgpool(conv1x1(x)) + b: the pool runs on fewer channels
	MergePointwise                      // 1×1 convolutions that read the same tensor become one matrix product
	ConcatInPlace                       // branches write at their channel offset of the concatenated tensor
	ConcurrentWaves                     // independent steps share a wave: one barrier for all of them
	ReuseMemory                         // tensors whose lives don't overlap share memory

	// Inexact are the rewrites that round elsewhere than the network does, and so may overflow where it doesn't: a pool of large numbers may
	// add up products of them.
	Inexact = FoldAffine | SwapPool

	AllRewrites = FoldAffine | FoldPad | MergeMoves | FoldFlatten | FuseAdd | FuseActivation | SwapPool | MergePointwise | ConcatInPlace | ConcurrentWaves | ReuseMemory
)

// rewrite applies the rewrites that are on. Order matters: what folds into a convolution goes first, then activations, so
// that the swap sees convolution, scaling and ReLU as one.
func (d *draft) rewrite(ctx context.Context, on Rewrite) error {
	d.dropDead()
	d.link()
	for _, pass := range []struct {
		bit Rewrite
		run func()
	}{
		{FoldPad, d.foldPad},
		{MergeMoves, d.mergeMoves},
		{FoldFlatten, d.foldFlatten},
		{FoldAffine, d.foldAffine},
		{FuseActivation, d.fuseActivation},
		{SwapPool, d.swapPool},
		{ConcatInPlace, d.concatInPlace},
	} {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if on&pass.bit != 0 {
			pass.run()
		}
	}
	return nil
}

// dropDead removes units whose values nothing needs.
func (d *draft) dropDead() {
	needed := map[int]bool{}
	for _, v := range d.outputs {
		needed[v] = true
	}
	kept := []*unit{}
	for _, u := range slices.Backward(d.units) {
		if needed[u.out.value] {
			needed[u.in], needed[u.in2] = true, true
			kept = append(kept, u)
		}
	}
	slices.Reverse(kept)
	d.units = kept
}

// fuseActivation lets an operator whose only reader is an activation apply it on the way out.
func (d *draft) fuseActivation() {
	d.removeIf(func(u *unit) bool {
		if row, err := rowOf(u.op); err != nil || row.epilogue == nil || row.alone != nil && row.alone(u.op) {
			return false
		}
		w := d.writer(u.in)
		if w == nil || w.act != nil || d.uses(u.in) != 1 {
			return false
		}
		if row, err := rowOf(w.op); err != nil || !row.takesEpilogue {
			return false
		}
		d.change(w, func() { w.act, w.out, w.nodes = u.op, u.out, append(w.nodes, u.nodes...) })
		return true
	})
}

// swapPool turns conv1x1(avgpool(x)) + b into avgpool(conv1x1(x)) + b: both are linear and the 1×1 maps the pool's zero
// padding to zeros as long as its bias waits until after the pool. The pool then adds up the convolution's answers before it divides, which overflows
// where those are beyond a float's range divided by the window: from about 10³⁷ on. It pays where the 1×1 cuts channels. A pool that already
// carries a bias, from an earlier swap, stays where it is.
func (d *draft) swapPool() {
	for _, pool := range d.units {
		pl, ok := pool.op.(graph.Pool2D)
		if !ok || pl.Type != graph.Average || pool.act != nil || pool.weights.biasOf != nil || d.uses(pool.out.value) != 1 {
			continue
		}
		readers := d.readers(pool.out.value)
		if len(readers) == 0 || readers[0].in != pool.out.value {
			continue // its one use is being an output, or the second input
		}
		conv := readers[0]
		in := d.values[pool.in].shape
		c, ok := conv.op.(graph.Conv2D)
		if !ok || !c.Pointwise() || c.Out >= c.In || in.H*in.W > pool.shape.H*pool.shape.W {
			continue
		}
		mid := tensor.Shape{N: in.N, C: c.Out, H: in.H, W: in.W}
		v := d.add(value{conv.name + ".before_pool", mid})
		whole := conv.weights
		whole.folds = slices.Clip(whole.folds)
		first := unit{name: conv.name + ".before_pool", nodes: conv.nodes[:1:1], op: c, weights: whole, in: pool.in, in2: none,
			out: slot{value: v}, shape: mid, place: pool.place}
		first.weights.noBias = true
		second := unit{name: conv.name + ".pool", nodes: append(slices.Clip(pool.nodes), conv.nodes[1:]...), op: pl,
			weights: Weights{biasOf: &whole}, in: v, in2: none, out: conv.out, shape: conv.shape, act: conv.act, place: conv.place}
		// The convolution takes the pool's place and the pool the convolution's: the order stays topological.
		d.change(pool, func() { d.change(conv, func() { *pool, *conv = first, second }) })
	}
}

// concatInPlace redirects the writers of a value whose only reader is a copy into a concatenation, so that they write
// straight into it. Nested concatenations resolve from the inside out, as the units are in topological order.
func (d *draft) concatInPlace() {
	d.removeIf(func(u *unit) bool {
		if _, ok := u.op.(graph.Concat); !ok || d.uses(u.in) != 1 || u.act != nil {
			return false
		}
		writers := slices.Clone(d.writers(u.in))
		for _, w := range writers {
			d.change(w, func() { w.out = slot{u.out.value, u.out.channel + w.out.channel} })
		}
		return len(writers) > 0 // the network's input has no writer: it is copied
	})
}
