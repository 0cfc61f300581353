package onnx

import (
	"fmt"
	"math"
	"slices"

	"inceptiongl/inception/graph"
	pb "inceptiongl/inception/onnx/internal/onnxpb"
)

// Integers of 8 and 16 bits are codes: what QuantizeLinear gives and DequantizeLinear takes. Float32 holds them exactly, so constants of them
// have floats, and tensors of them are floats on the device. Their value's code is the type, so that nothing computes with them by mistake.

// codeRange are the lowest and the highest number of a type of codes.
func codeRange(t int32) (low, high float32, ok bool) {
	switch pb.TensorProto_DataType(t) {
	case pb.TensorProto_INT8:
		return -128, 127, true
	case pb.TensorProto_UINT8:
		return 0, 255, true
	case pb.TensorProto_INT16:
		return -32768, 32767, true
	case pb.TensorProto_UINT16:
		return 0, 65535, true
	}
	return 0, 0, false
}

// takesCodes are the operators that move codes and don't compute with them, or compare them; their results are codes too. true is for
// those whose results aren't.
var takesCodes = map[string]bool{
	"Concat": false, "DepthToSpace": false, "Dropout": false, "Expand": false, "Flatten": false, "Gather": false, "Identity": false, "MaxPool": false,
	"Pad": false, "Reshape": false, "Slice": false, "SpaceToDepth": false, "Split": false, "Squeeze": false, "Tile": false, "Transpose": false, "Unsqueeze": false,
	"Cast": true, "DequantizeLinear": true, "QuantizeLinear": true, "Shape": true, "Size": true,
}

// withCodes checks an operator's inputs for codes, and marks its outputs.
func (n *node) withCodes(outputs []*value) ([]*value, error) {
	code := int32(0)
	for _, v := range n.in {
		if v != nil && v.code != 0 {
			code = v.code
		}
	}
	if code == 0 {
		return outputs, nil
	}
	numbers, ok := takesCodes[n.op]
	if !ok {
		return nil, fmt.Errorf("of a tensor of type %s: such are for DequantizeLinear, and for operators that move them (or Cast them to FLOAT first)", dtype(code))
	}
	if n.op == "QuantizeLinear" {
		return outputs, nil // it has marked them
	}
	if numbers {
		code = 0
	}
	for k, v := range outputs {
		w := *v
		if w.code = code; code == 0 {
			w.coded = nil
		}
		outputs[k] = &w
	}
	return outputs, nil
}

// coding is how numbers become codes, and codes numbers: one scale and zero point, or one for each place of an axis.
type coding struct {
	axis        int // −1 for one of both
	scale, zero []float32
	code        int32 // the codes' type
}

func (c coding) equal(d coding) bool {
	return c.axis == d.axis && slices.Equal(c.scale, d.scale) && slices.Equal(c.zero, d.zero)
}

// coded is what a tensor of codes was made of.
type coded struct {
	x   *value
	how coding
}

// coding reads scales and zero points, inputs 1 and 2, for a tensor x. block is how many places of the axis share them; 0 for all the axis
// or, where there is one for each place, for one.
func (n *node) coding(x *value) (c coding, block int, err error) {
	scale, err := n.known(1)
	if err != nil {
		return c, 0, err
	}
	c = coding{axis: -1, scale: scale.f, zero: make([]float32, len(scale.f))}
	a, block := n.int("axis", 1), n.int("block_size", 0)
	if block < 0 || block > maxExtent {
		return c, 0, fmt.Errorf("block_size %d must be in 0…%d", block, maxExtent)
	}
	if block > 0 || len(scale.dims) == 1 && scale.len() != 1 {
		if c.axis, err = axis(a, x.rank()); err != nil {
			return c, 0, err
		}
	}
	switch {
	case block > 0 && len(scale.dims) != x.rank():
		return c, 0, fmt.Errorf("scales %v for blocks of a tensor %s", scale.dims, show(x.dims))
	case block == 0 && (len(scale.dims) > 1 || c.axis >= 0 && !x.dims[c.axis].is(scale.len()) || scale.len() == 0):
		return c, 0, fmt.Errorf("scales %v for axis %d of a tensor %s", scale.dims, c.axis, show(x.dims))
	}
	if z := n.opt(2); z != nil {
		if z.con == nil || z.con.len() != scale.len() {
			return c, 0, fmt.Errorf("the zero points must be constants, as many as scales")
		}
		if c.zero, err = n.b.plainFloats(z.con); err != nil {
			return c, 0, err
		}
		c.code = z.code
	}
	return c, block, nil
}

// plainFloats are a constant's numbers as floats.
func (b *builder) plainFloats(c *constant) ([]float32, error) {
	if !c.isInt {
		return c.f, nil
	}
	v, err := b.truths(c)
	if err != nil {
		return nil, err
	}
	return v.con.f, nil
}

// quantizeLinear makes codes.
func (n *node) quantizeLinear() (*value, error) {
	x := n.in[0]
	how, block, err := n.coding(x)
	if err != nil {
		return nil, err
	}
	n.flag("saturate", true)
	n.int("precision", 0)
	low, high, err := n.codes(&how)
	switch {
	case err != nil:
		return nil, err
	case x.con != nil && !x.con.isInt:
		return n.foldQuantize(x.con, how, block)
	case block > 0:
		return nil, fmt.Errorf("in blocks is supported for constants only")
	}
	op := graph.Quantize{Low: low, High: high, Codes: true}
	y, err := n.quantized(x, op, how)
	if err != nil {
		return nil, err
	}
	y.code, y.coded = how.code, &coded{x, how}
	return y, nil
}

