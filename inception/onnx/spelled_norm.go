package onnx

import (
	"slices"

	"inceptiongl/inception/graph"
)

// Before opset 17 exporters spell normalizations out: (x − mean(x)) / √(mean((x − mean(x))²) + ε), and without the means RMSNorm; as a
// quotient, or as a product with the inverse. Each becomes one Normalize, and what is left without readers of the pieces falls away.

// origin is how a value was made, where that may be a piece of a normalization.
type origin struct {
	op   string // "Sub", "square", "plus", "ReduceMean", "Sqrt", "Reciprocal"
	in   []*value
	axes []int   // of a mean, in order
	by   float32 // of plus
}

// origin notes what the node makes of its inputs; nil where that is no piece of a normalization.
func (n *node) origin() *origin {
	switch n.op {
	case "Sub":
		return &origin{op: "Sub", in: n.in}
	case "Mul":
		if n.in[0] == n.in[1] {
			return &origin{op: "square", in: n.in[:1]}
		}
	case "Pow":
		if c, ok := scalar(n.in[1]); ok && c == 2 {
			return &origin{op: "square", in: n.in[:1]}
		}
	case "Add":
		for k, v := range n.in {
			if c, ok := scalar(v); ok && c > 0 {
				return &origin{op: "plus", in: []*value{n.in[1-k]}, by: c}
			}
		}
	case "Sqrt", "Reciprocal":
		return &origin{op: n.op, in: n.in}
	case "ReduceMean":
		axes, err := n.axes(18, n.in[0].rank())
		if err == nil && len(axes) > 0 && n.flag("keepdims", true) {
			return &origin{op: n.op, in: n.in[:1], axes: slices.Sorted(slices.Values(axes))}
		}
	}
	return nil
}

// from is what op made v of; nil where something else made it.
func (v *value) from(op string) *origin {
	if v.origin == nil || v.origin.op != op {
		return nil
	}
	return v.origin
}

// normalization is the node's quotient or product as a Normalize, if it is one; else nil.
func (n *node) normalization() (*value, error) {
	if n.op == "Div" {
		return n.overRoot(n.in[0], n.in[1])
	}
	for k, v := range n.in {
		if r := v.from("Reciprocal"); r != nil && n.op == "Mul" {
			if y, err := n.overRoot(n.in[1-k], r.in[0]); y != nil || err != nil {
				return y, err
			}
		}
	}
	return nil, nil
}

// overRoot is d/s where s is √(mean(d²) + ε), or nil.
func (n *node) overRoot(d, s *value) (*value, error) {
	root := s.from("Sqrt")
	if root == nil {
		return nil, nil
	}
	sum := root.in[0].from("plus")
	if sum == nil {
		return nil, nil
	}
	mean := sum.in[0].from("ReduceMean")
	if mean == nil {
		return nil, nil
	}
	square := mean.in[0].from("square")
	if square == nil {
		return nil, nil
	}
	op := graph.Normalize{Eps: float64(sum.by)}
	if x := d.centred(mean.axes); x != nil && square.in[0].centred(mean.axes) == x {
		return n.normalize(x, mean.axes, op)
	}
	if square.in[0] == d && d.con == nil {
		op.Type = graph.RootMeanSquare
		return n.normalize(d, mean.axes, op)
	}
	return nil, nil
}

// centred is the x of a value that is x − mean(x) over those axes, or nil.
func (v *value) centred(axes []int) *value {
	d := v.from("Sub")
	if d == nil || d.in[0].con != nil {
		return nil
	}
	m := d.in[1].from("ReduceMean")
	if m == nil || m.in[0] != d.in[0] || !slices.Equal(m.axes, axes) {
		return nil
	}
	return d.in[0]
}
