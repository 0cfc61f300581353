// Package plan is the compiler: it turns a graph and an input shape into waves of compute steps in one arena of memory, and
// proves that they need no barrier but the one after each wave. It knows no device; package run makes a plan ready on one.
//
// It is an engine room: users need package inception only. Programs that look inside (cmd/bench, cpuref/verify) find here what
// runs, and in package run how.
//
// To add an operator, give it a row: see operator in operator.go.
package plan

import (
	"context"
	"fmt"
	"slices"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
	"inceptiongl/shaders"
)

// Options says how to compile. The zero value uses every rewrite.
type Options struct {
	Off Rewrite // rewrites to switch off; AllRewrites gives a framework-like plan: every operator a dispatch and a barrier
	// Target is what kernels are chosen for: the default ones, until Step.Key is set to others.
	Target shaders.Target
	// Plain takes the readable kernels, one output an invocation.
	Plain bool
	// MaxWeights is the most bytes that one step's weights may take where they can be split: what a device binds at once.
	// 0 is 64 MiB.
	MaxWeights int
	// HostOrder is from how many elements on the device converts the input from NCHW, the order that the host has, and an output
	// to it, in dispatches of their own; 0: never.
	HostOrder int
}

// Plan is how a graph is computed for one input shape: waves of steps, with one barrier after each wave. It names no device,
// and holds no weights.
type Plan struct {
	Graph       *graph.Graph
	Input       Port
	Fixed       []Fixed
	Outputs     []Port    // one for each of the graph's outputs
	Tensors     []*Placed // all of them, Input and Outputs included, scratch not
	Waves       []Wave
	ArenaTexels int // the one buffer that holds every tensor, in vec4 texels

	reuse bool // tensors may share memory
}

// Port is where a tensor enters or leaves: its place in the arena, and the shape that the graph gives it.
type Port struct {
	*Placed
	Shape tensor.Shape
}

// InOrder reports that the floats stand in the arena as the host has them, NCHW: see Options.HostOrder.
func (p Port) InOrder() bool { return p.Shape != p.Placed.Shape }

// Fixed is a tensor whose contents are the same in every run: those of a graph.Constant.
type Fixed struct {
	Tensor *Placed
	Node   graph.Value
}

// Data are the contents, NCHW.
func (f Fixed) Data(g *graph.Graph) []float32 {
	c, _ := g.Nodes[f.Node].Op.(graph.Constant)
	return g.Weights[c.Value].Data
}

// Wave is a set of steps that may run in any order, or at once.
type Wave struct{ Steps []*Step }

// New plans g for one input shape, with the default kernels for o.Target.
// Errors: a malformed graph, an input that doesn't fit, missing or non-finite weights, an operator without a row, a step that
// no kernel serves; the context's.
func New(ctx context.Context, g *graph.Graph, input tensor.Shape, o Options) (*Plan, error) {
	d, err := newDraft(g, input)
	if err != nil {
		return nil, err
	}
	if o.MaxWeights == 0 {
		o.MaxWeights = 64 << 20
	}
	on := AllRewrites &^ o.Off
	if err := d.rewrite(ctx, on); err != nil {
		return nil, fmt.Errorf("plan %s: %w", g.Name, err)
	}
	d.splitWeights(o.MaxWeights / 4)
	if on&FuseAdd != 0 {
		d.fuseAdd() // last: what other rewrites look at are convolutions of one input
	}
	p := &Plan{Graph: g, reuse: on&ReuseMemory != 0}
	shapes, from := d.ports(), 0
	if o.HostOrder > 0 {
		from = d.hostOrder(o.HostOrder)
	}
	waves := d.waves(on, o.MaxWeights/4)
	placed := d.lifetimes(waves, from)
	for v, t := range placed {
		if t == nil {
			continue
		}
		p.Tensors = append(p.Tensors, t)
		if d.fixed[v] {
			p.Fixed = append(p.Fixed, Fixed{t, graph.Value(v)})
		}
	}
	p.Input = Port{placed[from], input}
	for i, v := range d.outputs {
		p.Outputs = append(p.Outputs, Port{placed[v], shapes[i]})
	}
	for _, groups := range waves {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("plan %s: %w", g.Name, context.Cause(ctx))
		}
		var w Wave
		for _, units := range groups {
			s, err := newStep(units, placed)
			if err == nil {
				err = s.choose(o)
			}
			if err != nil {
				return nil, fmt.Errorf("plan %s: %w", g.Name, err)
			}
			w.Steps = append(w.Steps, s)
		}
		p.Waves = append(p.Waves, w)
	}
	return p, p.Place(ctx)
}

// Steps lists the steps in order.
func (p *Plan) Steps() []*Step {
	var all []*Step
	for _, w := range p.Waves {
		all = append(all, w.Steps...)
	}
	return all
}

// Place gives every tensor its memory, and the scratch of those steps whose kernel wants some. To be called again after a
// step's Key has changed. Its error is the context's, or a fault of the compiler: see CheckHazards.
func (p *Plan) Place(ctx context.Context) error {
	tensors := slices.Clip(p.Tensors)
	for w, wave := range p.Waves {
		for _, s := range wave.Steps {
			s.Scratch = nil
			params := s.Params()
			if n := s.Key.ScratchTexels(&params); n > 0 {
				s.Scratch = &Placed{Name: s.Name + ".scratch", Shape: tensor.Shape{N: 1, C: 4, H: 1, W: n}, First: w, Last: w}
				tensors = append(tensors, s.Scratch)
			}
		}
	}
	var err error
	if p.ArenaTexels, err = place(ctx, tensors, p.reuse); err != nil {
		return fmt.Errorf("plan %s: %w", p.Graph.Name, err)
	}
	return p.CheckHazards(ctx)
}
