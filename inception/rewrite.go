package inception

import (
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
	FoldFlatten                         // flatten + fully connected becomes a convolution whose kernel covers the map
	FuseActivation                      // ReLU and clip move into the epilogue of the operator before them
	SwapPool                            // conv1x1(avgpool(x)) + b becomes avgpool(conv1x1(x)) + b: the pool runs on fewer channels
	MergePointwise                      // 1×1 convolutions that read the same tensor become one matrix product
	ConcatInPlace                       // branches write at their channel offset of the concatenated tensor
	ConcurrentWaves                     // independent steps share a wave: one barrier for all of them
	ReuseMemory                         // tensors whose lives don't overlap share memory

	AllRewrites = FoldAffine | FoldPad | FoldFlatten | FuseActivation | SwapPool | MergePointwise | ConcatInPlace | ConcurrentWaves | ReuseMemory
)

// rewrite applies the rewrites that are on. Order matters: what folds into a convolution goes first, then activations, so
// that the swap sees convolution, scaling and ReLU as one.
func (p *program) rewrite(on Rewrite) {
	p.dropDead()
	for _, pass := range []struct {
		bit Rewrite
		run func()
	}{
		{FoldPad, p.foldPad},
		{FoldFlatten, p.foldFlatten},
		{FoldAffine, p.foldAffine},
		{FuseActivation, p.fuseActivation},
		{SwapPool, p.swapPool},
		{ConcatInPlace, p.concatInPlace},
	} {
		if on&pass.bit != 0 {
			pass.run()
		}
	}
	p.splitWeights(maxStepWeights)
}

// uses counts the readers of a value; being an output counts as one.
func (p *program) uses(v int) int {
	n := 0
	for _, u := range p.units {
		if u.in == v {
			n++
		}
		if u.in2 == v {
			n++
		}
	}
	for _, o := range p.outputs {
		if o == v {
			n++
		}
	}
	return n
}

// writer is the only unit that writes value v, or nil: for the input, and for a concatenation.
func (p *program) writer(v int) *unit {
	var found *unit
	for _, u := range p.units {
		if u.out.value == v {
			if found != nil {
				return nil
			}
			found = u
		}
	}
	return found
}

// removeIf drops the units for which f holds, in order. Unlike slices.DeleteFunc it keeps p.units whole while f looks at it.
func (p *program) removeIf(f func(*unit) bool) {
	for i := 0; i < len(p.units); {
		if f(p.units[i]) {
			p.units = slices.Delete(p.units, i, i+1)
		} else {
			i++
		}
	}
}

// dropDead removes units whose values nothing needs.
func (p *program) dropDead() {
	needed := map[int]bool{}
	for _, v := range p.outputs {
		needed[v] = true
	}
	kept := []*unit{}
	for _, u := range slices.Backward(p.units) {
		if needed[u.out.value] {
			needed[u.in], needed[u.in2] = true, true
			kept = append(kept, u)
		}
	}
	slices.Reverse(kept)
	p.units = kept
}

// fuseActivation lets an operator whose only reader is a ReLU or Clip apply it on the way out.
func (p *program) fuseActivation() {
	p.removeIf(func(u *unit) bool {
		switch u.op.(type) {
		case graph.ReLU, graph.Clip:
		default:
			return false
		}
		w := p.writer(u.in)
		if w == nil || w.act != nil || p.uses(u.in) != 1 {
			return false
		}
		switch w.op.(type) {
		case graph.Conv2D, graph.Pool2D, graph.Affine, graph.Binary:
			w.act, w.out = u.op, u.out
			return true
		}
		return false
	})
}

// swapPool turns conv1x1(avgpool(x)) + b into avgpool(conv1x1(x)) + b: both are linear and the 1×1 maps the pool's zero
// padding to zeros as long as its bias waits until after the pool. It pays where the 1×1 cuts channels. A pool that already
// carries a bias, from an earlier swap, stays where it is.
func (p *program) swapPool() {
	for _, pool := range p.units {
		pl, ok := pool.op.(graph.Pool2D)
		if !ok || pl.Type != graph.Average || pool.act != nil || pool.bias != nil || p.uses(pool.out.value) != 1 {
			continue
		}
		k := slices.IndexFunc(p.units, func(u *unit) bool { return u.in == pool.out.value })
		if k < 0 {
			continue // its one use is being an output
		}
		conv := p.units[k]
		in := p.values[pool.in].shape
		c, ok := conv.op.(graph.Conv2D)
		if !ok || !c.Pointwise() || c.Out >= c.In || in.H*in.W > pool.shape.H*pool.shape.W {
			continue
		}
		mid := tensor.Shape{N: in.N, C: c.Out, H: in.H, W: in.W}
		p.values = append(p.values, value{conv.name + ".before_pool", mid})
		v := len(p.values) - 1
		outShape := conv.shape
		first := unit{name: conv.name + ".before_pool", op: c, in: pool.in, in2: none, out: slot{value: v}, shape: mid, weight: conv.weight}
		second := unit{name: conv.name + ".pool", op: pl, in: v, in2: none, out: conv.out, shape: outShape, bias: conv.bias, act: conv.act}
		// The convolution takes the pool's place and the pool the convolution's: the order stays topological.
		*pool, *conv = first, second
	}
}

// concatInPlace redirects the writers of a value whose only reader is a copy into a concatenation, so that they write
// straight into it. Nested concatenations resolve from the inside out, as the units are in topological order.
func (p *program) concatInPlace() {
	p.removeIf(func(u *unit) bool {
		if _, ok := u.op.(graph.Concat); !ok || p.uses(u.in) != 1 || u.act != nil {
			return false
		}
		redirected := false
		for _, w := range p.units {
			if w != u && w.out.value == u.in {
				w.out = slot{u.out.value, u.out.channel + w.out.channel}
				redirected = true
			}
		}
		return redirected // the network's input has no writer: it is copied
	})
}
