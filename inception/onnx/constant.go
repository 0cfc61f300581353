package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	pb "inceptiongl/inception/onnx/internal/onnxpb"
	"inceptiongl/inception/tensor"
)

// constant is a value known when the model is loaded. Integers and booleans are for shapes, axes and the like.
type constant struct {
	name  string // names the weight that it may become
	dims  []int
	f     []float32 // of a float constant
	i     []dim     // of an integer constant
	isInt bool
	code  int32 // the type of codes, which are floats: see quantize.go
}

// floats wraps data.
func floats(name string, dims []int, data []float32) *constant {
	return &constant{name: name, dims: dims, f: data}
}

// ints wraps data.
func ints(name string, dims []int, data []dim) *constant {
	return &constant{name: name, dims: dims, i: data, isInt: true}
}

func (c *constant) len() int { return max(len(c.f), len(c.i)) }

// at is the constant with new extents whose element k is element index[k].
func (c *constant) at(dims, index []int) *constant {
	out := &constant{name: c.name, dims: dims, isInt: c.isInt}
	if c.isInt {
		out.i = make([]dim, len(index))
		for k, j := range index {
			out.i[k] = c.i[j]
		}
		return out
	}
	out.f = make([]float32, len(index))
	for k, j := range index {
		out.f[k] = c.f[j]
	}
	return out
}

// maxRank bounds the number of dimensions.
const maxRank = 16

// dtype names an element type: FLOAT, INT64 …
func dtype(t int32) string { return pb.TensorProto_DataType(t).String() }

func isFloat(t int32) bool {
	d := pb.TensorProto_DataType(t)
	return d == pb.TensorProto_FLOAT || d == pb.TensorProto_FLOAT16 || d == pb.TensorProto_DOUBLE
}

func isInt(t int32) bool { return size(t) > 0 && !isFloat(t) && !isCode(t) }

func isCode(t int32) bool {
	_, _, ok := codeRange(t)
	return ok
}

// size is the bytes of one element in raw data; 0 for a type that isn't supported.
func size(t int32) int {
	switch pb.TensorProto_DataType(t) {
	case pb.TensorProto_FLOAT, pb.TensorProto_INT32:
		return 4
	case pb.TensorProto_DOUBLE, pb.TensorProto_INT64:
		return 8
	case pb.TensorProto_FLOAT16, pb.TensorProto_INT16, pb.TensorProto_UINT16:
		return 2
	case pb.TensorProto_BOOL, pb.TensorProto_INT8, pb.TensorProto_UINT8:
		return 1
	}
	return 0
}

// external reads the raw data of a tensor that is stored in another file.
type external func(t *pb.TensorProto, bytes int64) ([]byte, error)

// decode checks a tensor's type, extents and amount of data before it allocates anything.
func decode(t *pb.TensorProto, ext external, b *builder) (*constant, error) {
	c, err := decodeTensor(t, ext, b)
	if err != nil {
		return nil, fmt.Errorf("tensor %s: %w", quote(t.GetName()), err)
	}
	if isCode(t.GetDataType()) {
		c.code = t.GetDataType()
	}
	return c, nil
}

func decodeTensor(t *pb.TensorProto, ext external, b *builder) (*constant, error) {
	each := size(t.GetDataType())
	if each == 0 {
		return nil, fmt.Errorf("type %s is not supported (FLOAT, FLOAT16, DOUBLE, BOOL and integers of 8, 16, 32 and 64 bits are, but for UINT32 and UINT64)", dtype(t.GetDataType()))
	}
	if len(t.GetDims()) > maxRank {
		return nil, fmt.Errorf("%d dimensions: more than %d", len(t.GetDims()), maxRank)
	}
	dims := make([]int, len(t.GetDims()))
	for k, d := range t.GetDims() {
		if d < 0 || d > tensor.MaxElements {
			return nil, fmt.Errorf("dimension %d is %d, must be in 0…%d", k, d, tensor.MaxElements)
		}
		dims[k] = int(d)
	}
	n, err := count(dims, tensor.MaxElements)
	if err != nil {
		return nil, err
	}
	if isInt(t.GetDataType()) {
		if err := b.spendBytes(integerCost * n); err != nil {
			return nil, err
		}
	}
	if t.GetSegment() != nil {
		return nil, fmt.Errorf("segments are not supported")
	}
	raw := t.GetRawData()
	switch typed := len(t.GetFloatData()) + len(t.GetInt32Data()) + len(t.GetInt64Data()) + len(t.GetDoubleData()) +
		len(t.GetStringData()) + len(t.GetUint64Data()); {
	case t.GetDataLocation() == pb.TensorProto_EXTERNAL:
		if typed > 0 || len(raw) > 0 {
			return nil, fmt.Errorf("data both in the model and outside")
		}
		if raw, err = ext(t, int64(n)*int64(each)); err != nil {
			return nil, err
		}
	case t.GetDataLocation() != pb.TensorProto_DEFAULT:
		return nil, fmt.Errorf("unknown data location %d", t.GetDataLocation())
	case typed > 0 && len(raw) > 0:
		return nil, fmt.Errorf("both raw and typed data")
	case typed > 0:
		return decodeTyped(t, dims, n, b)
	}
	if len(raw) != n*each {
		return nil, fmt.Errorf("%v of type %s needs %d bytes, has %d", dims, dtype(t.GetDataType()), n*each, len(raw))
	}
	b.own(n)
	return decodeRaw(t, dims, n, raw), nil
}

