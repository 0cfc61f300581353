package weights

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/nlpodyssey/safetensors"

	"inceptiongl/inception/files"
	"inceptiongl/inception/internal/strictjson"
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
	m, err := readSafetensors(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	return m, nil
}

// readSafetensors reads a file of that size, whose tensors stand one after the other: each straight into memory of its own, so that
// it is never there twice, and can go when it isn't needed any more.
func readSafetensors(r io.Reader, size int64) (map[string]tensor.Array, error) {
	head := make([]byte, min(size, 8))
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	if err := checkSafetensors(head, size); err != nil {
		return nil, err
	}
	header := make([]byte, binary.LittleEndian.Uint64(head))
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, err
	}
	if err := strictjson.Check(header); err != nil {
		return nil, fmt.Errorf("not a safetensors file, or damaged: %w", clip(err))
	}
	var meta safetensors.Metadata
	if err := json.Unmarshal(header, &meta); err != nil {
		return nil, fmt.Errorf("not a safetensors file, or damaged: %w", clip(err))
	}
	entries, err := inOrder(meta.Tensors(), uint64(size)-8-uint64(len(header)))
	if err != nil {
		return nil, fmt.Errorf("not a safetensors file, or damaged: %w", clip(err))
	}
	m := map[string]tensor.Array{}
	var raw []byte // of one tensor, where it isn't the array itself
	for _, e := range entries {
		n := int(e.DataOffsets[1] - e.DataOffsets[0])
		if integer(e.DType) && (e.name == "num_batches_tracked" || strings.HasSuffix(e.name, ".num_batches_tracked")) {
			if _, err := io.CopyN(io.Discard, r, int64(n)); err != nil {
				return nil, err
			}
			continue
		}
		a, into, err := e.array()
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", quote(e.name), err)
		}
		same := into != nil
		if !same {
			raw = slices.Grow(raw[:0], n)[:n]
			into = raw
		}
		if _, err := io.ReadFull(r, into); err != nil {
			return nil, fmt.Errorf("tensor %s: %w", quote(e.name), err)
		}
		if same {
			m[e.name] = a
			continue
		}
		if err := e.decode(a.Data, into); err != nil {
			return nil, fmt.Errorf("tensor %s: %w", quote(e.name), err)
		}
		m[e.name] = a
	}
	return m, nil
}

// entry is a tensor as the header has it.
type entry struct {
	name string
	*safetensors.TensorInfo
}

// inOrder lists the tensors as they stand in the file, where they must fill size bytes without hole or overlap, each as its shape and
// its type say.
func inOrder(tensors map[string]*safetensors.TensorInfo, size uint64) ([]entry, error) {
	all := make([]entry, 0, len(tensors))
	for name, t := range tensors {
		all = append(all, entry{name, t})
	}
	slices.SortFunc(all, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.DataOffsets[0], b.DataOffsets[0]), cmp.Compare(a.DataOffsets[1], b.DataOffsets[1]), cmp.Compare(a.name, b.name))
	})
	end := uint64(0)
	for _, e := range all {
		bytes := e.DType.Size()
		for _, d := range e.Shape {
			if bytes > 0 && d > math.MaxUint64/bytes {
				return nil, fmt.Errorf("tensor %s of shape %v is too large", quote(e.name), e.Shape)
			}
			bytes *= d
		}
		from, to := e.DataOffsets[0], e.DataOffsets[1]
		if from != end || to < from || to > size || to-from != bytes {
			return nil, fmt.Errorf("tensor %s of shape %v and type %v takes bytes %d to %d, after %d of %d", quote(e.name), e.Shape, e.DType, from, to, end, size)
		}
		end = to
	}
	if end != size {
		return nil, fmt.Errorf("the header tells of %d bytes of data, there are %d", end, size)
	}
	return all, nil
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

// array is room for the tensor in float32, and as bytes where the file has the same ones.
func (e entry) array() (a tensor.Array, same []byte, err error) {
	dims := make([]int, len(e.Shape))
	for i, d := range e.Shape {
		if d > tensor.MaxElements {
			return a, nil, fmt.Errorf("dimension %d is %d, at most %d", i, d, tensor.MaxElements)
		}
		dims[i] = int(d)
	}
	n, err := count(dims)
	if err != nil {
		return a, nil, err
	}
	if integer(e.DType) {
		return a, nil, fmt.Errorf("has type %v: weights must be F32, F16, BF16 or F64; convert them first", e.DType)
	}
	a = tensor.Array{Dims: dims, Data: make([]float32, n)}
	little := binary.NativeEndian.Uint16([]byte{1, 0}) == 1
	if n > 0 && e.DType == safetensors.F32 && little {
		same = unsafe.Slice((*byte)(unsafe.Pointer(&a.Data[0])), 4*n)
	}
	return a, same, nil
}

// decode is raw in float32.
func (e entry) decode(out []float32, raw []byte) (err error) {
	switch e.DType {
	case safetensors.F32:
		for i := range out {
			out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	case safetensors.F16:
		for i := range out {
			out[i] = tensor.FromHalf(binary.LittleEndian.Uint16(raw[2*i:]))
		}
	case safetensors.BF16: // the upper half of a float32
		for i := range out {
			out[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16)
		}
	case safetensors.F64:
		for i := range out {
			v := math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
			if out[i], err = narrow(v); err != nil {
				return fmt.Errorf("element %d: %w", i, err)
			}
		}
	}
	return nil
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
