package graph

import (
	"fmt"
	"slices"

	"inceptiongl/inception/tensor"
)

// Move puts elements elsewhere and computes nothing: transpositions, slices, gathers, repeats and pads of the axes that N, C, H
// and W are made of. It is einops' rearrange and repeat; n (g c) h w → n (c g) h w, a channel shuffle, is
//
//	Move{From: [4][]int{{}, {g, 0}}, To: [4][]Axis{{{Of: 0}}, {{Of: 2}, {Of: 1}}, {{Of: 3}}, {{Of: 4}}}}
//
// and a whole tensor as N × H × W × C is Move{To: [4][]Axis{{{Of: 0}}, {{Of: 2}}, {{Of: 3}}, {{Of: 1}}}}.
type Move struct {
	// From are the axes that the input's N, C, H and W each consist of, outermost first. At most one of each may be 0: it is what
	// the others leave. None stands for one axis.
	From [4][]int
	// To are the axes that the output's N, C, H and W each consist of, outermost first; without any it is 1. All axes of From
	// that are longer than 1 must be there, once.
	To [4][]Axis
	// Value is what stands where an Index is −1.
	Value float32
}

// Axis is an axis of a Move's output: an axis of its input, or a part of it. The zero values of Start, Step, Count and Index stand
// for all of it.
type Axis struct {
	// Of is the input's axis, counted through From; Repeat for an axis along which all elements are the same.
	Of int
	// Start, Start+Step … are the places taken. Step 0 is 1; below 0 it goes backwards. A Count above 0 is how many they are;
	// else they end before the last −Count places, and Step must be above 0. A Repeat has only a Count.
	Start, Step, Count int
	// Index lists the places taken, instead of the above; −1 is for Move.Value.
	Index []int
}

// Repeat is the Of of an axis along which elements repeat.
const Repeat = -1

const (
	maxMoveAxes = 12      // of a Move's output, see shaders.MaxAxes
	maxPlaces   = 1 << 24 // of an axis with an Index: what float32 tells apart
)

// Kind is "move".
func (Move) Kind() string { return "move" }

// Params is empty.
func (Move) Params() []Param { return nil }

// MACs is 0.
func (Move) MACs([]tensor.Shape, tensor.Shape) int64 { return 0 }

// OutShape is the products of the axes in To.
func (m Move) OutShape(in []tensor.Shape) (tensor.Shape, error) {
	s, err := one(in)
	if err != nil {
		return s, err
	}
	m, _, err = m.Resolve(s)
	if err != nil {
		return s, err
	}
	var out [4]int
	for k, axes := range m.To {
		out[k] = 1
		for _, a := range axes {
			n := a.Len()
			if out[k] > tensor.MaxElements/n {
				return s, fmt.Errorf("%c has more than %d elements", "NCHW"[k], tensor.MaxElements)
			}
			out[k] *= n
		}
	}
	return tensor.Shape{N: out[0], C: out[1], H: out[2], W: out[3]}, nil
}

// mixes: images keep their places only where the outermost axis of the output's N is that of the input's, whole and in order, and all of the
// batch lies along it.
func (m Move) mixes(in []tensor.Shape, images int) bool {
	m, extents, err := m.Resolve(in[0])
	if err != nil {
		return true
	}
	outermost := slices.IndexFunc(extents[:len(m.From[0])], func(n int) bool { return n > 1 })
	k := slices.IndexFunc(m.To[0], func(a Axis) bool { return a.Len() > 1 })
	if outermost < 0 || k < 0 {
		return true
	}
	a, extent := m.To[0][k], extents[outermost]
	return a.Of != outermost || a.Index != nil || a.Step != 1 || a.Count != extent || extent%images != 0
}

// Len is how many places a resolved axis has.
func (a Axis) Len() int {
	if a.Index != nil {
		return len(a.Index)
	}
	return a.Count
}