// decodeRaw converts little-endian data, whose length is right.
func decodeRaw(t *pb.TensorProto, dims []int, n int, raw []byte) *constant {
	le := binary.LittleEndian
	f := func(get func(k int) float32) *constant {
		data := make([]float32, n)
		for k := range data {
			data[k] = get(k)
		}
		return floats(t.GetName(), dims, data)
	}
	i := func(get func(k int) int64) *constant {
		data := make([]dim, n)
		for k := range data {
			data[k] = num(int(get(k)))
		}
		return ints(t.GetName(), dims, data)
	}
	switch pb.TensorProto_DataType(t.GetDataType()) {
	case pb.TensorProto_FLOAT:
		return f(func(k int) float32 { return math.Float32frombits(le.Uint32(raw[4*k:])) })
	case pb.TensorProto_DOUBLE:
		return f(func(k int) float32 { return float32(math.Float64frombits(le.Uint64(raw[8*k:]))) })
	case pb.TensorProto_FLOAT16:
		return f(func(k int) float32 { return half(le.Uint16(raw[2*k:])) })
	case pb.TensorProto_INT8:
		return f(func(k int) float32 { return float32(int8(raw[k])) })
	case pb.TensorProto_UINT8:
		return f(func(k int) float32 { return float32(raw[k]) })
	case pb.TensorProto_INT16:
		return f(func(k int) float32 { return float32(int16(le.Uint16(raw[2*k:]))) })
	case pb.TensorProto_UINT16:
		return f(func(k int) float32 { return float32(le.Uint16(raw[2*k:])) })
	case pb.TensorProto_INT32:
		return i(func(k int) int64 { return int64(int32(le.Uint32(raw[4*k:]))) })
	case pb.TensorProto_INT64:
		return i(func(k int) int64 { return int64(le.Uint64(raw[8*k:])) })
	default: // BOOL
		return i(func(k int) int64 { return int64(raw[k]) })
	}
}

// decodeTyped converts the one typed field that the element type uses.
func decodeTyped(t *pb.TensorProto, dims []int, n int, b *builder) (*constant, error) {
	has := 0
	var f func(k int) float32
	var i func(k int) int64
	switch pb.TensorProto_DataType(t.GetDataType()) {
	case pb.TensorProto_FLOAT:
		has, f = len(t.FloatData), func(k int) float32 { return t.FloatData[k] }
	case pb.TensorProto_DOUBLE:
		has, f = len(t.DoubleData), func(k int) float32 { return float32(t.DoubleData[k]) }
	case pb.TensorProto_FLOAT16:
		has, f = len(t.Int32Data), func(k int) float32 { return half(uint16(t.Int32Data[k])) }
	case pb.TensorProto_INT8, pb.TensorProto_UINT8, pb.TensorProto_INT16, pb.TensorProto_UINT16:
		has, f = len(t.Int32Data), func(k int) float32 { return float32(t.Int32Data[k]) }
	case pb.TensorProto_INT64:
		has, i = len(t.Int64Data), func(k int) int64 { return t.Int64Data[k] }
	default: // INT32, BOOL
		has, i = len(t.Int32Data), func(k int) int64 { return int64(t.Int32Data[k]) }
	}
	if has != n {
		return nil, fmt.Errorf("%v of type %s needs %d elements, has %d", dims, dtype(t.GetDataType()), n, has)
	}
	b.own(n)
	if f != nil {
		data := make([]float32, n)
		for k := range data {
			data[k] = f(k)
		}
		return floats(t.GetName(), dims, data), nil
	}
	data := make([]dim, n)
	for k := range data {
		data[k] = num(int(i(k)))
	}
	return ints(t.GetName(), dims, data), nil
}

// half is an IEEE 754 binary16 number.
func half(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&1023)
	switch exp {
	case 0: // zero or subnormal: frac · 2⁻²⁴
		f := float32(frac) * 0x1p-24
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}