// codes are the lowest and the highest code that QuantizeLinear gives, whose type it notes.
func (n *node) codes(how *coding) (low, high float32, err error) {
	if t := int32(n.int("output_dtype", 0)); t != 0 {
		how.code = t
	}
	if how.code == 0 && n.opt(2) == nil {
		how.code = int32(pb.TensorProto_UINT8)
	}
	low, high, ok := codeRange(how.code)
	if !ok {
		err = fmt.Errorf("to %s is not supported (INT8, UINT8, INT16 and UINT16 are)", dtype(how.code))
	}
	return low, high, err
}

// quantized emits a Quantize of x.
func (n *node) quantized(x *value, op graph.Quantize, how coding) (y *value, err error) {
	p, err := n.b.tensor(x)
	if err != nil {
		return nil, err
	}
	if how.axis >= 0 {
		if x, p, err = n.b.channels(x, how.axis); err != nil {
			return nil, err
		}
	}
	c := p.view[0]
	if c.sym != number {
		return nil, fmt.Errorf("a tensor %s: the number of channels isn't fixed (Options.Dims)", show(x.dims))
	}
	if err := n.b.spend(2 * c.n); err != nil {
		return nil, err
	}
	each := func(v []float32) []float32 {
		if len(v) == c.n {
			return v
		}
		return slices.Repeat(v[:1], c.n)
	}
	op.Channels = c.n
	scale, zero := each(how.scale), each(how.zero)
	if err := op.CheckValues(scale, zero); err != nil {
		return nil, err
	}
	op.Scale = n.b.weight(n.label+".scale", []int{c.n}, scale)
	if slices.ContainsFunc(zero, func(v float32) bool { return v != 0 }) {
		op.Zero = n.b.weight(n.label+".zero", []int{c.n}, zero)
	}
	return x.like(n.emit(op, x.dims, p.view, p).t), nil
}

// dequantizeLinear makes numbers of codes. Those that were made with the same scales are numbers that went through codes: one step.
func (n *node) dequantizeLinear() (*value, error) {
	x := n.in[0]
	how, block, err := n.coding(x)
	if err != nil {
		return nil, err
	}
	if t := int32(n.int("output_dtype", 0)); t != 0 && !isFloat(t) {
		return nil, fmt.Errorf("to %s is not supported", dtype(t))
	}
	switch {
	case x.con != nil:
		return n.foldDequantize(x.con, how, block)
	case x.code == 0:
		return nil, fmt.Errorf("of a tensor of integers, whose type QuantizeLinear doesn't give")
	case block > 0:
		return nil, fmt.Errorf("in blocks is supported for constants only")
	}
	if made := x.coded; made != nil && made.how.equal(how) {
		low, high, _ := codeRange(x.code)
		return n.quantized(made.x, graph.Quantize{Low: low, High: high}, how)
	}
	// (code − zero point) is exact, and so is what a product with a scale is made of.
	dims := []int{len(how.scale)}
	if how.axis >= 0 {
		for range x.rank() - how.axis - 1 {
			dims = append(dims, 1)
		}
	}
	plain := *x
	plain.code, plain.coded = 0, nil
	y := &plain
	if slices.ContainsFunc(how.zero, func(v float32) bool { return v != 0 }) {
		zero := known(floats(n.label+".zero", dims, how.zero))
		xs, zs, order, err := n.b.common(y, zero)
		if err != nil {
			return nil, err
		}
		if y, err = n.tensors(graph.Sub, xs, zs); err != nil {
			return nil, err
		}
		y = y.named(order)
	}
	return n.combine("Mul", y, known(floats(n.label+".scale", dims, how.scale)))
}

// foldDequantize is DequantizeLinear of a constant, computed in float32 as others do.
func (n *node) foldDequantize(c *constant, how coding, block int) (*value, error) {
	codes, err := n.b.plainFloats(c)
	if err != nil {
		return nil, err
	}
	return n.foldCoded(c, how, block, func(i int, scale, zero float32) float32 {
		if c.isInt { // of 32 bits: the difference is one of integers
			return float32(c.i[i].n-int(zero)) * scale
		}
		return (codes[i] - zero) * scale
	})
}

// foldQuantize is QuantizeLinear of a constant.
func (n *node) foldQuantize(c *constant, how coding, block int) (*value, error) {
	low, high, _ := codeRange(how.code)
	y, err := n.foldCoded(c, how, block, func(i int, scale, zero float32) float32 {
		code := math.RoundToEven(float64(c.f[i]/scale)) + float64(zero)
		return float32(min(max(code, float64(low)), float64(high)))
	})
	if err == nil {
		y.code = how.code
	}
	return y, err
}

// foldCoded computes each element of a constant with its scale and zero point.
func (n *node) foldCoded(c *constant, how coding, block int, f func(i int, scale, zero float32) float32) (*value, error) {
	of := func(int) int { return 0 } // which scale an element has
	if how.axis >= 0 {
		after := 1
		for _, d := range c.dims[how.axis+1:] {
			after *= d
		}
		length := c.dims[how.axis]
		of = func(i int) int { return i / after % length }
		if block > 0 {
			blocks := (length + block - 1) / block
			if want := slices.Concat(c.dims[:how.axis], []int{blocks}, c.dims[how.axis+1:]); !slices.Equal(n.in[1].con.dims, want) {
				return nil, fmt.Errorf("scales %v for blocks of %d of a constant %v: they must be %v", n.in[1].con.dims, block, c.dims, want)
			}
			of = func(i int) int { return (i/after/length*blocks+i/after%length/block)*after + i%after }
		}
	}
	if err := n.b.spend(c.len()); err != nil {
		return nil, err
	}
	out := make([]float32, c.len())
	for i := range out {
		k := of(i)
		out[i] = f(i, how.scale[k], how.zero[k])
	}
	return known(floats("", c.dims, out)), nil
}