// Resolve is m with all extents and counts filled in for an input: no 0 in From, in To a Step, and a Count above 0 or an Index. Its
// second result are the extents of From, one after the other.
func (m Move) Resolve(in tensor.Shape) (Move, []int, error) {
	var all []int
	for k, extent := range [4]int{in.N, in.C, in.H, in.W} {
		axes, err := split(m.From[k], extent)
		if err != nil {
			return m, nil, fmt.Errorf("%c of %v: %w", "NCHW"[k], in, err)
		}
		m.From[k] = axes
		all = append(all, axes...)
	}
	used := make([]bool, len(all))
	count := 0
	for k, axes := range m.To {
		m.To[k] = slices.Clone(axes)
		for i := range axes {
			a := &m.To[k][i]
			count++
			if a.Of < Repeat || a.Of >= len(all) {
				return m, nil, fmt.Errorf("axis %d of %d", a.Of, len(all))
			}
			extent := 1
			if a.Of != Repeat {
				if used[a.Of] {
					return m, nil, fmt.Errorf("axis %d is used twice", a.Of)
				}
				used[a.Of], extent = true, all[a.Of]
			}
			if err := a.resolve(extent); err != nil {
				return m, nil, fmt.Errorf("axis %d, of %d places: %w", a.Of, extent, err)
			}
		}
	}
	for i, n := range all {
		if n > 1 && !used[i] {
			return m, nil, fmt.Errorf("axis %d, of %d places, goes nowhere", i, n)
		}
	}
	if count > maxMoveAxes {
		return m, nil, fmt.Errorf("%d axes: more than %d", count, maxMoveAxes)
	}
	if m.Value != m.Value {
		return m, nil, fmt.Errorf("the value is %v", m.Value)
	}
	return m, all, nil
}

// split is an extent as a product of axes.
func split(axes []int, extent int) ([]int, error) {
	if len(axes) == 0 {
		return []int{extent}, nil
	}
	axes = slices.Clone(axes)
	rest, open := extent, -1
	for i, n := range axes {
		switch {
		case n == 0 && open < 0:
			open = i
		case n < 1 || rest%n != 0:
			return nil, fmt.Errorf("can't be split into %v", axes)
		default:
			rest /= n
		}
	}
	if open >= 0 {
		axes[open] = rest
	} else if rest != 1 {
		return nil, fmt.Errorf("can't be split into %v", axes)
	}
	return axes, nil
}

// resolve fills in an axis, for an extent of the input's; 1 for a Repeat.
func (a *Axis) resolve(extent int) error {
	plain := a.Start == 0 && (a.Step == 0 || a.Step == 1)
	switch {
	case a.Index != nil:
		if !plain || a.Count != 0 || a.Of == Repeat {
			return fmt.Errorf("has an index and a range, or is a repeat")
		}
		if extent > maxPlaces || len(a.Index) > maxPlaces || len(a.Index) == 0 {
			return fmt.Errorf("an index of %d: 1 to %d are possible", len(a.Index), maxPlaces)
		}
		for _, i := range a.Index {
			if i < -1 || i >= extent {
				return fmt.Errorf("there is no place %d", i)
			}
		}
		return nil
	case a.Of == Repeat:
		if !plain || a.Count < 1 || a.Count > tensor.MaxElements {
			return fmt.Errorf("repeats %+v", *a)
		}
		a.Step = 1
		return nil
	}
	if a.Step == 0 {
		a.Step = 1
	}
	if a.Start < 0 || a.Start >= extent || a.Step < -extent || a.Step > extent || a.Count < -extent || a.Count > extent {
		return fmt.Errorf("%d places from %d by %d", a.Count, a.Start, a.Step)
	}
	if a.Count <= 0 {
		if a.Step < 0 {
			return fmt.Errorf("from %d by %d: how many isn't given", a.Start, a.Step)
		}
		a.Count = (extent + a.Count - a.Start + a.Step - 1) / a.Step
	}
	if a.Count < 1 {
		return fmt.Errorf("no places from %d on", a.Start)
	}
	if end := a.Start + (a.Count-1)*a.Step; end < 0 || end >= extent {
		return fmt.Errorf("%d places from %d by %d end at %d", a.Count, a.Start, a.Step, end)
	}
	return nil
}
