package plan

import (
	"cmp"
	"slices"
)

// lives finds tensors by when they are alive: a tree of spans of waves, in which each tensor stands at the few that make up its life,
// and all tensors by their first wave.
type lives struct {
	leaves int // the first wave, −1, is leaf 0
	tree   [][]*Placed
	starts []*Placed // all tensors, by First
	added  map[*Placed]bool
}

// newLives has room for these tensors; none is there yet.
func newLives(tensors []*Placed) *lives {
	last := -1
	for _, t := range tensors {
		last = max(last, t.Last)
	}
	l := &lives{leaves: last + 2, starts: slices.Clone(tensors), added: make(map[*Placed]bool, len(tensors))}
	l.tree = make([][]*Placed, 2*l.leaves)
	slices.SortStableFunc(l.starts, func(a, b *Placed) int { return cmp.Compare(a.First, b.First) })
	return l
}

// add notes a tensor that is placed.
func (l *lives) add(t *Placed) {
	l.added[t] = true
	for from, to := t.First+1+l.leaves, t.Last+2+l.leaves; from < to; from, to = from/2, to/2 {
		if from%2 == 1 {
			l.tree[from] = append(l.tree[from], t)
			from++
		}
		if to%2 == 1 {
			to--
			l.tree[to] = append(l.tree[to], t)
		}
	}
}

// beside appends the added tensors that are alive while t is: those that are when it begins, and those that begin later.
func (l *lives) beside(t *Placed, list []*Placed) []*Placed {
	for node := t.First + 1 + l.leaves; node > 0; node /= 2 {
		list = append(list, l.tree[node]...)
	}
	i, _ := slices.BinarySearchFunc(l.starts, t.First+1, func(o *Placed, first int) int { return cmp.Compare(o.First, first) })
	for ; i < len(l.starts) && l.starts[i].First <= t.Last; i++ {
		if l.added[l.starts[i]] {
			list = append(list, l.starts[i])
		}
	}
	return list
}
