package inception

import (
	"slices"

	"inceptiongl/inception/graph"
)

// readers lists the units that read value v, or nil where it is an output too: it must then exist as it is.
func (p *program) readers(v int) []*unit {
	if slices.Contains(p.outputs, v) {
		return nil
	}
	var us []*unit
	for _, u := range p.units {
		if u.in == v || u.in2 == v {
			us = append(us, u)
		}
	}
	return us
}

// foldPad adds explicit zero padding to the padding of the convolutions and average pools that read it.
func (p *program) foldPad() {
	p.removeIf(func(u *unit) bool {
		pad, ok := u.op.(graph.Pad2D)
		if !ok || pad.Value != 0 {
			return false
		}
		readers := p.readers(u.out.value)
		ops := make([]graph.Op, len(readers))
		for i, r := range readers {
			if ops[i] = padded(r.op, pad.Pad); ops[i] == nil {
				return false
			}
		}
		for i, r := range readers {
			r.op, r.in = ops[i], u.in
		}
		return len(readers) > 0
	})
}

// padded is op with more padding, or nil where that is not the same as padding its input with zeros.
func padded(op graph.Op, pad graph.Padding) graph.Op {
	switch op := op.(type) {
	case graph.Conv2D:
		op.Pad.Top += pad.Top
		op.Pad.Left += pad.Left
		op.Pad.Bottom += pad.Bottom
		op.Pad.Right += pad.Right
		return op
	case graph.Pool2D:
		// A pool's own padding must be smaller than its kernel; the explicit zeros counted, so they count.
		fits := max(pad.Top, pad.Bottom) < op.Kernel.H && max(pad.Left, pad.Right) < op.Kernel.W
		if op.Type != graph.Average || op.Pad != (graph.Padding{}) || op.CeilMode || !fits {
			return nil
		}
		op.Pad, op.CountIncludePad = pad, true
		return op
	}
	return nil
}

// foldFlatten lets fully connected layers read the map itself: a 1×1 convolution of C·H·W flattened channels is a
// convolution of C channels with an H × W kernel, its weights in the same order.
func (p *program) foldFlatten() {
	p.removeIf(func(u *unit) bool {
		if _, ok := u.op.(graph.Reshape); !ok {
			return false
		}
		in := p.values[u.in].shape
		if u.shape.N != in.N || u.shape.H != 1 || u.shape.W != 1 {
			return false
		}
		readers := p.readers(u.out.value)
		for _, r := range readers {
			if c, ok := r.op.(graph.Conv2D); !ok || !c.Pointwise() {
				return false
			}
		}
		for _, r := range readers {
			c := r.op.(graph.Conv2D)
			c.In, c.Kernel = in.C, graph.Pair{H: in.H, W: in.W}
			r.op, r.in = c, u.in
		}
		return len(readers) > 0
	})
}

// foldAffine multiplies per-channel scales and shifts into the convolution before them, or, where that convolution pads
// nothing, into the one after.
func (p *program) foldAffine() {
	p.removeIf(func(u *unit) bool {
		if _, ok := u.op.(graph.Affine); !ok {
			return false
		}
		if w := p.writer(u.in); w != nil && w.act == nil && p.uses(u.in) == 1 {
			if c, ok := w.op.(graph.Conv2D); ok {
				scaleOutputs(w, c, u)
				w.out, w.act = u.out, u.act
				return true
			}
		}
		readers := p.readers(u.out.value)
		if u.act != nil || len(readers) != 1 {
			return false
		}
		r := readers[0]
		c, ok := r.op.(graph.Conv2D)
		if !ok || (c.Pad != graph.Padding{} && u.bias != nil) {
			return false // the padding's zeros would have to become something else
		}
		scaleInputs(r, c, u)
		r.in = u.in
		return true
	})
}

// scaleOutputs makes convolution w compute scale·conv(x) + shift.
func scaleOutputs(w *unit, c graph.Conv2D, affine *unit) {
	weight, bias := slices.Clone(w.weight), make([]float32, c.Out)
	each := len(weight) / c.Out
	for o := range bias {
		s, b := at(affine.weight, o, 1), at(affine.bias, o, 0)
		for k := range each {
			weight[o*each+k] = float32(float64(weight[o*each+k]) * s)
		}
		bias[o] = float32(at(w.bias, o, 0)*s + b)
	}
	w.weight, w.bias = weight, bias
}

// scaleInputs makes convolution r compute conv(scale·x + shift).
func scaleInputs(r *unit, c graph.Conv2D, affine *unit) {
	weight, bias := slices.Clone(r.weight), make([]float32, c.Out)
	area, perGroup := c.Kernel.H*c.Kernel.W, c.In/c.Groups
	for o := range bias {
		sum := at(r.bias, o, 0)
		first := o / (c.Out / c.Groups) * perGroup
		for i := range perGroup {
			s, b := at(affine.weight, first+i, 1), at(affine.bias, first+i, 0)
			for k := range area {
				v := &weight[(o*perGroup+i)*area+k]
				sum += float64(*v) * b
				*v = float32(float64(*v) * s)
			}
		}
		bias[o] = float32(sum)
	}
	r.weight, r.bias = weight, bias
}

// at is v[i], or the default where there is no vector.
func at(v []float32, i int, otherwise float64) float64 {
	if v == nil {
		return otherwise
	}
	return float64(v[i])
}
