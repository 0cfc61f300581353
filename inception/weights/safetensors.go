package weights

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/nlpodyssey/safetensors"

	"inceptiongl/inception/files"
	"inceptiongl/inception/tensor"
)

// maxHeader bounds a safetensors header: some 40,000 tensors. Decoding JSON takes many times its length in memory.
const maxHeader = 4 << 20

// LoadSafetensors reads a .safetensors file. F32 is taken as it is, F16 and BF16 widened, F64 rounded to float32, where a finite
// number that becomes infinite is an error. BatchNorm's integer num_batches_tracked is left out; other integers are an error.
func LoadSafetensors(path string) (map[string]tensor.Array, error) {
	return load(openPath, path, safetensorsFile)
}

// ReadSafetensors is LoadSafetensors for a file's content.
func ReadSafetensors(data []byte) (map[string]tensor.Array, error) {
	m, err := readSafetensors(data, false)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	return m, nil
}

// readSafetensors may keep data, and show parts of it as arrays, where it owns them.
func readSafetensors(data []byte, owned bool) (map[string]tensor.Array, error) {
	if err := checkSafetensors(data, int64(len(data))); err != nil {
		return nil, err
	}
	file, err := safetensors.Deserialize(data)
	if err != nil {
		return nil, fmt.Errorf("not a safetensors file, or damaged: %w", clip(err))
	}
	m := map[string]tensor.Array{}
	for _, t := range file.Tensors() {
		view := t.TensorView
		if integer(view.DType()) && (t.Name == "num_batches_tracked" || strings.HasSuffix(t.Name, ".num_batches_tracked")) {
			continue
		}
		a, err := decode(view, owned)
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", quote(t.Name), err)
		}
		m[t.Name] = a
	}
	return m, nil
}

// checkSafetensors checks the header's length, in the first 8 bytes, against the file's size.
func checkSafetensors(head []byte, size int64) error {
	if len(head) < 8 {
		return fmt.Errorf("not a safetensors file: %d bytes, shorter than the header's length", size)
	}
	n := binary.LittleEndian.Uint64(head)
	if n > uint64(size)-8 {
		return fmt.Errorf("not a safetensors file, or truncated: it claims a header of %d bytes and has %d bytes", n, size)
	}
	if n > maxHeader {
		return fmt.Errorf("safetensors header of %d bytes is longer than the %d allowed", n, maxHeader)
	}
	return nil
}

// decode is view in float32. The library has checked that the data's length is the shape's.
func decode(view safetensors.TensorView, owned bool) (tensor.Array, error) {
	dims := make([]int, len(view.Shape()))
	for i, d := range view.Shape() {
		if d > tensor.MaxElements {
			return tensor.Array{}, fmt.Errorf("dimension %d is %d, at most %d", i, d, tensor.MaxElements)
		}
		dims[i] = int(d)
	}
	n, err := count(dims)
	if err != nil {
		return tensor.Array{}, err
	}
	raw := view.Data()
	if owned && view.DType() == safetensors.F32 {
		if out, ok := asFloats(raw, n); ok {
			return tensor.Array{Dims: dims, Data: out}, nil
		}
	}
	out := make([]float32, n)
	switch view.DType() {
	case safetensors.F32:
		for i := range out {
			out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	case safetensors.F16:
		for i := range out {
			out[i] = fromHalf(binary.LittleEndian.Uint16(raw[2*i:]))
		}
	case safetensors.BF16: // the upper half of a float32
		for i := range out {
			out[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16)
		}
	case safetensors.F64:
		for i := range out {
			v := math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
			if out[i], err = narrow(v); err != nil {
				return tensor.Array{}, fmt.Errorf("element %d: %w", i, err)
			}
		}
	default:
		return tensor.Array{}, fmt.Errorf("has type %v: weights must be F32, F16, BF16 or F64; convert them first", view.DType())
	}
	return tensor.Array{Dims: dims, Data: out}, nil
}

// asFloats shows n little-endian float32 numbers in raw without a copy: a network's weights would else be in memory twice. Not ok
// where the machine has another byte order, or the file another alignment.
func asFloats(raw []byte, n int) (floats []float32, ok bool) {
	little := binary.NativeEndian.Uint16([]byte{1, 0}) == 1
	if n == 0 || len(raw) != 4*n || !little || uintptr(unsafe.Pointer(&raw[0]))%unsafe.Alignof(float32(0)) != 0 {
		return nil, false
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&raw[0])), n), true
}

// integer reports a type that is not a floating-point one.
func integer(t safetensors.DType) bool {
	return !slices.Contains([]safetensors.DType{safetensors.F16, safetensors.BF16, safetensors.F32, safetensors.F64}, t)
}

// narrow is v rounded to float32; a finite v must stay finite.
func narrow(v float64) (float32, error) {
	f := float32(v)
	if math.IsInf(float64(f), 0) && !math.IsInf(v, 0) {
		return 0, fmt.Errorf("%g does not fit into float32", v)
	}
	return f, nil
}

// fromHalf is an IEEE 754 binary16: sign, 5 bits of exponent with bias 15, 10 bits of fraction.
func fromHalf(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exp {
	case 0: // zero or subnormal: frac · 2⁻²⁴
		return math.Float32frombits(sign | math.Float32bits(float32(frac)*0x1p-24))
	case 0x1f: // infinity or NaN
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	default:
		return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
	}
}

// SaveSafetensors writes m as F32, in the order of its names: the same m gives the same bytes. The file appears whole or
// not at all.
func SaveSafetensors(path string, m map[string]tensor.Array) error {
	err := files.Write(path, func(w io.Writer) error { return encodeSafetensors(w, m) })
	if err != nil {
		return fmt.Errorf("weights: %w", err)
	}
	return nil
}

// EncodeSafetensors is SaveSafetensors to a writer.
func EncodeSafetensors(w io.Writer, m map[string]tensor.Array) error {
	if err := encodeSafetensors(w, m); err != nil {
		return fmt.Errorf("weights: %w", err)
	}
	return nil
}

func encodeSafetensors(w io.Writer, m map[string]tensor.Array) error {
	views := make(map[string]f32View, len(m))
	for name, a := range m {
		if name == "__metadata__" || !utf8.ValidString(name) {
			return fmt.Errorf("%s can't be a tensor's name", quote(name))
		}
		if n, err := count(a.Dims); err != nil || n != len(a.Data) {
			return fmt.Errorf("tensor %s of dimensions %v holds %d elements", quote(name), a.Dims, len(a.Data))
		}
		views[name] = f32View{a}
	}
	return safetensors.SerializeToWriter(views, nil, w)
}

// f32View is an array as the library wants it.
type f32View struct{ a tensor.Array }

func (f32View) DType() safetensors.DType { return safetensors.F32 }
func (v f32View) DataLen() uint64        { return 4 * uint64(len(v.a.Data)) }

func (v f32View) Shape() []uint64 {
	dims := make([]uint64, len(v.a.Dims))
	for i, d := range v.a.Dims {
		dims[i] = uint64(d)
	}
	return dims
}

func (v f32View) Data() []byte {
	raw := make([]byte, 0, v.DataLen())
	for _, x := range v.a.Data {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return raw
}

// quote is a name from a file, printable and of bounded length.
func quote(name string) string {
	const limit = 200
	if len(name) > limit {
		name = name[:limit] + "…"
	}
	return fmt.Sprintf("%q", name)
}
