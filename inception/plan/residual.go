package plan

import (
	"slices"

	"inceptiongl/inception/graph"
)

// fuseAdd lets a convolution add a tensor on the way out: it takes the place of the sum that alone reads its answer, and the
// sum's activation. Of two that could, the later one does: the earlier is done by then.
func (d *draft) fuseAdd() {
	d.link()
	for i, sum := range d.units {
		if op, ok := sum.op.(graph.Binary); !ok || op.Type != graph.Add || sum.in == sum.in2 || d.values[sum.in].shape != sum.shape || d.values[sum.in2].shape != sum.shape {
			continue
		}
		before := d.addsTo(sum.in)
		if other := d.addsTo(sum.in2); before == nil || other != nil && other.place > before.place {
			before = other
		}
		if before == nil {
			continue
		}
		conv := *before
		conv.in2 = sum.in
		if conv.out.value == sum.in {
			conv.in2 = sum.in2
		}
		conv.act, conv.out, conv.nodes = sum.act, sum.out, append(slices.Clip(conv.nodes), sum.nodes...)
		conv.place = i
		d.remove(before)
		d.remove(sum) // else it would still count as the value's writer
		d.units[i] = &conv
		d.attach(&conv)
	}
	d.compact()
}

// addsTo is the convolution that computes value v whole and for one reader, and could add something to it; or nil.
func (d *draft) addsTo(v int) *unit {
	w := d.writer(v)
	if w == nil || w.act != nil || w.in2 != none || w.shape != d.values[v].shape || d.uses(v) != 1 {
		return nil
	}
	c, ok := w.op.(graph.Conv2D)
	// Where groups share texels of outputs, their kernel moves lanes, and would have to move the other tensor's.
	depthwise := c.Groups == c.In && c.In == c.Out
	if !ok || c.Groups > 1 && !depthwise && c.Out/c.Groups%4 != 0 {
		return nil
	}
	return w
}
