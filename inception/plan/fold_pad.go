package plan

import (
	"slices"

	"inceptiongl/inception/graph"
)

// foldPad adds explicit zero padding to the padding of the convolutions and average pools that read it.
func (d *draft) foldPad() {
	d.removeIf(func(u *unit) bool {
		pad, ok := u.op.(graph.Pad2D)
		if !ok || pad.Mode != graph.PadConstant || pad.Value != 0 {
			return false
		}
		readers := slices.Clone(d.readers(u.out.value))
		ops := make([]graph.Op, len(readers))
		for i, r := range readers {
			if ops[i] = padded(r.op, pad.Pad); ops[i] == nil {
				return false
			}
		}
		for i, r := range readers {
			d.change(r, func() { r.op, r.in, r.nodes = ops[i], u.in, append(slices.Clip(r.nodes), u.nodes...) })
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
		if op.Type != graph.Average || op.Pad != (graph.Padding{}) || op.Dilation != graph.Square(1) || op.CeilMode || !fits {
			return nil
		}
		op.Pad, op.CountIncludePad = pad, true
		return op
	}
	return nil
}
