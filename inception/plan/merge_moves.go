package plan

import (
	"slices"

	"inceptiongl/inception/graph"
)

// mergeMoves lets Moves that read what another Move gives read what that one reads, and do what both do. Where all its readers can, it goes.
func (d *draft) mergeMoves() {
	d.removeIf(func(u *unit) bool {
		first, ok := u.op.(graph.Move)
		if !ok || u.act != nil {
			return false
		}
		readers := d.readers(u.out.value)
		ops := make([]graph.Move, len(readers))
		for i, r := range readers {
			m, moves := r.op.(graph.Move)
			if !moves {
				return false
			}
			if ops[i], ok = m.After(first, d.values[u.in].shape); !ok {
				return false
			}
		}
		for i, r := range readers {
			d.change(r, func() {
				r.op, r.in, r.nodes = ops[i], u.in, append(slices.Clip(r.nodes), u.nodes...)
				r.weights.source = ops[i]
			})
		}
		return len(readers) > 0
	})
}
