package inception

import (
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// Options says how to compile. The zero value uses every rewrite and measures which kernels are fastest.
type Options struct {
	Off     Rewrite // rewrites to switch off; AllRewrites gives a framework-like plan: every operator a dispatch and a barrier
	Kernels Kernels // how kernels are chosen
	Tuner   *Tuner  // remembers measurements between sessions on one device; nil for none
}

// Kernels is how a plan's kernels are chosen.
type Kernels int

// The ways to choose kernels.
const (
	KernelsMeasured Kernels = iota // candidates are timed on the device, on the step's own shape
	KernelsDefault                 // the first candidate that fits: no time spent, the same on every device
	KernelsPlain                   // the readable kernel, one output per invocation
)

// Plan is how a graph is computed for one input shape: waves of steps, with one barrier after each wave. It names no device.
type Plan struct {
	Name        string
	Input       *Placed
	Constants   []Constant
	Outputs     []*Placed // one for each of the graph's outputs
	Tensors     []*Placed // all of them, Input and Outputs included
	Waves       []Wave
	ArenaTexels int // the one buffer that holds every tensor, in vec4 texels
}

// Constant is a tensor whose contents, NCHW, are the same in every run.
type Constant struct {
	Tensor *Placed
	Data   []float32
}

// Wave is a set of steps that may run in any order, or at once.
type Wave struct{ Steps []*Step }

// Step is one dispatch.
type Step struct {
	Name  string
	In    View // whole tensor
	In2   View // whole tensor, the second input of a Binary; its Tensor is nil elsewhere
	Parts []Part
	MACs  int64
	Bytes int64 // read and written once each: input, weights, bias, output

	Params     shaders.Params // WeightBase and BiasBase count from the step's own weights until a Session places them
	Candidates []shaders.Key  // kernels that serve it, the default first
	Key        shaders.Key    // the one in use
	weights    []float32      // packed weights, then packed bias
}

// Part is what a step computes for one of its destinations: Act(Op(In) + Bias). A step has several parts where sibling
// 1×1 convolutions were merged.
type Part struct {
	Name   string
	Op     graph.Op  // Concat is a copy
	Weight []float32 // of a Conv2D: Out × In/Groups × Kernel.H × Kernel.W; of an Affine: one scale per channel, or nil for 1
	Bias   []float32 // per output channel, or nil
	Act    graph.Op  // ReLU, Clip, or nil
	Out    View
}

// Inputs are the views that the step reads: one, or two for a Binary.
func (s *Step) Inputs() []View {
	if s.In2.Tensor == nil {
		return []View{s.In}
	}
	return []View{s.In, s.In2}
}

// NewPlan plans g for one input shape. It needs no device and chooses each step's default kernel.
// Errors: a malformed graph, an input that doesn't fit, missing or non-finite weights, an operator without a kernel.
func NewPlan(g *graph.Graph, input tensor.Shape, o Options) (*Plan, error) {
	p, err := lower(g, input)
	if err != nil {
		return nil, err
	}
	on := AllRewrites &^ o.Off
	p.rewrite(on)
	plan := &Plan{Name: g.Name}
	waves := p.waves(on)
	placed := p.lifetimes(waves)
	for v := range p.values {
		if t := placed[v]; t != nil {
			plan.Tensors = append(plan.Tensors, t)
		}
	}
	plan.Input = placed[0]
	for _, v := range p.outputs {
		plan.Outputs = append(plan.Outputs, placed[v])
	}
	for v := range p.values {
		if data, ok := p.constants[v]; ok && placed[v] != nil {
			plan.Constants = append(plan.Constants, Constant{placed[v], data})
		}
	}
	plan.ArenaTexels = place(plan.Tensors, on&ReuseMemory != 0)
	if plan.ArenaTexels > tensor.MaxElements/4 {
		return nil, fmt.Errorf("plan %s: activations of %d texels are beyond the shaders' indices: use a smaller batch", g.Name, plan.ArenaTexels)
	}
	for _, blocks := range waves {
		var w Wave
		for _, b := range blocks {
			s, err := p.step(b, placed, o.Kernels)
			if err != nil {
				return nil, fmt.Errorf("plan %s: %w", g.Name, err)
			}
			w.Steps = append(w.Steps, s)
		}
		plan.Waves = append(plan.Waves, w)
	}
	return plan, plan.CheckHazards()
}

// Steps lists the steps in order.
func (p *Plan) Steps() []*Step {
	var all []*Step
	for _, w := range p.Waves {
		all = append(all, w.Steps...)
	}
	return all
}

// block is the units that one step computes: one, or merged siblings.
type block []*unit

// waves orders the blocks: each goes to the first wave after all that it reads is written, or, without ConcurrentWaves,
// to a wave of its own.
func (p *program) waves(on Rewrite) [][]block {
	ready := map[int]int{} // value → first wave that may read it; the input and constants from the start
	var waves [][]block
	for _, b := range p.blocks(on&MergePointwise != 0) {
		w := max(ready[b[0].in], ready[b[0].in2])
		if on&ConcurrentWaves == 0 {
			w = len(waves)
		}
		if w == len(waves) {
			waves = append(waves, nil)
		}
		waves[w] = append(waves[w], b)
		for _, u := range b {
			ready[u.out.value] = max(ready[u.out.value], w+1)
		}
	}
	return waves
}

// blocks groups the units into steps: with merge, 1×1 convolutions that read the same value go together.
func (p *program) blocks(merge bool) []block {
	var all []block
	open := map[int]int{} // value → index of the block that takes further siblings
	size := map[int]int{} // index of a block → floats of its packed weights
	for _, u := range p.units {
		c, ok := u.op.(graph.Conv2D)
		if !merge || !ok || !c.Pointwise() {
			all = append(all, block{u})
			continue
		}
		if i, ok := open[u.in]; ok && len(all[i]) < shaders.MaxSegments && size[i]+packedConv(c) <= maxStepWeights {
			all[i] = append(all[i], u)
			size[i] += packedConv(c)
			continue
		}
		open[u.in] = len(all)
		size[len(all)] = packedConv(c)
		all = append(all, block{u})
	}
	return all
}

// lifetimes makes the tensors that exist in the arena, with the waves between which each is needed.
func (p *program) lifetimes(waves [][]block) []*Placed {
	placed := make([]*Placed, len(p.values))
	see := func(v, wave int) {
		if placed[v] == nil {
			placed[v] = &Placed{Name: p.values[v].name, Shape: p.values[v].shape, First: wave}
		}
		placed[v].First = min(placed[v].First, wave)
		placed[v].Last = max(placed[v].Last, wave)
	}
	see(0, -1)
	for w, blocks := range waves {
		for _, b := range blocks {
			see(b[0].in, w)
			if b[0].in2 != none {
				see(b[0].in2, w)
			}
			for _, u := range b {
				see(u.out.value, w)
			}
		}
	}
	for _, v := range p.outputs {
		see(v, len(waves))
	}
	for v := range p.constants {
		if placed[v] != nil { // nothing may take its memory: the next run needs it again
			see(v, -1)
			see(v, len(waves))
		}
	}
	return placed
}

// step resolves a block: parameters, packed weights, candidate kernels.
func (p *program) step(b block, placed []*Placed, kernels Kernels) (*Step, error) {
	in := placed[b[0].in]
	s := &Step{Name: b[0].name, In: View{in, 0, in.Shape.C}}
	sh := in.Shape
	s.Params = shaders.Params{
		N: int32(sh.N), C: int32(sh.C), H: int32(sh.H), W: int32(sh.W), SrcBase: int32(in.Base),
		OutN: int32(b[0].shape.N), OutH: int32(b[0].shape.H), OutW: int32(b[0].shape.W),
		KernelH: 1, KernelW: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Groups: 1,
		BiasBase: -1, InvArea: 1, Segments: int32(len(b)),
	}
	setAttributes(&s.Params, b[0].op)
	s.Bytes = 4 * int64(sh.Len())
	if b[0].in2 != none {
		second := placed[b[0].in2]
		s.In2 = View{second, 0, second.Shape.C}
		s.Params.Src2Base = int32(second.Base)
		if second.Shape.H*second.Shape.W == 1 {
			s.Params.Src2Pixel = 1
		}
		s.Bytes += 4 * int64(second.Shape.Len())
	}
	hasBias := false
	for i, u := range b {
		dst := placed[u.out.value]
		part := Part{Name: u.name, Op: u.op, Weight: u.weight, Bias: u.bias, Act: u.act, Out: View{dst, u.out.channel, u.shape.C}}
		s.Parts = append(s.Parts, part)
		s.MACs += u.op.MACs([]tensor.Shape{sh}, u.shape)
		s.Bytes += 4 * int64(u.shape.Len()+len(u.weight)+len(u.bias))
		seg := shaders.Segment{
			First: s.Params.OutG, Channels: int32(u.shape.C),
			DstBase: int32(dst.Base), DstC: int32(dst.Shape.C), DstChannel: int32(u.out.channel),
		}
		setActivation(&seg, u.act)
		if clip, ok := u.op.(graph.Clip); ok {
			setActivation(&seg, clip)
		}
		s.Params.Seg[i] = seg
		s.Params.OutC += int32(u.shape.C)
		s.Params.OutG += int32(groups(u.shape.C))
		hasBias = hasBias || u.bias != nil
		if i > 0 {
			s.Name += "+" + u.name
		}
	}
	s.pack(hasBias)
	s.Candidates = slices.DeleteFunc(candidates(s, kernels), func(k shaders.Key) bool { return k.Check(&s.Params) != nil })
	if len(s.Candidates) == 0 {
		err := plainKey(s).Check(&s.Params)
		return nil, fmt.Errorf("step %s: no kernel serves it: %w", s.Name, err)
	}
	s.Key = s.Candidates[0]
	return s, nil
}
