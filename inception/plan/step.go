package plan

import (
	"errors"
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// ErrNoKernel means that a step is beyond what the kernels do on the target.
var ErrNoKernel = errors.New("no kernel serves it")

// Step computes one operator, or several siblings merged, with one kernel: one dispatch, or as many as the kernel takes.
type Step struct {
	Name    string
	In      View // whole tensor
	In2     View // whole tensor: a Binary's or a MatMul's second input, or what a convolution adds to its answer; its Tensor is nil elsewhere
	Parts   []Part
	Scratch *Placed // what its dispatches hand on; nil where its kernel needs none
	MACs    int64
	Bytes   int64 // read and written once each: input, weights, bias, output

	Key shaders.Key // the kernel in use; after a change call Plan.Place

	shape   shaders.Params // all but addresses
	kernels []*shaders.Kernel
}

// Part is what a step computes for one of its destinations: Act(Op(In) + Bias), or Act(Op(In) + Bias + In2). A step has several parts where sibling
// 1×1 convolutions were merged.
type Part struct {
	Name    string
	Nodes   []graph.Value // of the graph: what the part computes, its own operator's first
	Op      graph.Op      // Concat is a copy
	Weights Weights
	Act     graph.Op // the epilogue, or nil
	Adds    bool     // the step's second input, before Act
	Out     View

	dims shaders.Dims
}

// Inputs are the views that the step reads: one, or two.
func (s *Step) Inputs() []View {
	if s.In2.Tensor == nil {
		return []View{s.In}
	}
	return []View{s.In, s.In2}
}

// newStep resolves a group: parameters, parts, kernels that may serve it.
func newStep(units group, placed []*Placed) (*Step, error) {
	first := units[0]
	row, err := rowOf(first.op)
	if err != nil {
		return nil, err
	}
	in := placed[first.in]
	sh := in.Shape
	s := &Step{Name: first.name, In: View{in, 0, sh.C}, kernels: row.kernels(first.op)}
	s.shape = shaders.Params{
		N: int32(sh.N), C: int32(sh.C), H: int32(sh.H), W: int32(sh.W),
		OutN: int32(first.shape.N), OutH: int32(first.shape.H), OutW: int32(first.shape.W),
		KernelH: 1, KernelW: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Groups: 1,
		BiasBase: -1, InvArea: 1, Segments: int32(len(units)),
	}
	if row.attributes != nil {
		row.attributes(&s.shape, first.op)
	}
	s.Bytes = 4 * int64(sh.Len())
	if first.in2 != none {
		second := placed[first.in2]
		s.In2 = View{second, 0, second.Shape.C}
		at := second.Shape
		s.shape.Src2N, s.shape.Src2C, s.shape.Src2H, s.shape.Src2W = int32(at.N), int32(at.C), int32(at.H), int32(at.W)
		switch {
		case first.residual():
			s.shape.Residual = 1
		case at.H*at.W == 1:
			s.shape.Src2Pixel = 1
		}
		s.Bytes += 4 * int64(second.Shape.Len())
	}
	for i, u := range units {
		dst := placed[u.out.value]
		part := Part{Name: u.name, Nodes: u.nodes, Op: u.op, Weights: u.weights, Act: u.act, Adds: u.residual(), Out: View{dst, u.out.channel, u.shape.C}}
		if row.dims != nil {
			part.dims = row.dims(u.op)
		}
		s.Parts = append(s.Parts, part)
		s.MACs += u.op.MACs([]tensor.Shape{sh}, u.shape)
		s.Bytes += 4 * (int64(u.shape.Len()) + int64(part.dims.Out)*int64(part.dims.In)*int64(part.dims.KernelH)*int64(part.dims.KernelW))
		if part.Weights.HasBias() {
			s.Bytes += 4 * int64(u.shape.C)
		}
		seg := &s.shape.Seg[i]
		*seg = shaders.Segment{First: s.shape.OutG, Channels: int32(u.shape.C), DstC: int32(dst.Shape.C), DstChannel: int32(u.out.channel)}
		if err := setEpilogue(seg, row, u); err != nil {
			return nil, err
		}
		s.shape.OutC += int32(u.shape.C)
		s.shape.OutG += int32(groups(u.shape.C))
		if i > 0 {
			s.Name += "+" + u.name
		}
	}
	return s, nil
}

// setEpilogue fills in what the unit does on the way out: its activation's, or its own where it is one.
func setEpilogue(seg *shaders.Segment, row operator, u *unit) error {
	op := u.act
	if op == nil {
		if row.epilogue == nil {
			return nil
		}
		op = u.op
	}
	act, err := rowOf(op)
	if err != nil {
		return err
	}
	e := act.epilogue(op)
	seg.Act, seg.Low, seg.High = e.act, e.low, e.high
	return nil
}

// Params are the step's parameters for the kernel in use.
func (s *Step) Params() shaders.Params { return s.ParamsFor(s.Key) }

// ParamsFor are the step's parameters for a kernel. Addresses are texels from the start of what its dispatches bind: the input
// tensors, the destinations from the first of OutTexels on, the step's weights.
func (s *Step) ParamsFor(k shaders.Key) shaders.Params {
	p := s.shape
	start, _ := s.OutTexels()
	for i, part := range s.Parts {
		p.Seg[i].DstBase = int32(part.Out.Tensor.Base - start)
	}
	var layout *shaders.Layout
	if k.Kernel != nil {
		layout = k.Kernel.Layout()
	}
	if weights, bias := s.weightLens(layout); bias > 0 {
		p.BiasBase = int32(weights / 4)
	}
	return p
}

// shapeOf is the input's shape.
func shapeOf(p *shaders.Params) tensor.Shape {
	return tensor.Shape{N: int(p.N), C: int(p.C), H: int(p.H), W: int(p.W)}
}

// OutTexels are the first texel of the arena that the step writes and the one after its last: its destinations, and what lies
// between.
func (s *Step) OutTexels() (first, end int) {
	for i, part := range s.Parts {
		t := part.Out.Tensor
		if i == 0 || t.Base < first {
			first = t.Base
		}
		end = max(end, t.Base+t.Texels())
	}
	return first, end
}

// Candidates are the kernels worth timing on t, the best guess first. The error says why none can run the step.
func (s *Step) Candidates(t shaders.Target) ([]shaders.Key, error) {
	p := s.shape
	keys, err := shaders.Candidates(s.kernels, &p, t)
	if err != nil {
		return nil, fmt.Errorf("step %s: %w: %w", s.Name, ErrNoKernel, err)
	}
	return keys, nil
}

// PlainKey is the readable kernel.
func (s *Step) PlainKey(t shaders.Target) (shaders.Key, error) {
	p := s.shape
	k, err := shaders.PlainKey(s.kernels, &p, t)
	if err != nil {
		return k, fmt.Errorf("step %s: plain: %w: %w", s.Name, ErrNoKernel, err)
	}
	return k, nil
}

// Kind is the kernel that steps of this kind have in common, whatever their shape: it tells which behave alike.
func (s *Step) Kind() string { return s.kernels[len(s.kernels)-1].Name }

// Computes reports whether the step computes a graph's node, as one of its parts or as what a part took in.
func (s *Step) Computes(node graph.Value) bool {
	return slices.ContainsFunc(s.Parts, func(p Part) bool { return slices.Contains(p.Nodes, node) })
}

// choose sets the default kernel.
func (s *Step) choose(o Options) error {
	if o.Plain {
		var err error
		s.Key, err = s.PlainKey(o.Target)
		return err
	}
	keys, err := s.Candidates(o.Target)
	if err == nil {
		s.Key = keys[0]
	}
	return err
}
