package plan

import "inceptiongl/inception/graph"

// foldAffine multiplies per-channel scales and shifts into the convolution before them, or, where that convolution pads
// nothing, into the one after. A Normalize takes those behind it.
func (d *draft) foldAffine() {
	d.removeIf(func(u *unit) bool {
		if _, ok := u.op.(graph.Affine); !ok {
			return false
		}
		if w := d.writer(u.in); w != nil && w.act == nil && d.uses(u.in) == 1 {
			if c, ok := w.op.(graph.Conv2D); ok {
				w.fold(u, c, false)
				d.change(w, func() { w.out, w.act = u.out, u.act })
				return true
			}
			scaled := false
			d.change(w, func() { scaled = w.scaleNormalized(u) })
			if scaled {
				return true
			}
		}
		readers := d.readers(u.out.value)
		if u.act != nil || len(readers) != 1 {
			return false
		}
		r := readers[0]
		c, ok := r.op.(graph.Conv2D)
		if !ok || (c.Pad != graph.Padding{} && u.weights.HasBias()) {
			return false // the padding's zeros would have to become something else
		}
		r.fold(u, c, true)
		d.change(r, func() { r.in = u.in })
		return true
	})
}

// fold lets convolution u take in the scaling that affine does, of its outputs or of its inputs.
func (u *unit) fold(affine *unit, c graph.Conv2D, inputs bool) {
	u.weights.folds = append(u.weights.folds, fold{affine.weights.source, c, inputs})
	u.nodes = append(u.nodes, affine.nodes...)
}

// scaleNormalized lets a Normalize that has no scales and shifts of its own take those of an Affine; false where it can't.
func (u *unit) scaleNormalized(affine *unit) bool {
	n, normalizes := u.op.(graph.Normalize)
	a, ok := affine.weights.source.(graph.Affine)
	if !normalizes || !ok || n.Scale != "" || n.Shift != "" {
		return false
	}
	n.Scale, n.Shift = a.Scale, a.Shift
	u.op, u.weights.source = n, n
	u.out, u.act, u.nodes = affine.out, affine.act, append(u.nodes, affine.nodes...)
	return true
}
