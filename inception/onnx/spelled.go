package onnx

import (
	"math"
	"slices"

	"inceptiongl/inception/graph"
)

// Exporters spell some activations out, as products of a tensor and a function of it. Each becomes the one operator that it is:
//
//	x · sigmoid(k·x)                       Swish: SiLU
//	x · hardsigmoid(x), x · clip(x + 3, 0, 6) / 6   HardSwish
//	x · tanh(softplus(x))                  Mish
//	x · (1 + erf(x/√2)) / 2                Gelu
//	x · (1 + tanh(√(2/π)·(x + 0.044715·x³))) / 2    GeluTanh
//
// with factors anywhere. What is left without readers of the pieces falls away.

// linear is scale·x + shift, with the same numbers for all of x.
type linear struct {
	x            graph.Value
	scale, shift float64
}

// spelled is x · y as one operator, or nil.
func (n *node) spelled(x, y *value) (*value, error) {
	if x.t == nil || y.t == nil || x.t.view != y.t.view || !slices.Equal(x.dims, y.dims) {
		return nil, nil
	}
	for _, p := range [][2]*value{{x, y}, {y, x}} {
		of, ok := p[0].t.linear()
		gate, isLinear := p[1].t.linear()
		if !ok || !isLinear || of.shift != 0 {
			continue
		}
		op, scale := n.b.spelling(of.x, gate)
		if op == nil {
			continue
		}
		t := *p[0].t
		from := whole(of.x, t.channels, t.view)
		v := n.emit(op, x.dims, t.view, from)
		if scale *= of.scale; math.Abs(scale-1) > 1e-6 {
			c := t.view[0]
			if c.sym != number {
				return nil, nil
			}
			if err := n.b.spend(c.n); err != nil {
				return nil, err
			}
			v.t = v.t.affine(n.label, ones(nil, c.n, scale), nil)
		}
		return v, nil
	}
	return nil, nil
}

// spelling is the operator that makes op(x), times the factor, of x · g.
func (b *builder) spelling(x graph.Value, g linear) (op graph.Op, factor float64) {
	node := b.g.Nodes[g.x]
	if len(node.In) != 1 {
		return nil, 0
	}
	in := b.linear(node.In[0])
	of := in.x == x
	unary, _ := node.Op.(graph.Unary)
	_, sigmoid := node.Op.(graph.Sigmoid)
	clip, clips := node.Op.(graph.Clip)
	switch {
	case of && sigmoid && g.shift == 0 && in.shift == 0:
		return graph.Unary{Type: graph.Swish, Alpha: float32(in.scale)}, g.scale
	case of && unary.Type == graph.HardSigmoid && g.shift == 0:
		alpha, beta := float64(unary.Alpha), float64(unary.Beta)
		return graph.Unary{Type: graph.HardSwish, Alpha: float32(alpha * in.scale), Beta: float32(alpha*in.shift + beta)}, g.scale
	case of && clips && g.shift == 0 && clip.Min == 0 && clip.Max > 0 && clip.Max < math.MaxFloat32:
		high := float64(clip.Max)
		return graph.Unary{Type: graph.HardSwish, Alpha: float32(in.scale / high), Beta: float32(in.shift / high)}, g.scale * high
	case of && unary.Type == graph.Erf && g.shift == g.scale && in.shift == 0 && near(in.scale, 1/math.Sqrt2):
		return graph.Unary{Type: graph.Gelu}, 2 * g.scale
	case unary.Type == graph.Tanh && g.shift == 0 && in.scale == 1 && in.shift == 0 && b.is(in.x, graph.Unary{Type: graph.Softplus}, x):
		return graph.Unary{Type: graph.Mish}, g.scale
	case unary.Type == graph.Tanh && g.shift == g.scale && in.shift == 0 && near(in.scale, math.Sqrt(2/math.Pi)) && b.cubic(in.x, x):
		return graph.Unary{Type: graph.GeluTanh}, 2 * g.scale
	}
	return nil, 0
}

// cubic reports that v is x + 0.044715·x³.
func (b *builder) cubic(v, x graph.Value) bool {
	node := b.g.Nodes[v]
	if node.Op != graph.Op(graph.Binary{}) {
		return false
	}
	for k, in := range node.In {
		cube := b.linear(node.In[1-k])
		if in == x && cube.shift == 0 && near(cube.scale, 0.044715) && b.isCube(cube.x, x) {
			return true
		}
	}
	return false
}

// isCube reports x³: a power, or a product with a square.
func (b *builder) isCube(v, x graph.Value) bool {
	node := b.g.Nodes[v]
	switch node.Op {
	case graph.Op(graph.Binary{Type: graph.Pow}):
		c, ok := b.g.Nodes[node.In[1]].Op.(graph.Constant)
		if !ok || node.In[0] != x {
			return false
		}
		data := b.g.Weights[c.Value].Data
		return len(data) == 1 && data[0] == 3
	case graph.Op(graph.Binary{Type: graph.Mul}):
		square := graph.Binary{Type: graph.Mul}
		return node.In[0] == x && b.is(node.In[1], square, x, x) || node.In[1] == x && b.is(node.In[0], square, x, x)
	}
	return false
}

// is reports a node with that operator and those inputs.
func (b *builder) is(v graph.Value, op graph.Op, in ...graph.Value) bool {
	return b.g.Nodes[v].Op == op && slices.Equal(b.g.Nodes[v].In, in)
}

// near allows for float32 in the file.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-5*math.Abs(b) }

// linear is the picture as numbers times a node, if all its channels have the same.
func (p *picture) linear() (linear, bool) {
	if p.index != nil {
		return linear{}, false
	}
	l := linear{p.from, 1, 0}
	for _, s := range []struct {
		v  []float64
		to *float64
	}{{p.scale, &l.scale}, {p.shift, &l.shift}} {
		if len(s.v) > 0 {
			if *s.to = s.v[0]; differs(s.v, s.v[0]) {
				return linear{}, false
			}
		}
	}
	return l, true
}

// linear is the node as numbers times another, or as itself.
func (b *builder) linear(v graph.Value) linear {
	l := linear{v, 1, 0}
	a, ok := b.g.Nodes[v].Op.(graph.Affine)
	if !ok {
		return l
	}
	for _, s := range []struct {
		name string
		to   *float64
	}{{a.Scale, &l.scale}, {a.Shift, &l.shift}} {
		if s.name == "" {
			continue
		}
		data := b.g.Weights[s.name].Data
		if slices.ContainsFunc(data, func(x float32) bool { return x != data[0] }) {
			return linear{v, 1, 0}
		}
		*s.to = float64(data[0])
	}
	l.x = b.g.Nodes[v].In[0]
	return l
}
