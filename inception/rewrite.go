package inception

import (
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// Rewrite is one of the plan's transformations. Each can be switched off, and the answer stays the same.
type Rewrite uint

// The rewrites. The zero Options use them all.
const (
	FuseReLU        Rewrite = 1 << iota // ReLU moves into the epilogue of the operator before it
	SwapPool                            // conv1x1(avgpool(x)) + b becomes avgpool(conv1x1(x)) + b: the pool runs on fewer channels
	MergePointwise                      // 1×1 convolutions that read the same tensor become one matrix product
	ConcatInPlace                       // branches write at their channel offset of the concatenated tensor
	ConcurrentWaves                     // independent steps share a wave: one barrier for all of them
	ReuseMemory                         // tensors whose lives don't overlap share memory

	AllRewrites = FuseReLU | SwapPool | MergePointwise | ConcatInPlace | ConcurrentWaves | ReuseMemory
)

// value is a tensor of the program: a graph value, or one that a rewrite introduced.
type value struct {
	name  string
	shape tensor.Shape
}

// slot is a channel range of a value: where a unit writes.
type slot struct {
	value   int
	channel int // first channel
}

// unit is one operator on its way to becoming a step, or a part of one. Concat with one input is a copy.
type unit struct {
	name   string
	op     graph.Op
	in     int
	out    slot
	shape  tensor.Shape // of what the unit writes
	weight []float32    // O × I/groups × kh × kw, for a convolution
	bias   []float32    // one per output channel, or nil
	relu   bool
}

// program is a graph as units in topological order.
type program struct {
	values  []value
	units   []*unit
	outputs []int // values
}

// lower turns every node into a unit, one for one; a Concat becomes one copy for each input.
func lower(g *graph.Graph, input tensor.Shape) (*program, error) {
	shapes, err := g.Shapes(input)
	if err != nil {
		return nil, err
	}
	if err := g.CheckWeights(); err != nil {
		return nil, err
	}
	p := &program{}
	for i, n := range g.Nodes {
		p.values = append(p.values, value{n.Name, shapes[i]})
		u := &unit{name: n.Name, op: n.Op, out: slot{value: i}, shape: shapes[i]}
		switch op := n.Op.(type) {
		case graph.Input:
			continue
		case graph.Conv2D:
			u.op = op.Norm()
			u.weight = g.Weights[op.Weight].Data
			if op.Bias != "" {
				u.bias = g.Weights[op.Bias].Data
			}
		case graph.Pool2D:
			u.op = op.Norm()
		case graph.ReLU:
		case graph.Concat:
			channel := 0
			for k, v := range n.In {
				s := shapes[v]
				p.units = append(p.units, &unit{
					name: fmt.Sprintf("%s[%d]", n.Name, k), op: graph.Concat{}, in: int(v), out: slot{i, channel}, shape: s,
				})
				channel += s.C
			}
			continue
		default:
			return nil, fmt.Errorf("graph %s: node %s: operator %q has no GPU step", g.Name, n.Name, n.Op.Kind())
		}
		u.in = int(n.In[0])
		p.units = append(p.units, u)
	}
	for _, v := range g.Outputs {
		p.outputs = append(p.outputs, int(v))
	}
	return p, nil
}

// rewrite applies the rewrites that are on. Order matters: ReLU is fused first, so that the swap sees conv + ReLU as one.
func (p *program) rewrite(on Rewrite) {
	p.dropDead()
	if on&FuseReLU != 0 {
		p.fuseReLU()
	}
	if on&SwapPool != 0 {
		p.swapPool()
	}
	if on&ConcatInPlace != 0 {
		p.concatInPlace()
	}
}

// uses counts the readers of a value; being an output counts as one.
func (p *program) uses(v int) int {
	n := 0
	for _, u := range p.units {
		if u.in == v {
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
			needed[u.in] = true
			kept = append(kept, u)
		}
	}
	slices.Reverse(kept)
	p.units = kept
}

// fuseReLU lets a convolution or pool whose only reader is a ReLU apply it on the way out.
func (p *program) fuseReLU() {
	p.removeIf(func(u *unit) bool {
		if u.op != (graph.ReLU{}) || p.uses(u.in) != 1 {
			return false
		}
		w := p.writer(u.in)
		if w == nil {
			return false
		}
		switch w.op.(type) {
		case graph.Conv2D, graph.Pool2D:
			w.relu, w.out = true, u.out
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
		if !ok || pl.Type != graph.Average || pool.relu || pool.bias != nil || p.uses(pool.out.value) != 1 {
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
		first := unit{name: conv.name + ".before_pool", op: c, in: pool.in, out: slot{value: v}, shape: mid, weight: conv.weight}
		second := unit{name: conv.name + ".pool", op: pl, in: v, out: conv.out, shape: outShape, bias: conv.bias, relu: conv.relu}
		// The convolution takes the pool's place and the pool the convolution's: the order stays topological.
		*pool, *conv = first, second
	}
}

// concatInPlace redirects the writers of a value whose only reader is a copy into a concatenation, so that they write
// straight into it. Nested concatenations resolve from the inside out, as the units are in topological order.
func (p *program) concatInPlace() {
	p.removeIf(func(u *unit) bool {
		if _, ok := u.op.(graph.Concat); !ok || p.uses(u.in) != 1 || u.relu {
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
