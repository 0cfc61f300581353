package onnx

import (
	"fmt"
	"math"
	"slices"

	"inceptiongl/inception/graph"
	pb "inceptiongl/inception/onnx/internal/onnxpb"
	"inceptiongl/inception/tail"
)

// one is what most operators give: a single output.
func one(dims []dim) [][]dim { return [][]dim{dims} }

// open is dims with an axis of unknown extent.
func (b *builder) open(dims []dim, axis int) []dim {
	dims = slices.Clone(dims)
	dims[axis] = b.fresh()
	return dims
}

// several are n extents that only a run tells.
func (b *builder) several(n int) []dim {
	dims := make([]dim, n)
	for k := range dims {
		dims[k] = b.fresh()
	}
	return dims
}

// hostArg is ArgMax and ArgMin.
func (n *node) hostArg() (tail.Op, []*value, [][]dim, error) {
	x := n.in[0]
	a, err := axis(n.int("axis", 0), x.rank())
	op := tail.ArgMax{Axis: a, Least: n.op == "ArgMin", Last: n.flag("select_last_index", false), Keep: n.flag("keepdims", true)}
	if err != nil {
		return nil, nil, nil, err
	}
	dims := slices.Clone(x.dims)
	dims[a] = num(1)
	if !op.Keep {
		dims = slices.Delete(dims, a, a+1)
	}
	return op, n.in, one(dims), nil
}

// hostTopK has K as an attribute before opset 10.
func (n *node) hostTopK() (tail.Op, []*value, [][]dim, error) {
	x := n.in[0]
	a, err := axis(n.int("axis", -1), x.rank())
	if err != nil {
		return nil, nil, nil, err
	}
	op := tail.TopK{Axis: a, Least: !n.flag("largest", true)}
	n.flag("sorted", true) // they always are
	in := n.in
	if n.b.opset < 10 {
		in = []*value{x, known(ints("k", []int{1}, []dim{num(n.int("k", 0))}))}
	} else if len(in) != 2 {
		return nil, nil, nil, fmt.Errorf("has %d inputs, must have 2", len(in))
	}
	dims := n.b.open(x.dims, a)
	if c := in[1].con; c != nil {
		if !c.isInt || c.len() != 1 || c.i[0].sym != number || c.i[0].n < 0 || x.dims[a].sym == number && c.i[0].n > x.dims[a].n {
			return nil, nil, nil, fmt.Errorf("of %s along axis %d: K must be an integer, and not more than there are", show(x.dims), a)
		}
		dims[a] = c.i[0]
	}
	return op, in, [][]dim{dims, dims}, nil
}

// hostBoxes is NonMaxSuppression, whose numbers are inputs.
func (n *node) hostBoxes() (tail.Op, []*value, [][]dim, error) {
	if n.in[0].con != nil && n.in[1].con != nil {
		return nil, nil, nil, fmt.Errorf("of constants is not supported")
	}
	op := tail.NonMaxSuppression{Center: n.flag("center_point_box", false)}
	if v := n.opt(2); v != nil {
		list, err := n.b.numbersOf(v)
		if err != nil || len(list) != 1 {
			return nil, nil, nil, fmt.Errorf("input 2, how many boxes of a class, must be a constant integer")
		}
		op.Most = int(min(max(list[0], 0), math.MaxInt32))
	}
	for k, to := range []*float32{&op.IOU, &op.Score} {
		if n.opt(3+k) == nil {
			continue
		}
		c, err := n.known(3 + k)
		if err != nil || c.len() != 1 {
			return nil, nil, nil, fmt.Errorf("input %d must be one constant number", 3+k)
		}
		*to, op.HasScore = c.f[0], k == 1
	}
	if op.IOU != op.IOU || op.IOU < 0 || op.IOU > 1 {
		return nil, nil, nil, fmt.Errorf("an IOU of %v, must be in 0…1", op.IOU)
	}
	return op, n.in[:2], one([]dim{n.b.fresh(), num(3)}), nil
}

// numbersOf are a constant's numbers.
func (b *builder) numbersOf(v *value) ([]float32, error) {
	if v.con == nil {
		return nil, fmt.Errorf("must be a constant")
	}
	return b.plainFloats(v.con)
}

func (n *node) hostNonZero() (tail.Op, []*value, [][]dim, error) {
	return tail.NonZero{}, n.in, one([]dim{num(n.in[0].rank()), n.b.fresh()}), nil
}

func (n *node) hostShape() (tail.Op, []*value, [][]dim, error) {
	rank := n.in[0].rank()
	clamp := func(v int) int {
		if v < 0 {
			v = max(v, -rank) + rank
		}
		return min(v, rank)
	}
	op := tail.Shape{Start: clamp(n.int("start", 0)), End: clamp(n.int("end", rank))}
	return op, n.in, one([]dim{num(max(op.End-op.Start, 0))}), nil
}

