package plan

import (
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// hostOrder has the device convert the input from the caller's order, NCHW, and the outputs back to it, where they have that many
// elements: a reshape from a tensor of channels alone, whose texels are the floats in the caller's order, and one to it. It returns
// the value that the input is uploaded to.
func (d *draft) hostOrder(from int) (input int) {
	if len(d.units) == 0 {
		return 0 // the input is the output
	}
	if at := d.inOrder(0, from); at != none {
		d.units = append([]*unit{d.reshape(at, 0)}, d.units...)
		input = at
	}
	done := map[int]int{}
	for i, v := range d.outputs {
		at, ok := done[v]
		if !ok {
			if at = none; v != 0 && !d.fixed[v] {
				at = d.inOrder(v, from)
			}
			if at != none {
				d.units = append(d.units, d.reshape(v, at))
			}
			done[v] = at
		}
		if at != none {
			d.outputs[i] = at
		}
	}
	return input
}

// inOrder makes a value with the elements of another in NCHW order, or none where that isn't worth it or has no whole texels.
func (d *draft) inOrder(v, from int) int {
	sh := d.values[v].shape
	each := sh.C * sh.H * sh.W
	if sh.Len() < from || sh.H*sh.W == 1 || each%4 != 0 {
		return none
	}
	d.values = append(d.values, value{d.values[v].name + ".nchw", tensor.Shape{N: sh.N, C: each, H: 1, W: 1}})
	return len(d.values) - 1
}

// reshape is the unit that brings one value's elements into the other's shape.
func (d *draft) reshape(from, to int) *unit {
	sh := d.values[to].shape
	op := graph.Reshape{C: sh.C, H: sh.H, W: sh.W}
	return &unit{name: d.values[to].name + ".order", op: op, weights: Weights{source: op}, in: from, in2: none, out: slot{value: to}, shape: sh}
}
