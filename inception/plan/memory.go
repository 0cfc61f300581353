package plan

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"inceptiongl/inception/tensor"
)

// Placed is a tensor in the arena, as texels of 4 channels (NC4HW4): element (n, c, y, x) is lane c%4 of texel
// Base + ((n·⌈C/4⌉ + c/4)·H + y)·W + x. Lanes past the last channel hold 0.
type Placed struct {
	Name  string
	Shape tensor.Shape
	Base  int // texel
	// First and Last are the waves of its first write and last read: −1 for the network's input, the number of waves
	// for an output.
	First, Last int
}

// Texels is the tensor's size in vec4 texels.
func (t *Placed) Texels() int { return t.Shape.N * groups(t.Shape.C) * t.Shape.H * t.Shape.W }

// View is a channel range of a placed tensor, for all of N, H and W.
type View struct {
	Tensor            *Placed
	Channel, Channels int
}

func (v View) String() string {
	if v.Channel == 0 && v.Channels == v.Tensor.Shape.C {
		return v.Tensor.Name
	}
	return fmt.Sprintf("%s[%d:%d]", v.Tensor.Name, v.Channel, v.Channel+v.Channels)
}

// Shape is the shape of the viewed part.
func (v View) Shape() tensor.Shape {
	s := v.Tensor.Shape
	s.C = v.Channels
	return s
}

// ends reports a view that holds its tensor's last channel, whose writer also zeroes the tail lanes.
func (v View) ends() bool { return v.Channel+v.Channels == v.Tensor.Shape.C }

// groups is the number of 4-channel groups that hold c channels.
func groups(c int) int { return (c + 3) / 4 }

// placeAlign keeps tensors on 256-byte boundaries: cache lines are then never shared between two of them.
const placeAlign = 16 // texels

// place gives every tensor a Base and returns the arena's size in texels. Largest first, each goes to the lowest gap
// that is free for its whole life; without reuse all of them live for ever.
func place(ctx context.Context, tensors []*Placed, reuse bool) (int, error) {
	order := slices.Clone(tensors)
	slices.SortStableFunc(order, func(a, b *Placed) int { return cmp.Compare(b.Texels(), a.Texels()) })
	padded := func(t *Placed) int { return (t.Texels() + placeAlign - 1) / placeAlign * placeAlign }
	size := 0
	if !reuse {
		for _, t := range order {
			t.Base = size
			size += padded(t)
		}
		return size, nil
	}
	done := newLives(tensors)
	var beside []*Placed
	for _, t := range order {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		beside = done.beside(t, beside[:0])
		slices.SortFunc(beside, func(a, b *Placed) int { return cmp.Compare(a.Base, b.Base) })
		at := 0
		for _, o := range beside {
			if o.Base >= at+padded(t) {
				break
			}
			at = max(at, o.Base+padded(o))
		}
		t.Base = at
		size = max(size, at+padded(t))
		done.add(t)
	}
	return size, nil
}