// hostCast makes numbers of another type. Floats of all sizes are one.
func (n *node) hostCast() (tail.Op, []*value, [][]dim, error) {
	n.int("saturate", 1)
	n.string("round_mode", "")
	to := int32(n.int("to", 0))
	kind, ok := map[pb.TensorProto_DataType]tail.Type{
		pb.TensorProto_INT64: tail.Integer, pb.TensorProto_INT32: tail.Bits32, pb.TensorProto_INT16: tail.Bits16, pb.TensorProto_INT8: tail.Bits8,
		pb.TensorProto_UINT16: tail.UBits16, pb.TensorProto_UINT8: tail.UBits8, pb.TensorProto_BOOL: tail.Truth,
	}[pb.TensorProto_DataType(to)]
	if !ok && !isFloat(to) {
		return nil, nil, nil, fmt.Errorf("to %s is not supported", dtype(to))
	}
	return tail.Cast{To: kind}, n.in, one(n.in[0].dims), nil
}

// hostSign is Not and Neg.
func (n *node) hostSign() (tail.Op, []*value, [][]dim, error) {
	f := func(v float64) float64 { return -v }
	if n.op == "Not" {
		f = func(v float64) float64 { return graph.Equal.At(v, 0) }
	}
	return tail.Unary{Name: n.op, F: f}, n.in, one(n.in[0].dims), nil
}

// hostFunction is a function of single numbers.
func (n *node) hostFunction() (tail.Op, []*value, [][]dim, error) {
	op, err := n.function()
	if err != nil {
		return nil, nil, nil, err
	}
	return tail.Unary{Name: n.op, F: numeric(op)}, n.in, one(n.in[0].dims), nil
}

// hostPair is an operator of two inputs.
func (n *node) hostPair() (tail.Op, []*value, [][]dim, error) {
	dims, err := n.joint()
	if n.op == "Mod" {
		return tail.Mod{Fmod: n.flag("fmod", false)}, n.in, one(dims), err
	}
	k := kinds[n.op]
	return tail.Binary{Name: n.op, Type: k.kind, Swapped: k.swapped}, n.in, one(dims), err
}

// hostSeveral is an operator of any number of inputs.
func (n *node) hostSeveral() (tail.Op, []*value, [][]dim, error) {
	dims, err := n.joint()
	kind := map[string]graph.BinaryKind{"Min": graph.Minimum, "Max": graph.Maximum}[n.op] // else Add
	return tail.Several{Name: n.op, Type: kind, Mean: n.op == "Mean"}, n.in, one(dims), err
}

func (n *node) hostWhere() (tail.Op, []*value, [][]dim, error) {
	dims, err := n.joint()
	return tail.Where{}, n.in, one(dims), err
}

// joint are the extents of all inputs, broadcast together.
func (n *node) joint() ([]dim, error) {
	dims := n.in[0].dims
	for _, v := range n.in[1:] {
		rank := max(len(dims), v.rank())
		var err error
		if dims, err = together(aligned(dims, rank), aligned(v.dims, rank)); err != nil {
			return nil, err
		}
	}
	return dims, nil
}

// hostReduce is a reduction over some axes.
func (n *node) hostReduce() (tail.Op, []*value, [][]dim, error) {
	axes, keep, err := n.reduction()
	if err != nil {
		return nil, nil, nil, err
	}
	kind := map[string]graph.BinaryKind{"ReduceMax": graph.Maximum, "ReduceMin": graph.Minimum, "ReduceProd": graph.Mul}[n.op] // else Add
	var dims []dim
	for k, d := range n.in[0].dims {
		switch {
		case !slices.Contains(axes, k):
			dims = append(dims, d)
		case keep:
			dims = append(dims, num(1))
		}
	}
	return tail.Reduce{Name: n.op, Type: kind, Mean: n.op == "ReduceMean", Axes: axes, Keep: keep}, n.in[:1], one(dims), nil
}

// hostClip has constant bounds.
func (n *node) hostClip() (tail.Op, []*value, [][]dim, error) {
	low, high, err := n.bounds()
	f := func(v float64) float64 { return min(max(v, float64(low)), float64(high)) }
	return tail.Unary{Name: n.op, F: f}, n.in[:1], one(n.in[0].dims), err
}

// hostCodes is QuantizeLinear and DequantizeLinear, with constant scales.
func (n *node) hostCodes() (tail.Op, []*value, [][]dim, error) {
	x := n.in[0]
	how, block, err := n.coding(x)
	if err != nil {
		return nil, nil, nil, err
	}
	if block > 0 {
		return nil, nil, nil, fmt.Errorf("in blocks is supported for constants only")
	}
	var op tail.Op = tail.Dequantize{Axis: how.axis, Scale: how.scale, Zero: how.zero}
	if n.op == "QuantizeLinear" {
		n.flag("saturate", true)
		n.int("precision", 0)
		low, high, err := n.codes(&how)
		if err != nil {
			return nil, nil, nil, err
		}
		op = tail.Quantize{Axis: how.axis, Scale: how.scale, Zero: how.zero, Low: low, High: high}
	} else {
		n.int("output_dtype", 0)
	}
	return op, []*value{x}, one(x.dims), nil
}
