package graph

import (
	"errors"
	"fmt"
	"slices"

	"inceptiongl/inception/tensor"
)

// Finite says which values of a network a run looks at, beside its outputs, for what isn't a finite number.
type Finite int

const (
	// FiniteHidden is the default: NaN where a comparison or a logical operator would make a number of it, so that no output shows it.
	FiniteHidden Finite = iota
	// FiniteEvery: NaN and infinities in every value. The network is computed operator by operator then, and takes several times as long.
	FiniteEvery
	// FiniteNone: none.
	FiniteNone
)

// ErrNotFinite is what a value gives that isn't finite and would be looked at: see Finite.
var ErrNotFinite = errors.New("not finite")

// Checked lists the values to look at. Those that a network compares with themselves are left out: that is how one tests for NaN.
func (f Finite) Checked(g *Graph) []Value {
	var all []Value
	see := func(v Value) {
		if _, constant := g.Nodes[v].Op.(Constant); !constant {
			all = append(all, v)
		}
	}
	for i, n := range g.Nodes {
		b, ok := n.Op.(Binary)
		switch {
		case f == FiniteEvery:
			see(Value(i))
		case f == FiniteNone || !ok || n.In[0] == n.In[1]:
		case b.Type >= Equal && b.Type <= Xor:
			see(n.In[0])
			see(n.In[1])
		case b.Type == Keep || b.Type == Drop:
			see(n.In[1])
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Check looks at the numbers of a value that Checked lists.
func (f Finite) Check(g *Graph, v Value, data []float32) error {
	wrong, first := 0, -1
	for i, x := range data {
		if x != x || f == FiniteEvery && x-x != 0 {
			if wrong++; first < 0 {
				first = i
			}
		}
	}
	if wrong == 0 {
		return nil
	}
	return fmt.Errorf("node %s (%s) is %w: %v at element %d, and %d of %d elements", g.Nodes[v].Name, g.Nodes[v].Op.Kind(), ErrNotFinite, data[first], first, wrong, len(data))
}

// CheckAll is Check for the values of a run, of which values[i] is list[i]'s: the first node's error.
func (f Finite) CheckAll(g *Graph, list []Value, values []*tensor.Tensor) error {
	for i, v := range list {
		if err := f.Check(g, v, values[i].Data); err != nil {
			return err
		}
	}
	return nil
}
