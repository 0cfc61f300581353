package plan

import (
	"slices"

	"inceptiongl/inception/graph"
)

// foldFlatten lets fully connected layers read the map itself: a 1×1 convolution of C·H·W flattened channels is a
// convolution of C channels with an H × W kernel, its weights in the same order.
func (d *draft) foldFlatten() {
	d.removeIf(func(u *unit) bool {
		if _, ok := u.op.(graph.Reshape); !ok {
			return false
		}
		in := d.values[u.in].shape
		if u.shape.N != in.N || u.shape.H != 1 || u.shape.W != 1 {
			return false
		}
		readers := slices.Clone(d.readers(u.out.value))
		for _, r := range readers {
			if c, ok := r.op.(graph.Conv2D); !ok || !c.Pointwise() {
				return false
			}
		}
		for _, r := range readers {
			c := r.op.(graph.Conv2D)
			c.In, c.Kernel = in.C, graph.Pair{H: in.H, W: in.W}
			d.change(r, func() { r.op, r.in, r.nodes = c, u.in, append(slices.Clip(r.nodes), u.nodes...) })
		}
		return len(readers) > 0
	})
}
